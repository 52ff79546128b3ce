"""Stock carried on, and what is on its way."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.features.replenishment.small_tables import (
    VIEW,
    bought,
    build,
    day,
    look,
    newest,
    sale,
    terms,
)


def test_stock_is_carried_on_from_its_observation(tmp_path: Path) -> None:
    rows = {
        "stock": [look(0, 100), look(7, 20, 2)],
        "orders": [
            sale(1, 6, 50),  # before the observation: already in it
            sale(2, 8, 3),
            sale(3, 8.5, 4, status="cancelled"),
            sale(4, 9, 1, status="returned"),
        ],
        "purchase_orders": [
            bought(1, 1, 10, received_at=day(8), received_quantity=9),
            bought(2, 1, 10, received_at=day(6)),
        ],
    }
    line = newest(build(tmp_path, VIEW["stock_position"], day(10), rows))
    assert line["on_hand"] == 20 - 3 - 1 + 9
    assert line["reserved"] == 2
    assert line["observed_at"] == "2024-01-08T00:00:00Z"
    assert line["weekly_sales"] == (50 + 3 + 1) / 8


def sold_daily(days: int) -> list[dict[str, Any]]:
    return [sale(number, number + 0.5, 2) for number in range(days)]


def test_nothing_is_owed_where_counts_found_receipts_that_nobody_told(tmp_path: Path) -> None:
    rows = {"stock": [look(at, 30) for at in (0, 28, 56)], "orders": sold_daily(90)}
    assert newest(build(tmp_path / "untold", VIEW["stock_position"], day(90), rows))["on_hand"] == 0
    received = [bought(at, at - 5, 56, received_at=day(at - 1)) for at in (28, 56)]
    told = build(
        tmp_path / "told", VIEW["stock_position"], day(90), rows | {"purchase_orders": received}
    )
    assert newest(told)["on_hand"] == 30 - 2 * 34


def test_what_was_sold_since_a_count_of_this_week_is_owed(tmp_path: Path) -> None:
    rows = {"stock": [look(at, 3) for at in range(90)], "orders": sold_daily(90)}
    rows["orders"] += [sale(900, 89.7, 6)]
    assert newest(build(tmp_path, VIEW["stock_position"], day(90), rows))["on_hand"] == 3 - 2 - 6


def test_what_a_count_found_owed_stays_owed(tmp_path: Path) -> None:
    rows = {"stock": [look(0, 30), look(28, 30), look(56, -5)], "orders": sold_daily(90)}
    assert newest(build(tmp_path, VIEW["stock_position"], day(90), rows))["on_hand"] == -5


def test_open_orders_come_at_their_expected_day(tmp_path: Path) -> None:
    rows = {
        "stock": [look(0, 1)],
        "supply_terms": [terms()],
        "purchase_orders": [
            bought(1, 1, 5, expected_at=day(12)),
            bought(2, 2, 6),  # no date: ordered on day 2, ten days of lead time
            bought(3, 0, 7, expected_at=day(4)),  # overdue
            bought(4, 0, 8, expected_at=day(4), received_at=day(5)),
            bought(5, 0, 9, expected_at=day(11), received_at=day(11)),  # not known yet
        ],
    }
    line = newest(build(tmp_path, VIEW["stock_position"], day(8), rows))
    assert sorted(zip(line["open_due_days"], line["open_quantities"], strict=True)) == [
        (-4.0, 7.0),
        (3.0, 9.0),
        (4.0, 5.0),
        (4.0, 6.0),
    ]
    assert line["on_order"] == 5 + 6 + 7 + 9


def test_a_pair_that_only_sells_gets_a_line_when_it_sells_regularly(tmp_path: Path) -> None:
    often = [sale(n, n, 1, product_id="often") for n in range(5)]
    rows = {"orders": [*often, sale(9, 1, 1, product_id="once")], "stock": [look(0, 1)]}
    frame = build(tmp_path, VIEW["stock_position"], day(10), rows)
    assert set(frame["product_id"]) == {"P", "often"}
    assert (frame["product_id"] == "often").sum() == 1
    assert np.isnan(frame.loc[frame["product_id"] == "often", "on_hand"]).all()


def test_a_transfer_under_two_numbers_counts_once_and_a_cancelled_one_comes_back(
    tmp_path: Path,
) -> None:
    lane = {"from_warehouse_id": "W", "to_warehouse_id": "V", "product_id": "P", "quantity": 5.0}
    rows = {
        "stock": [look(2, 30), {**look(2, 1), "warehouse_id": "V"}],
        "transfers": [
            {**lane, "transfer_id": "T1", "line_no": 1, "sent_at": day(3)},
            {**lane, "transfer_id": "erp", "line_no": 1, "sent_at": day(4), "reference": "T1"},
            {**lane, "transfer_id": "T2", "line_no": 1, "sent_at": day(3), "cancelled_at": day(5)},
        ],
    }
    frame = build(tmp_path, VIEW["stock_position"], day(8), rows)
    last = frame[frame["event_timestamp"] == pd.Timestamp(day(8))].set_index("warehouse_id")
    assert last["on_hand"].to_dict() == {"W": 25.0, "V": 1.0}
    assert last["on_order"].to_dict() == {"W": 0.0, "V": 5.0}


def test_transfers_leave_one_shelf_and_are_on_their_way_to_the_other(tmp_path: Path) -> None:
    def sent(number: int, at: float, **other: Any) -> dict[str, Any]:
        lane = {"from_warehouse_id": "W", "to_warehouse_id": "V", "product_id": "P"}
        own = {"transfer_id": f"t{number}", "line_no": 1, "sent_at": day(at)}
        return {**lane, **own, "quantity": 5.0, **other}

    rows = {
        "stock": [look(2, 30), {**look(2, 1), "warehouse_id": "V"}],
        "transfers": [
            sent(1, 1, received_at=day(4)),  # had left before it was counted, came after
            sent(2, 3, expected_at=day(12)),
            sent(3, 5),  # no day: a week
            sent(4, 9),  # not known yet
        ],
    }
    frame = build(tmp_path, VIEW["stock_position"], day(8), rows)
    last = frame[frame["event_timestamp"] == pd.Timestamp(day(8))].set_index("warehouse_id")
    assert last["on_hand"].to_dict() == {"W": 20.0, "V": 6.0}
    assert last["on_order"].to_dict() == {"W": 0.0, "V": 10.0}
    assert last.loc["V", "open_due_days"] == [4.0, 4.0]
