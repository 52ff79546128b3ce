"""What was ordered beside what was needed: small lives of orders whose answer is obvious."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd
import pytest

from data.lake import Lake
from features.replenishment.order_accuracy import order_accuracy, order_needs

FIRST = pd.Timestamp("2024-01-01", tz="UTC")
PAIR = {"warehouse_id": "W", "product_id": "P"}


def day(number: float) -> pd.Timestamp:
    return FIRST + pd.Timedelta(days=number)


Tables = Callable[..., dict[str, pd.DataFrame]]


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    """Makes tables of rows, read from a lake; one pair has 14 days of lead time and review."""

    def make(**rows: list[dict[str, Any]]) -> dict[str, pd.DataFrame]:
        lake = Lake(tmp_path / uuid4().hex)
        terms = {**PAIR, "supplier_id": "S", "lead_time_days": 7.0, "review_period_days": 7.0}
        given = {"supply_terms": [{**terms, "valid_from": day(-99)}], **rows}
        for name, each in given.items():
            lake.append(name, pd.DataFrame(each))
        names = ("stock", "supply_terms", "purchase_orders", "transfers", "orders")
        return {name: lake.read(name) for name in names}

    return make


def ordered(number: int, at: float, quantity: float, **other: Any) -> dict[str, Any]:
    own = {"po_id": f"po{number}", "line_no": 1, "supplier_id": "S", "ordered_at": day(at)}
    return {**PAIR, **own, "quantity": quantity, **other}


def sold(at: float, quantity: float, **other: Any) -> dict[str, Any]:
    own = {"order_id": f"o{at}", "line_no": 1, "customer_id": "c", "unit_price": 1.0}
    own |= {"currency": "EUR", "status": "placed"}
    return {**PAIR, **own, "ordered_at": day(at), "quantity": quantity, **other}


def counted(at: float, on_hand: float) -> dict[str, Any]:
    return {**PAIR, "observed_at": day(at), "on_hand": on_hand}


def test_what_is_needed_is_what_is_sold_less_what_is_there_and_coming(tables: Tables) -> None:
    """30 are sold in the 14 days; 5 were there (8 counted, 3 sold since), 10 were on their way."""
    found = order_needs(
        tables(
            stock=[counted(0, 8.0)],
            purchase_orders=[
                ordered(1, 1, 10.0, received_at=day(8)),
                ordered(2, 2, 24.0, received_at=day(9)),
                ordered(3, 3, 99.0, cancelled_at=day(4)),
                ordered(4, 9, 1.0),
            ],
            orders=[
                sold(1.5, 3.0),
                *(sold(each, 10.0) for each in (3, 8, 15)),
                sold(5, 50.0, status="cancelled"),
                sold(17, 70.0),
            ],
        ),
        day(20),
    )
    row = found.set_index("po_id").loc["po2"]
    assert (row["ordered"], row["available"]) == (24.0, 15.0)
    assert (row["demand"], row["needed"]) == (30.0, 15.0)
    assert not row["stocked_out"]
    assert set(found["po_id"]) == {"po1", "po2"}


def test_only_orders_whose_interval_has_ended_and_whose_shelf_was_counted_are_told(
    tables: Tables,
) -> None:
    given = tables(
        stock=[counted(3, 0.0)],
        purchase_orders=[ordered(1, 1, 5.0), ordered(2, 4, 5.0), ordered(3, 8, 5.0)],
    )
    assert order_needs(given, day(18))["po_id"].tolist() == ["po2"]
    assert order_needs(given, day(17.9)).empty
    assert order_needs(tables(), day(18)).empty


@pytest.mark.parametrize(("following", "until"), [(30, 37), (5, 14), (None, 182), (400, 182)])
def test_an_order_lasts_until_the_next_one_could_arrive(
    tables: Tables, following: float | None, until: float
) -> None:
    rows = [ordered(1, 0, 5.0)] + ([] if following is None else [ordered(2, following, 5.0)])
    given = tables(stock=[counted(-1, 1.0)], purchase_orders=rows)
    found = order_needs(given, day(500)).set_index("po_id").loc["po1"]
    assert found["covered_until"] == day(until)


def test_an_order_forgotten_for_a_month_is_not_counted_on(tables: Tables) -> None:
    rows = [ordered(1, 0, 40.0), ordered(2, 60, 5.0)]
    given = tables(stock=[counted(-1, 1.0)], purchase_orders=rows)
    found = order_needs(given, day(300)).set_index("po_id")
    assert found.loc["po2", "available"] == 1.0


def test_a_shelf_found_empty_says_that_more_may_have_been_needed(tables: Tables) -> None:
    given = tables(
        stock=[counted(0, 5.0), counted(6, 0.0)],
        purchase_orders=[ordered(1, 1, 5.0), ordered(2, 7, 5.0)],
        orders=[sold(4, 5.0)],
    )
    found = order_needs(given, day(200)).set_index("po_id")["stocked_out"]
    assert found.to_dict() == {"po1": True, "po2": False}


def needs(*rows: tuple[str, float, float, float]) -> pd.DataFrame:
    """Warehouse, day of ordering, ordered, needed."""
    table = pd.DataFrame(rows, columns=["warehouse_id", "day", "ordered", "needed"])
    times = [day(each) for each in table["day"]]
    return table.assign(ordered_at=pd.DatetimeIndex(times), stocked_out=False, product_id="P")


def test_errors_add_up_by_level_beside_the_tolerance() -> None:
    rows = needs(("A", 0, 108.0, 100.0), ("A", 1, 92.0, 100.0), ("B", 40, 30.0, 10.0))
    (all_,) = order_accuracy(rows).to_dict("records")
    assert (all_["key"], all_["orders"]) == ("", 3)
    assert (all_["ordered"], all_["needed"]) == (230.0, 210.0)
    assert all_["bias"] == pytest.approx(20 / 210)
    assert all_["error"] == pytest.approx(36 / 210)
    assert (all_["within"], all_["held"]) == (pytest.approx(2 / 3), False)
    by_warehouse = order_accuracy(rows, "warehouse")
    assert by_warehouse["key"].tolist() == ["A", "B"]
    assert by_warehouse["bias"].tolist() == [0.0, 2.0]
    assert by_warehouse["held"].tolist() == [True, False]
    assert order_accuracy(rows, "month")["key"].tolist() == ["2024-01", "2024-02"]


def test_what_was_not_needed_at_all_has_no_share() -> None:
    (row,) = order_accuracy(needs(("A", 0, 12.0, 0.0))).to_dict("records")
    assert pd.isna(row["bias"])
    assert not row["held"]
    assert order_accuracy(needs()).empty
