"""What became known later is hidden before, for every table that has such columns."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.lake import Lake
from data.lake.reading import as_known
from data.tables import EVERYWHERE, TABLES, Table

MAY = datetime(2024, 5, 1, tzinfo=UTC)
ORDER = {
    "order_id": ["o1"],
    "line_no": [1],
    "ordered_at": [MAY],
    "customer_id": ["c1"],
    "product_id": ["p1"],
    "warehouse_id": ["w1"],
    "quantity": [2.0],
    "unit_price": [3.0],
    "currency": ["EUR"],
}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def seen(lake: Lake, table: str, column: str, *, day: int) -> list[object]:
    """A column as it was known so many days after the first of May; None where unknown."""
    values = lake.read(table, as_of=MAY + timedelta(days=day), columns=[column])[column]
    return [None if pd.isna(value) else value for value in values]


def at(day: int) -> list[datetime]:
    return [MAY + timedelta(days=day)]


@pytest.mark.parametrize("status", [None, "placed", "cancelled"])
def test_a_cancellation_is_hidden_until_it_came(lake: Lake, status: str | None) -> None:
    lake.append("orders", pd.DataFrame({**ORDER, "status": [status], "cancelled_at": at(3)}))
    assert [seen(lake, "orders", "status", day=day) for day in (0, 2, 3)] == [
        ["placed"],
        ["placed"],
        ["cancelled"],
    ]
    assert seen(lake, "orders", "cancelled_at", day=2) == [None]


def test_a_return_is_hidden_until_it_came_back(lake: Lake) -> None:
    back = {"status": ["returned"], "returned_at": at(9), "returned_quantity": [1.0]}
    lake.append("orders", pd.DataFrame({**ORDER, **back}))
    assert seen(lake, "orders", "status", day=8) == ["placed"]
    assert seen(lake, "orders", "returned_quantity", day=8) == [None]
    assert seen(lake, "orders", "status", day=9) == ["returned"]
    assert lake.read("orders")["returned_quantity"].tolist() == [1.0]


def test_a_cancellation_stays_known_while_a_later_return_is_hidden(lake: Lake) -> None:
    both = {"status": ["returned"], "cancelled_at": at(2), "returned_at": at(9)}
    lake.append("orders", pd.DataFrame({**ORDER, **both}))
    assert seen(lake, "orders", "status", day=5) == ["cancelled"]


def test_a_cancelled_line_without_its_time_was_cancelled_from_the_start(lake: Lake) -> None:
    lake.append("orders", pd.DataFrame({**ORDER, "status": ["cancelled"]}))
    assert seen(lake, "orders", "status", day=0) == ["cancelled"]


def test_outcomes_refunds_and_resolutions_have_their_time(lake: Lake) -> None:
    payment = {"payment_id": ["y"], "attempted_at": [MAY], "customer_id": ["c"], "amount": [9.0]}
    later = {"outcome": ["refunded"], "outcome_at": at(4), "refunded_amount": [9.0]}
    lake.append("payments", pd.DataFrame({**payment, "currency": ["EUR"], **later}))
    assert seen(lake, "payments", "outcome", day=3) == [None]
    assert seen(lake, "payments", "refunded_amount", day=3) == [None]
    assert seen(lake, "payments", "outcome", day=4) == ["refunded"]
    report = {"payment_id": ["y"], "reported_at": at(5), "is_fraud": [True]}
    lake.append(
        "chargebacks", pd.DataFrame({**report, "resolution": ["won"], "resolved_at": at(8)})
    )
    assert seen(lake, "chargebacks", "resolution", day=7) == ["open"]
    assert seen(lake, "chargebacks", "resolution", day=8) == ["won"]
    assert seen(lake, "chargebacks", "kind", day=8) == ["chargeback"]


def test_purchase_orders_and_transfers_arrive_close_and_end_in_time(lake: Lake) -> None:
    order = {"po_id": ["b"], "line_no": [1], "warehouse_id": ["w"], "product_id": ["p"]}
    order |= {"supplier_id": ["s"], "ordered_at": [MAY], "quantity": [100.0]}
    lake.append("purchase_orders", pd.DataFrame({**order, "closed_at": at(5)}))
    assert seen(lake, "purchase_orders", "closed_at", day=4) == [None]
    assert seen(lake, "purchase_orders", "closed_at", day=5) == at(5)
    moved = {"transfer_id": ["t"], "line_no": [1], "product_id": ["p"], "quantity": [1.0]}
    moved |= {"from_warehouse_id": ["a"], "to_warehouse_id": ["b"], "sent_at": at(1)}
    lake.append("transfers", pd.DataFrame({**moved, "received_at": at(2)}))
    assert seen(lake, "transfers", "received_at", day=0) == []
    assert seen(lake, "transfers", "received_at", day=1) == [None]


@pytest.mark.parametrize("table", [table for table in TABLES.values() if table.later])
def test_every_later_column_is_declared_and_empty_before_its_time(table: Table) -> None:
    for moment, columns in table.later.items():
        assert set(columns) <= set(table.names)
        row = pa.table(
            {moment: pa.array([MAY]), **{name: ["x"] for name in columns if name != moment}}
        )
        row = row.set_column(0, moment, row[moment].cast(pa.timestamp("us", tz="UTC")))
        hidden = as_known(table, row, MAY - timedelta(seconds=1))
        assert {name: hidden[name].null_count for name in columns} == dict.fromkeys(columns, 1)


def test_promotions_of_categories_and_markets_have_whole_keys(lake: Lake) -> None:
    plan = {"promotion_id": ["s", "s", "s"], "category": ["shoes", "hats", None]}
    plan |= {"product_id": [None, None, "p1"], "market": [None, None, "DE"]}
    dates = {"starts_on": "2024-05-01", "ends_on": "2024-05-09"}
    assert lake.append("promotions", pd.DataFrame(plan).assign(**dates)).new == 3
    found = lake.read("promotions").set_index("category")
    assert found["product_id"].to_dict() == {
        "shoes": EVERYWHERE,
        "hats": EVERYWHERE,
        EVERYWHERE: "p1",
    }
    nothing = pd.DataFrame({"promotion_id": ["x"], "product_id": [None]}).assign(**dates)
    assert lake.append("promotions", nothing).quarantined == 1


def test_a_part_written_before_a_key_was_whole_is_replaced_not_doubled(lake: Lake) -> None:
    frame = pd.DataFrame({"payment_id": ["y"], "reported_at": [MAY], "is_fraud": [True]})
    lake.append("chargebacks", frame)
    (part,) = lake.files("chargebacks")
    old = pq.read_table(part).drop_columns(["kind", "resolution", "resolved_at"])
    pq.write_table(old, part)
    manifest = lake.folder / "manifest.json"  # an older one, without digests of its files
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"digests": {}}))
    assert lake.append("chargebacks", frame).unchanged == 1
    assert lake.read("chargebacks")["kind"].tolist() == ["chargeback"]


@pytest.mark.parametrize(
    ("table", "column", "bad", "good"),
    [
        ("warehouses", "time_zone", "Berlin", "Europe/Berlin"),
        ("suppliers", "cut_off", "25:00", "14:30"),
        ("tariffs", "duty_rate", 25, 1.45),
        ("payments", "authentication", "3ds", "challenged"),
        ("chargebacks", "kind", "fraud", "early_warning"),
        ("events", "kind", "stare", "uncart"),
    ],
)
def test_new_columns_say_what_they_take(
    lake: Lake, table: str, column: str, bad: object, good: object
) -> None:
    contract = TABLES[table]
    usual = {"id": "x", "time": MAY, "date": MAY, "country": "DE", "currency": "EUR", "flag": True}
    usual |= {"amount": 1.0, "rate": 0.1, "text": "view"}
    filled = [one for one in contract.columns if one.required or one.name in contract.any_of]
    base = {one.name: usual[one.kind] for one in filled}
    report = lake.append(table, pd.DataFrame([base | {column: bad}]))
    assert [fault.column for fault in report.faults] == [column]
    assert lake.append(table, pd.DataFrame([base | {column: good}])).new == 1
