"""The planner's list: urgency by the day, filters, order, what was decided."""

import numpy as np
import pandas as pd
import pytest

from decisions.replenishment.worklist import (
    LineFilter,
    filter_lines,
    sort_lines,
    totals_of,
    urgency_of,
    with_states,
    worklist_of,
)

TODAY = pd.Series(pd.Timestamp("2017-12-31 22:21"), index=range(4))


@pytest.fixture
def rows() -> pd.DataFrame:
    lines = pd.DataFrame(
        {
            "warehouse_id": ["DE1", "DE1", "GB1", "GB1"],
            "product_id": ["p1", "p2", "p1", "p3"],
            "supplier_id": ["S1", "S1", "S2", None],
            "order_quantity": [6.0, 0.0, 12.0, 3.0],
            "order_value": [60.0, 0.0, 10.0, np.nan],
            "money_at_risk": [9.0, 2.0, 1.5, np.nan],
            "decide_by": ["2017-12-30", None, "2018-01-05", None],
        }
    )
    products = pd.DataFrame(
        {
            "product_id": ["p1", "p2"],
            "title": ["Fresh Milk", "Crisps"],
            "category": ["DAIRY/MILK", "SNACKS"],
        }
    )
    classes = pd.DataFrame({"warehouse_id": ["DE1"], "product_id": ["p1"], "abc_xyz": ["AX"]})
    return with_states(worklist_of(lines, products, classes, TODAY).index, {})


def kept(rows: pd.DataFrame, **wanted: object) -> list[str]:
    return list(filter_lines(rows, LineFilter(**wanted))["id"])  # type: ignore[arg-type]


def test_urgency_is_seen_from_the_day_of_the_plan(rows):
    assert list(rows["urgency"]) == ["overdue", "none", "week", "later"]
    lines = pd.DataFrame({"order_quantity": 1.0, "decide_by": ["2017-12-31", "2018-01-08"]})
    assert list(urgency_of(lines, TODAY[:2])) == ["today", "later"]


def test_what_is_due_today_is_so_in_the_warehouse():
    """It is the 31st in New York, and a new year in Auckland."""
    lines = pd.DataFrame({"order_quantity": 1.0, "decide_by": ["2017-12-31", "2018-01-01"]})
    there = pd.Series(pd.to_datetime(["2017-12-31 20:00", "2018-01-01 14:00"]))
    assert list(urgency_of(lines, there)) == ["today", "today"]


def test_a_product_without_a_title_is_called_by_its_id(rows):
    assert list(rows["title"]) == ["Fresh Milk", "Crisps", "Fresh Milk", "p3"]
    assert rows["category"].isna().tolist() == [False, False, False, True]
    assert rows["abc"].tolist()[0] == "A"


def test_filters(rows):
    assert kept(rows, warehouse_id="DE1") == ["DE1~p1~S1", "DE1~p2~S1"]
    assert kept(rows, supplier_id="S2") == ["GB1~p1~S2"]
    assert kept(rows, category="DAIRY") == ["DE1~p1~S1", "GB1~p1~S2"]
    assert kept(rows, category="DAI") == []
    assert kept(rows, abc="A") == ["DE1~p1~S1"]
    assert kept(rows, urgency="week") == ["GB1~p1~S2"]
    assert kept(rows, ordered=False) == ["DE1~p2~S1"]
    assert kept(rows, text="MILK") == ["DE1~p1~S1", "GB1~p1~S2"]
    assert kept(rows, text="p3") == ["GB1~p3~"]
    assert kept(rows, text="(") == []
    assert kept(rows, state="draft", ordered=True, text="milk", warehouse_id="GB1") == ["GB1~p1~S2"]


def test_states_come_from_what_was_decided(rows):
    found = with_states(rows, {"DE1~p1~S1": ("changed", 9.0), "elsewhere": ("approved", 1.0)})
    assert list(found["state"]) == ["changed", "draft", "draft", "draft"]
    assert found["approved_quantity"].tolist()[0] == 9.0
    assert found["approved_quantity"].isna().sum() == 3


def test_the_order_and_what_is_missing_last(rows):
    assert list(sort_lines(rows, "-order_value")["id"])[-1] == "GB1~p3~"
    assert list(sort_lines(rows, "order_value")["id"])[-1] == "GB1~p3~"
    assert next(iter(sort_lines(rows, "-order_value")["id"])) == "DE1~p1~S1"
    assert list(sort_lines(rows, "urgency")["urgency"]) == ["overdue", "week", "later", "none"]
    assert list(sort_lines(rows, None)["id"]) == list(rows["id"])


def test_totals_count_what_is_known(rows):
    assert totals_of(rows) == {
        "total": 4,
        "ordered": 3,
        "order_value": 70.0,
        "money_at_risk": 12.5,
    }
    assert totals_of(rows.head(0))["order_value"] == 0.0


def test_a_shop_that_names_no_product_has_a_list_all_the_same(rows):
    names = ["warehouse_id", "product_id", "supplier_id", "order_quantity"]
    lines = rows[names].astype(dict.fromkeys(names[:3], object))
    lines = lines.assign(decide_by=None, order_value=np.nan, money_at_risk=np.nan)
    products = pd.DataFrame(columns=["product_id", "title", "category"])
    classes = pd.DataFrame(columns=["warehouse_id", "product_id", "abc_xyz"])
    found = with_states(worklist_of(lines, products, classes, TODAY).index, {})
    assert list(found["title"]) == ["p1", "p2", "p1", "p3"]  # nothing is known of the risk
    assert kept(found, category="DAIRY") == []
    assert list(sort_lines(found, "-abc")["id"]) == list(found["id"])


def test_the_lines_that_are_shown_are_whole(rows):
    names = ["product_id", "warehouse_id", "order_quantity", "order_value", "money_at_risk"]
    lines = rows[names].astype(dict.fromkeys(names[:2], object))
    lines = lines.assign(supplier_id="S1", decide_by=None, reason=["a", "b", "c", "d"])
    products = pd.DataFrame({"product_id": ["p1"], "title": ["Milk"], "category": ["DAIRY"]})
    classes = pd.DataFrame({"warehouse_id": ["DE1"], "product_id": ["p1"], "abc_xyz": ["AX"]})
    made = worklist_of(lines, products, classes, TODAY)
    wanted = sort_lines(
        filter_lines(with_states(made.index, {}), LineFilter(text="milk")), "-order_quantity"
    )
    whole = made.whole(wanted)
    assert whole["reason"].tolist() == ["c", "a"]
    assert whole["title"].tolist() == ["Milk", "Milk"]
    assert whole["state"].tolist() == ["draft", "draft"]
    assert not {"sought", "department"} & set(whole)
