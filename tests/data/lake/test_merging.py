"""Newer rows over older ones, and how new the newest is."""

from datetime import timedelta

import pandas as pd

from data.lake import Lake
from tests.data.lake.small_tables import MAY, orders


def test_a_corrected_row_replaces_the_older_one_as_a_whole(lake: Lake) -> None:
    lake.append("orders", orders(("1", 1), ("2", 1)).assign(market="DE"))
    version = lake.version()
    report = lake.append("orders", orders(("1", 1), ("3", 1), price=9))
    assert (report.new, report.replaced, report.unchanged, report.rows) == (1, 1, 0, 3)
    assert lake.version() != version
    frame = lake.read("orders").set_index("order_id")
    assert frame["unit_price"].to_dict() == {"1": 9, "2": 2.5, "3": 9}
    assert frame["market"].to_dict() == {"1": None, "2": "DE", "3": None}


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
