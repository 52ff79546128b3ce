"""Newer rows over older ones, and how new the newest is."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.lake import Lake
from tests.data.lake.small_tables import MAY, orders

NEXT = pd.Timestamp(MAY + timedelta(days=1))
BOUGHT = {"po_id": "b", "line_no": 1, "warehouse_id": "w", "product_id": "p", "supplier_id": "s"}
BOUGHT |= {"ordered_at": MAY, "quantity": 9.0}
MOVED = {"transfer_id": "t", "line_no": 1, "from_warehouse_id": "v", "to_warehouse_id": "w"}
MOVED |= {"product_id": "p", "sent_at": MAY, "quantity": 9.0}
PAID = {"payment_id": "y", "attempted_at": MAY, "customer_id": "c", "amount": 9.0}
PAID |= {"currency": "EUR"}
CHARGED = {"payment_id": "y", "reported_at": MAY, "is_fraud": True}


def test_a_corrected_row_replaces_the_older_one_as_a_whole(lake: Lake) -> None:
    lake.append("orders", orders(("1", 1), ("2", 1)).assign(market="DE"))
    version = lake.version()
    report = lake.append("orders", orders(("1", 1), ("3", 1), price=9))
    assert (report.new, report.replaced, report.unchanged, report.rows) == (1, 1, 0, 3)
    assert lake.version() != version
    frame = lake.read("orders").set_index("order_id")
    assert frame["unit_price"].to_dict() == {"1": 9, "2": 2.5, "3": 9}
    assert frame["market"].to_dict() == {"1": None, "2": "DE", "3": None}


def test_an_export_without_later_facts_does_not_erase_them(lake: Lake) -> None:
    plain = orders(("1", 1), ("2", 1))
    back = pd.Timestamp(MAY + timedelta(days=3))
    lake.append("orders", plain.assign(returned_at=back, returned_quantity=1.0))
    version = lake.version()
    report = lake.append("orders", plain)
    assert (report.unchanged, lake.version()) == (2, version)
    lake.append("orders", plain.assign(status="placed", unit_price=9.0))
    found = lake.read("orders")
    assert found["unit_price"].tolist() == [9.0, 9.0]
    assert found["status"].tolist() == ["returned"] * 2
    assert found["returned_quantity"].tolist() == [1.0, 1.0]
    assert lake.read("orders", as_of=MAY + timedelta(days=2))["status"].tolist() == ["placed"] * 2


def test_an_empty_field_says_that_a_later_fact_is_not_so(lake: Lake) -> None:
    plain = orders(("1", 1), ("2", 1))
    back = pd.Timestamp(MAY + timedelta(days=3))
    lake.append("orders", plain.assign(returned_at=back, returned_quantity=1.0))
    wrong = plain[:1].assign(returned_at=pd.NaT)
    lake.append("orders", wrong)
    assert lake.append("orders", wrong).unchanged == 1
    found = lake.read("orders").set_index("order_id")
    assert found["status"].to_dict() == {"1": "placed", "2": "returned"}
    assert found["returned_at"].isna().to_dict() == {"1": True, "2": False}
    assert found["returned_quantity"].fillna(0).to_dict() == {"1": 0.0, "2": 1.0}
    again = orders(("3", 1)).assign(status="cancelled", cancelled_at=back)
    lake.append("orders", again)
    lake.append("orders", again.assign(status="placed", cancelled_at=pd.NaT))
    found = lake.read("orders").set_index("order_id")
    assert found["status"].to_dict() == {"1": "placed", "2": "returned", "3": "placed"}
    assert found["cancelled_at"].isna().all()


@pytest.mark.parametrize(
    ("table", "row", "later"),
    [
        ("purchase_orders", BOUGHT, {"received_at": NEXT, "received_quantity": 4.0}),
        ("purchase_orders", BOUGHT, {"closed_at": NEXT}),
        ("purchase_orders", BOUGHT, {"cancelled_at": NEXT}),
        ("transfers", MOVED, {"received_at": NEXT}),
        ("payments", PAID, {"outcome": "refunded", "outcome_at": NEXT, "refunded_amount": 5.0}),
        ("chargebacks", CHARGED, {"resolution": "won", "resolved_at": NEXT}),
    ],
)
def test_every_later_fact_stays(
    lake: Lake, table: str, row: dict[str, object], later: dict[str, object]
) -> None:
    lake.append(table, pd.DataFrame([row | later]))
    lake.append(table, pd.DataFrame([row]))
    found = lake.read(table).iloc[0]
    assert {name: found[name] for name in later} == later


def test_of_two_files_the_newer_erases_nothing_either(lake: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "in" / "orders"
    folder.mkdir(parents=True)
    back = pd.Timestamp(MAY + timedelta(days=3))
    orders(("1", 1)).assign(returned_at=back).to_parquet(folder / "1.parquet")
    orders(("1", 1), ("2", 1), price=9).to_parquet(folder / "2.parquet")
    lake.ingest(folder.parent)
    found = lake.read("orders")
    assert found["status"].tolist() == ["returned", "placed"]
    assert found["unit_price"].tolist() == [9.0, 9.0]


def test_of_two_files_the_newer_takes_back_what_the_older_says(lake: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "in" / "orders"
    folder.mkdir(parents=True)
    back = pd.Timestamp(MAY + timedelta(days=3))
    said = orders(("1", 1)).assign(returned_at=back, returned_quantity=1.0)
    said.to_parquet(folder / "1.parquet")
    said.assign(returned_at=pd.NaT, returned_quantity=np.nan).to_parquet(folder / "2.parquet")
    orders(("1", 1), price=9).to_parquet(folder / "3.parquet")
    lake.ingest(folder.parent)
    (found,) = lake.read("orders").to_dict("records")
    assert (found["status"], found["unit_price"]) == ("placed", 9.0)
    assert np.isnan(found["returned_quantity"])


def test_many_small_appends_stay_few_files_and_sorted(lake: Lake) -> None:
    for number in range(20):
        lake.append("orders", orders((str(number), 1), day=-number))
    assert lake.tables()["orders"].files <= 8
    frame = lake.read("orders")
    assert frame["order_id"].tolist() == [str(number) for number in range(19, -1, -1)]


def test_the_clock_is_the_newest_fact_of_any_table(lake: Lake) -> None:
    lake.append("orders", orders(("1", 1), day=2))
    lake.append("orders", orders(("2", 1), day=1))
    assert lake.clock() == MAY + timedelta(days=2)
    stock = {"observed_at": [MAY + timedelta(days=9)], "warehouse_id": ["w"], "product_id": ["p"]}
    lake.append("stock", pd.DataFrame({**stock, "on_hand": [1]}))
    assert lake.clock() == MAY + timedelta(days=9)
    lake.append("orders", orders(("1", 1)).assign(returned_at=MAY + timedelta(days=12)))
    assert lake.clock() == MAY + timedelta(days=12)


def test_plans_do_not_move_the_clock(lake: Lake) -> None:
    lake.append("orders", orders(("1", 1)))
    later = pd.Timestamp(MAY + timedelta(days=99))
    rate = {"rate_date": [later], "currency": ["USD"], "rate": [0.9]}
    lake.append("fx_rates", pd.DataFrame(rate))
    price = {"product_id": ["p1"], "valid_from": [later], "price": [1.0], "currency": ["EUR"]}
    lake.append("prices", pd.DataFrame(price))
    assert lake.clock() == MAY


def test_a_missing_part_of_a_key_has_a_default(lake: Lake) -> None:
    days = {"starts_on": ["2024-05-01"] * 2, "ends_on": ["2024-05-08"] * 2}
    promotion = {"promotion_id": ["1", "1"], "product_id": ["p", "p"], **days}
    lake.append("promotions", pd.DataFrame({**promotion, "warehouse_id": [None, "w1"]}))
    frame = lake.read("promotions")
    assert frame["warehouse_id"].tolist() == ["*", "w1"]
    assert frame["ends_on"].tolist() == [pd.Timestamp("2024-05-08", tz="UTC")] * 2


def test_a_few_facts_far_ahead_of_all_others_do_not_move_the_clock(lake: Lake) -> None:
    lines = [(str(number), 1) for number in range(300)]
    lake.append("orders", orders(*lines))
    lake.append("orders", orders(("late", 1), day=800))
    assert lake.clock() == MAY
    lake.append("orders", orders(("soon", 1), day=100))
    assert lake.clock() == MAY + timedelta(days=100)


def test_a_shop_that_comes_back_after_years_is_as_late_as_its_newest_order(lake: Lake) -> None:
    lake.append("orders", orders(("1", 1)))
    lake.append("orders", orders(("2", 1), day=800))
    assert lake.clock() == MAY + timedelta(days=800)
