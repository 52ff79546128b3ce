"""Purchase orders day by day: open, overdue, and in time."""

import pandas as pd

from decisions.kpis.cells import Span
from decisions.kpis.purchases import open_facts, receipt_facts


def day(number: int) -> pd.Timestamp:
    return pd.Timestamp(f"2024-05-{number:02}", tz="UTC")


def tables(**changes: object) -> dict[str, pd.DataFrame]:
    line = {
        "po_id": "1",
        "warehouse_id": "w",
        "product_id": "p",
        "ordered_at": day(2),
        "expected_at": day(4),
        "received_at": day(6),
        "closed_at": pd.NaT,
        "cancelled_at": pd.NaT,
    }
    lines = pd.DataFrame([line | changes])
    for name in ("ordered", "expected", "received", "closed", "cancelled"):
        lines[f"{name}_at"] = pd.to_datetime(lines[f"{name}_at"], utc=True)
    return {
        "purchase_orders": lines,
        "warehouses": pd.DataFrame({"warehouse_id": ["w"], "time_zone": ["UTC"]}),
        "products": pd.DataFrame({"product_id": ["p"], "category": ["food/tea"]}),
    }


SPAN = Span(pd.Timestamp("2024-05-01"), pd.Timestamp("2024-05-10"))


def test_a_line_is_open_from_its_order_until_the_day_before_it_comes() -> None:
    found = open_facts(tables(), SPAN)
    assert found["day"].dt.day.tolist() == [2, 3, 4, 5]
    assert found["overdue"].tolist() == [0.0, 0.0, 0.0, 1.0]
    assert set(found["category"]) == {"food"}


def test_a_line_that_never_came_is_open_to_the_end_of_the_span() -> None:
    assert open_facts(tables(received_at=pd.NaT), SPAN)["day"].dt.day.tolist() == [*range(2, 11)]
    assert open_facts(tables(received_at=pd.NaT, cancelled_at=day(3)), SPAN)["open"].sum() == 1.0


def test_what_came_by_its_day_was_in_time() -> None:
    assert receipt_facts(tables())["on_time"].tolist() == [0.0]
    assert receipt_facts(tables(received_at=day(4)))["on_time"].tolist() == [1.0]
    assert receipt_facts(tables(received_at=pd.NaT)).empty
    assert receipt_facts(tables(expected_at=pd.NaT)).empty
