"""What holds for every good value."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from data.lake import Lake
from tests.data.lake.order_files import line, refused, write


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("ordered_at", "2024-05-01T12:00:00", "a time with no zone"),
        ("ordered_at", "2024-05-01", "a time with no zone"),
        ("ordered_at", "yesterday", "not a time"),
        ("ordered_at", "2024-13-01T12:00:00Z", "not a time"),
        ("ordered_at", "2199-01-01T00:00:00Z", "in the future"),
        ("ordered_at", "1066-10-14T09:00:00Z", "outside 1900 to 2261"),
        ("quantity", "-2", "not above 0"),
        ("quantity", "0", "not above 0"),
        ("quantity", "two", "not a number"),
        ("quantity", "nan", "not a number"),
        ("quantity", "inf", "not a number"),
        ("quantity", '"2,5"', "a decimal comma"),
        ("quantity", "", "missing"),
        ("unit_price", "-0.01", "below 0"),
        ("currency", "EUX", "an unknown currency"),
        ("currency", "€", "an unknown currency"),
        ("line_no", "1.5", "not a whole number from 0"),
        ("line_no", "-1", "not a whole number from 0"),
        ("customer_id", "", "missing"),
        ("customer_id", "  ", "missing"),
        ("customer_id", "c" * 129, "an id longer than 128 characters"),
        ("customer_id", "c\x07", "an id with control characters"),
    ],
)
def test_a_bad_value_is_told_with_its_place(
    lake: Lake, tmp_path: Path, column: str, value: str, said: str
) -> None:
    source = write(tmp_path / "in", line(), line(order_id="2", **{column: value}))
    report = lake.ingest(source)
    assert not report.ok
    (fault,) = report.faults
    assert (fault.table, fault.file, fault.column) == ("orders", "orders.csv", column)
    assert fault.reason == said
    assert fault.remedy
    assert fault.examples[0].row == 2
    assert fault.examples[0].value.startswith(value.strip('"')[:20])
    assert lake.read("orders")["order_id"].tolist() == ["1"]
    assert lake.tables()["orders"].quarantined == 1


def test_events_need_somebody(lake: Lake, tmp_path: Path) -> None:
    header = "event_id,occurred_at,kind,product_id"
    row = "e1,2024-05-01T12:00:00Z,view,p1"
    source = write(tmp_path / "in", row, name="events.csv", header=header)
    assert "needs one of the columns visitor_id or customer_id" in refused(lake, source)
    rows = [f"{row},v1", row.replace("e1", "e2") + ","]
    write(tmp_path / "in", *rows, name="events.csv", header=f"{header},visitor_id")
    (fault,) = lake.ingest(tmp_path / "in").faults
    assert fault.reason == "neither visitor_id nor customer_id"
    assert fault.examples[0].row == 2


def test_a_promotion_ends_after_it_starts(lake: Lake, tmp_path: Path) -> None:
    header = "promotion_id,product_id,starts_on,ends_on"
    rows = ["1,p,2024-05-01,2024-05-01", "2,p,2024-05-02,2024-05-01"]
    source = write(tmp_path / "in", *rows, name="promotions.csv", header=header)
    (fault,) = lake.ingest(source).faults
    assert (fault.reason, fault.examples[0].row) == ("ends_on before starts_on", 2)


def test_plans_may_lie_in_the_future_but_facts_not(lake: Lake) -> None:
    soon = pd.Timestamp(datetime.now(UTC) + timedelta(days=30))
    purchase = {
        "po_id": ["1"],
        "line_no": [1],
        "warehouse_id": ["w"],
        "product_id": ["p"],
        "supplier_id": ["s"],
        "ordered_at": [pd.Timestamp("2024-05-01", tz="UTC")],
        "quantity": [1],
        "expected_at": [soon],
    }
    assert lake.append("purchase_orders", pd.DataFrame(purchase)).new == 1
    late = pd.DataFrame({**purchase, "received_at": [soon]})
    (fault,) = lake.append("purchase_orders", late).faults
    assert (fault.column, fault.reason) == ("received_at", "in the future")
