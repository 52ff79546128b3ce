"""The life of a purchase order line: parts, closings, doubles, contradictions."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.replenishment.orders import (
    closed_days,
    contradictions,
    order_lines,
    teaching_lines,
)

DAY = pd.Timestamp("2024-01-01", tz="UTC")


def day(number: float) -> pd.Timestamp:
    return DAY + pd.Timedelta(days=number)


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    """Lines of a hundred, ordered on the first day, of which nothing is known yet."""
    plain = {
        "po_id": "A",
        "line_no": 1,
        "warehouse_id": "W",
        "product_id": "P",
        "supplier_id": "S",
        "ordered_at": DAY,
        "quantity": 100.0,
        "expected_at": day(7),
        "received_at": pd.NaT,
        "received_quantity": np.nan,
        "closed_at": pd.NaT,
        "cancelled_at": pd.NaT,
        "reference": None,
    }
    frame = pd.DataFrame([plain | row for row in rows])
    for name in ("received_at", "closed_at", "cancelled_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame


@pytest.mark.parametrize(
    ("row", "came", "remaining", "ended"),
    [
        ({}, 0, 100, False),
        ({"received_at": day(7)}, 100, 0, False),
        ({"received_at": day(7), "received_quantity": 40.0}, 40, 60, False),
        ({"received_quantity": 40.0}, 40, 60, False),
        ({"received_quantity": 40.0, "closed_at": day(9)}, 40, 60, True),
        ({"received_at": day(15), "received_quantity": 0.0}, 0, 0, True),
        ({"cancelled_at": day(2)}, 0, 100, True),
        ({"received_at": day(7), "received_quantity": 120.0}, 120, 0, False),
    ],
)
def test_what_is_still_to_come(
    row: dict[str, Any], came: float, remaining: float, ended: bool
) -> None:
    line = order_lines(table(row)).iloc[0]
    assert (line["came"], line["remaining"], pd.notna(line["ended_at"])) == (came, remaining, ended)


def test_a_table_without_the_newer_columns_is_read() -> None:
    old = table({}).drop(columns=["closed_at", "cancelled_at", "reference"])
    assert order_lines(old)["remaining"].tolist() == [100]


@pytest.mark.parametrize(
    "rows",
    [
        ({"po_id": "OURS"}, {"po_id": "ERP", "reference": "OURS"}),
        ({"po_id": "ERP"}, {"po_id": "OURS", "reference": "ERP"}),
        ({"po_id": "ERP", "reference": "OURS"}, {"po_id": "OURS", "reference": "ERP"}),
    ],
)
def test_an_order_under_two_numbers_counts_once(rows: tuple[dict[str, Any], ...]) -> None:
    assert len(order_lines(table(*rows))) == 1


@pytest.mark.parametrize(
    ("row", "teaches", "oddity"),
    [
        ({"received_at": day(7)}, True, ""),
        ({"received_at": day(-1)}, False, "before it was ordered"),
        ({"received_at": day(15), "received_quantity": 0.0}, False, "without a unit"),
        ({"received_at": day(0.3)}, False, "entered late"),
        ({"received_at": day(7), "cancelled_at": day(8)}, False, ""),
    ],
)
def test_what_contradicts_itself_teaches_nothing(
    row: dict[str, Any], teaches: bool, oddity: str
) -> None:
    bought = table(row)
    lines = order_lines(bought).assign(lead_time_days=7.0)
    assert len(teaching_lines(lines)) == teaches
    found = contradictions(bought)["oddity"].tolist()
    assert (oddity in found[0]) if oddity else found == []


def test_days_on_which_the_supplier_is_closed() -> None:
    closures = pd.DataFrame(
        {"supplier_id": ["S", "T"], "starts_on": [day(2), day(0)], "ends_on": [day(4), day(9)]}
    )
    bought = table({"received_at": day(10)}, {"received_at": day(3)})
    days = closed_days(bought, closures, bought["ordered_at"], bought["received_at"])
    assert days.tolist() == [3.0, 1.0]
    assert closed_days(bought, None, bought["ordered_at"], bought["received_at"]).sum() == 0
