"""From suggestion to purchase order, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data.purchasing import OrderedLine, PurchasingError, State, Step, Suggested
from data.records import Records
from data.records.purchasing import Purchasing

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def records(request: pytest.FixtureRequest, tmp_path: Path, namespace: str) -> Iterator[Records]:
    url = f"sqlite:///{tmp_path / 'records.db'}"
    if request.param == "postgresql":
        url = str(request.getfixturevalue("postgres_url"))
    made = Records(url, namespace)
    made.migrate()
    yield made
    made.close()


def suggested(product: str = "P", *, warehouse: str = "W", supplier: str = "S") -> Suggested:
    line_id = f"{warehouse}~{product}~{supplier}"
    return Suggested(line_id, NOON, warehouse, product, supplier, 12.0, 2.5, 7.0)


def step(line: Suggested, to: State = "approved", **other: object) -> Step:
    return replace(Step(line, to, actor="ann", at=NOON), **other)  # type: ignore[arg-type]


def export(buying: Purchasing, actor: str = "ann") -> list[OrderedLine]:
    return buying.export(actor=actor, at=NOON, ordered_at=NOON)


def test_an_approved_line_is_exported_once(records: Records) -> None:
    buying = records.purchasing
    (done,) = buying.decide([step(suggested())])
    assert (done.state, done.quantity, done.problem) == ("approved", 12.0, "")
    (line,) = export(buying)
    assert (line.quantity, line.unit_cost, line.line_no) == (12.0, 2.5, 1)
    assert line.expected_at == NOON + timedelta(days=7)
    assert export(buying) == []
    assert buying.orders() == [line] == buying.orders(line.po_id)


def test_orders_are_split_by_supplier_and_warehouse(records: Records) -> None:
    buying = records.purchasing
    lines = [
        suggested("P"),
        suggested("Q"),
        suggested("P", warehouse="V"),
        suggested("R", supplier="T"),
    ]
    buying.decide([step(line) for line in lines])
    first = buying.export(actor="ann", at=NOON, ordered_at=NOON, supplier_id="T")
    assert [line.product_id for line in first] == ["R"]
    rest = export(buying)
    assert {(line.supplier_id, line.warehouse_id) for line in rest} == {("S", "W"), ("S", "V")}
    assert len({line.po_id for line in [*first, *rest]}) == 3
    assert [line.line_no for line in rest if line.warehouse_id == "W"] == [1, 2]


def test_each_line_of_a_bulk_has_its_own_result(records: Records) -> None:
    buying = records.purchasing
    buying.decide([step(suggested("old"))])
    export(buying)
    outcomes = buying.decide(
        [
            step(suggested("old"), "dismissed", reason="too late"),
            step(suggested("new"), "changed", quantity=6.0),
            step(suggested("no"), "dismissed", reason="we stop selling it"),
        ]
    )
    assert [each.state for each in outcomes] == ["exported", "changed", "dismissed"]
    assert outcomes[0].problem == "the line is exported; it cannot become dismissed"
    assert [line.quantity for line in export(buying)] == [6.0]


def test_the_same_decision_again_changes_nothing(records: Records) -> None:
    buying = records.purchasing
    for _ in range(2):
        (done,) = buying.decide([step(suggested(), reason="ok")])
        assert done.problem == ""
    assert len(buying.trail("W~P~S")) == 1


def test_the_trail_tells_who_did_what(records: Records) -> None:
    buying = records.purchasing
    buying.decide([step(suggested(), "dismissed", reason="seasonal")])
    buying.decide([step(suggested(), "changed", quantity=24.0, actor="bob", reason="fair")])
    (line,) = export(buying)
    assert buying.received([line.po_id, "unknown"], at=NOON) == 1
    assert buying.received([line.po_id], at=NOON) == 0
    trail = buying.trail("W~P~S")
    assert [(each.actor, each.after) for each in reversed(trail)] == [
        ("ann", "dismissed"),
        ("bob", "changed"),
        ("ann", "exported"),
        ("lake", "received"),
    ]
    assert [each.quantity for each in trail] == [24.0, 24.0, 24.0, 12.0]


def test_what_is_ordered_is_awaited_until_it_comes(records: Records) -> None:
    buying = records.purchasing
    buying.decide([step(suggested("P")), step(suggested("Q"), "dismissed", reason="no")])
    assert buying.awaited(before=NOON) == []  # the plan itself shows it as its own
    later = NOON + timedelta(days=1)
    assert [line.product_id for line in buying.awaited(before=later)] == ["P"]
    (line,) = export(buying)
    assert [each.po_id for each in buying.awaited(before=later)] == [line.po_id]
    buying.received([line.po_id], at=later)
    assert buying.awaited(before=later) == []


def test_a_line_approved_before_is_not_approved_again(records: Records) -> None:
    buying = records.purchasing
    buying.decide([step(suggested())])
    tomorrow = replace(suggested(), planned_at=NOON + timedelta(days=1))
    (refused,) = buying.decide([step(tomorrow)])
    assert "already approved in the plan of 2024-05-01" in refused.problem
    export(buying)
    (done,) = buying.decide([step(tomorrow)])
    assert done.problem == ""


def test_two_at_once_order_each_line_once(records: Records) -> None:
    buying = records.purchasing
    buying.decide([step(suggested(f"P{n}")) for n in range(20)])
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(lambda n: buying.export(actor=f"a{n}", at=NOON, ordered_at=NOON), range(4))
        )
    assert sum(len(each) for each in found) == 20


def test_a_cancelled_order_is_awaited_no_more_and_cannot_come_back(records: Records) -> None:
    buying = records.purchasing
    buying.decide([step(suggested("P")), step(suggested("Q"))])
    po_id = export(buying)[0].po_id
    assert buying.last_cancelled() is None
    cancelled = buying.cancel(po_id, [2], actor="bob", reason="late", at=NOON)
    assert [(line.line_no, line.state) for line in cancelled] == [(1, "exported"), (2, "cancelled")]
    assert buying.last_cancelled() == NOON
    assert [line.line_no for line in buying.awaited(before=NOON + timedelta(days=1))] == [1]
    assert buying.received([po_id], at=NOON) == 1
    with pytest.raises(PurchasingError, match=r"line 1 of .* came"):
        buying.cancel(po_id, [1, 2], actor="bob", reason="late", at=NOON)
    again = buying.cancel(po_id, None, actor="bob", reason="late", at=NOON)
    assert [line.state for line in again] == ["received", "cancelled"]
    assert [entry.actor for entry in buying.trail("W~Q~S")] == ["bob", "ann", "ann"]
    (refused,) = buying.decide([step(suggested("Q"))])
    assert refused.problem == "the line is cancelled; it cannot become approved"


def test_of_many_who_cancel_one_does(records: Records) -> None:
    buying = records.purchasing
    buying.decide([step(suggested())])
    po_id = export(buying)[0].po_id

    def cancel(actor: str) -> None:
        buying.cancel(po_id, None, actor=actor, reason="late", at=NOON)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(cancel, "abcd"))
    assert [entry.after for entry in buying.trail("W~P~S")].count("cancelled") == 1
