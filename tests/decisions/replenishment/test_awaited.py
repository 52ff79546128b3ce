"""Orders made here, until the lake knows them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from data.lake import Lake
from data.purchasing import Step, Suggested
from data.records import Records
from decisions.replenishment.awaited import (
    awaited,
    match_orders,
    moves,
    purchases,
    with_awaited,
    with_entered_otherwise,
    with_leaving,
)

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=1)
PLANNED = {"on_order": 5.0, "open_quantities": None, "open_due_days": None, "open_age_days": None}


@pytest.fixture
def records(tmp_path: Path) -> Records:
    made = Records(f"sqlite:///{tmp_path / 'r.db'}")
    made.migrate()
    line = Suggested("w~p~s", NOON, "w", "p", "s", 12.0, 2.5, 7.0)
    made.purchasing.decide([Step(line, "approved", actor="ann", at=NOON)])
    made.purchasing.export(actor="ann", at=NOON, ordered_at=NOON)
    return made


def entered(lake: Lake, **changes: object) -> None:
    row = {
        "po_id": "erp-1",
        "line_no": 1,
        "warehouse_id": "w",
        "product_id": "p",
        "supplier_id": "s",
        "ordered_at": pd.Timestamp(NOON + timedelta(hours=2)),
        "quantity": 12.0,
    }
    lake.append("purchase_orders", pd.DataFrame([row | changes]))


def units(records: Records, lake: Lake) -> float:
    return sum(line.quantity for line in awaited(purchases(records, lake), LATER))


@pytest.mark.parametrize(
    ("changes", "still"),
    [
        ({}, 0.0),
        ({"ordered_at": pd.Timestamp(NOON + timedelta(hours=-2))}, 0.0),
        ({"quantity": 11.0}, 0.0),
        ({"quantity": 50.0}, 0.0),
        ({"quantity": 11.0, "ordered_at": pd.Timestamp("2024-05-01", tz="UTC")}, 0.0),
        ({"quantity": 11.0, "ordered_at": pd.Timestamp(NOON - timedelta(hours=2))}, 12.0),
        ({"quantity": 11.0, "reference": "request-7"}, 12.0),
        ({"quantity": 5.0}, 12.0),
        ({"supplier_id": "other"}, 12.0),
        ({"ordered_at": pd.Timestamp(NOON - timedelta(days=2))}, 12.0),
    ],
)
def test_a_like_order_entered_since_is_ours(
    records: Records, tmp_path: Path, changes: dict[str, object], still: float
) -> None:
    lake = Lake(tmp_path / "lake")
    assert units(records, lake) == 12.0
    entered(lake, **changes)
    assert units(records, lake) == still


def test_a_second_order_is_not_swallowed(records: Records, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    entered(lake)
    entered(lake, po_id="erp-2", quantity=20.0)
    assert match_orders(purchases(records, lake), LATER) == ([], [])
    late = Lake(tmp_path / "late")
    entered(late, quantity=20.0, ordered_at=pd.Timestamp(NOON + timedelta(days=4)))
    found = match_orders(purchases(records, late), NOON + timedelta(days=5))
    assert [line.quantity for line in found[0]] == [12.0]


@pytest.mark.parametrize("number", ["po_id", "reference"])
def test_a_line_is_received_in_part_until_the_rest_comes(
    records: Records, tmp_path: Path, number: str
) -> None:
    lake, buying = Lake(tmp_path / "lake"), records.purchasing
    (line,) = buying.orders()
    came: dict[str, object] = {number: line.po_id, "received_at": pd.Timestamp(NOON)}
    for received, state in ((5.0, "partially_received"), (12.0, "received")):
        entered(lake, **came, received_quantity=received)
        assert awaited(purchases(records, lake), LATER) == []
        assert [each.state for each in buying.orders()] == [state]
    assert [each.after for each in buying.trail("w~p~s")][:2] == ["received", "partially_received"]


def test_what_is_closed_short_is_received_and_not_to_be_cancelled_before(
    records: Records, tmp_path: Path
) -> None:
    lake, buying = Lake(tmp_path / "lake"), records.purchasing
    po_id = buying.orders()[0].po_id
    came: dict[str, object] = {"po_id": po_id, "received_at": pd.Timestamp(NOON)}
    entered(lake, **came, received_quantity=5.0)
    awaited(purchases(records, lake), LATER)
    entered(lake, **came, received_quantity=5.0, closed_at=pd.Timestamp(NOON))
    awaited(purchases(records, lake), LATER)
    assert [each.state for each in buying.orders()] == ["received"]


def test_the_line_asks_whether_an_order_of_another_quantity_is_ours(
    records: Records, tmp_path: Path
) -> None:
    lake = Lake(tmp_path / "lake")
    entered(lake, quantity=20.0)
    _, (found,) = match_orders(purchases(records, lake), LATER)
    pairs = pd.DataFrame({"warehouse_id": "w", "product_id": ["p", "q"]})
    notes = with_entered_otherwise(pairs, [found])["order_note"].tolist()
    ours = found.line.po_id
    assert notes[0].startswith(f" Order erp-1 of 20 counts instead of ours, {ours} of 12")
    assert notes[1] == ""
    assert with_entered_otherwise(pairs, []) is pairs


def test_our_number_is_known_as_theirs_or_as_a_reference(records: Records, tmp_path: Path) -> None:
    (line,) = awaited(purchases(records, Lake(tmp_path / "none")), LATER)
    for place, changes in enumerate(({"po_id": line.po_id}, {"reference": line.po_id})):
        lake = Lake(tmp_path / f"lake{place}")
        entered(lake, quantity=1.0, **changes)
        assert units(records, lake) == 0.0


def test_the_frame_has_them_on_order_with_their_days(records: Records, tmp_path: Path) -> None:
    (line,) = awaited(purchases(records, Lake(tmp_path / "lake")), LATER)
    two = [line, replace(line, quantity=3.0)]
    pairs = [{"warehouse_id": "w", "product_id": each} for each in "pq"]
    frame = pd.DataFrame([pair | PLANNED for pair in pairs])
    found = with_awaited(frame, two, LATER)
    assert found["on_order"].tolist() == [20.0, 5.0]
    assert found.loc[0, "open_quantities"] == [12.0, 3.0]
    assert found.loc[0, "open_due_days"] == pytest.approx([6.0, 6.0])
    assert found.loc[0, "open_age_days"] == pytest.approx([1.0, 1.0])
    assert found.loc[1, "open_quantities"] is None
    assert with_awaited(frame, [], LATER) is frame


@pytest.mark.parametrize(
    ("changes", "still"),
    [
        ({}, 0.0),
        ({"from_warehouse_id": "elsewhere"}, 12.0),
        ({"quantity": 11.0}, 0.0),
        ({"quantity": 5.0}, 12.0),
        ({"quantity": 11.0, "reference": "ours"}, 0.0),
        ({"quantity": 11.0, "transfer_id": "ours"}, 0.0),
    ],
)
def test_a_transfer_made_here_counts_until_the_lake_has_it(
    tmp_path: Path, changes: dict[str, object], still: float
) -> None:
    made, lake = Records(f"sqlite:///{tmp_path / 'r.db'}"), Lake(tmp_path / "lake")
    made.migrate()
    line = Suggested("a~p~w", NOON, "w", "p", "a", 12.0, 0.1, 7.0)
    made.transfers.decide([Step(line, "approved", actor="ann", at=NOON)])
    (ours,) = made.transfers.export(actor="ann", at=NOON, ordered_at=NOON).ordered
    assert awaited(purchases(made, lake), LATER) == []
    assert [each.quantity for each in awaited(moves(made, lake), LATER)] == [12.0]
    row = {"transfer_id": "erp-1", "line_no": 1, "from_warehouse_id": "a", "to_warehouse_id": "w"}
    row |= {"product_id": "p", "sent_at": pd.Timestamp(NOON + timedelta(hours=2)), "quantity": 12.0}
    named = {name: ours.po_id if value == "ours" else value for name, value in changes.items()}
    lake.append("transfers", pd.DataFrame([row | named]))
    assert sum(each.quantity for each in awaited(moves(made, lake), LATER)) == still


def test_what_leaves_is_reserved_where_it_starts_until_it_is_forgotten(
    records: Records, tmp_path: Path
) -> None:
    (line,) = awaited(purchases(records, Lake(tmp_path / "lake")), LATER)
    moved = replace(line, supplier_id="a")
    frame = pd.DataFrame({"warehouse_id": ["a", "w"], "product_id": "p", "reserved": [2.0, 1.0]})
    assert with_leaving(frame, [moved], LATER)["reserved"].tolist() == [14.0, 1.0]
    assert with_leaving(frame, [], LATER) is frame
    much_later = NOON + timedelta(days=7 + 28, hours=1)
    assert with_leaving(frame, [moved], much_later) is frame
