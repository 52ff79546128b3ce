"""From suggestion to purchase order, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data.purchasing import SECOND_PERSON, OrderedLine, PurchasingError, State, Step, Suggested
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


def export(buying: Purchasing, actor: str = "ann", **more: Any) -> list[OrderedLine]:
    return list(buying.export(actor=actor, at=NOON, ordered_at=NOON, **more).ordered)


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
    first = export(buying, supplier_id="T")
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
    came: dict[tuple[str, str], State] = {(line.po_id, "P"): "received", ("no", "P"): "received"}
    assert buying.note_receipts(came, at=NOON) == 1
    assert buying.note_receipts(came, at=NOON) == 0
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
    buying.note_receipts({(line.po_id, "P"): "received"}, at=later)
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
        found = list(pool.map(lambda n: export(buying, f"a{n}"), range(4)))
    assert sum(len(each) for each in found) == 20


def test_a_cancelled_order_is_awaited_no_more_and_cannot_come_back(records: Records) -> None:
    buying = records.purchasing
    buying.decide([step(suggested("P")), step(suggested("Q"))])
    po_id = export(buying)[0].po_id
    assert buying.last_freed(NOON) is None
    cancelled = buying.cancel(po_id, [2], actor="bob", reason="late", at=NOON)
    assert [(line.line_no, line.state) for line in cancelled] == [(1, "exported"), (2, "cancelled")]
    assert buying.last_freed(NOON) == NOON
    assert [line.line_no for line in buying.awaited(before=NOON + timedelta(days=1))] == [1]
    assert buying.note_receipts({(po_id, "P"): "received"}, at=NOON) == 1
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


# Two people: a line of 12 at 2.50 is worth 30 -----------------------------------------------


def approve(
    buying: Purchasing, *lines: Suggested, by: str, above: float = 50.0, **more: Any
) -> Any:
    """What comes of approving lines with a key of somebody."""
    steps = [step(line, actor=f"key of {by}", owner=by, **more) for line in lines]
    return buying.decide(steps, above=above)


def test_lines_above_the_amount_wait_until_somebody_else_approves_them(records: Records) -> None:
    buying = records.purchasing
    lines = [suggested("P"), suggested("Q")]
    assert [each.state for each in approve(buying, *lines, by="Anna")] == ["awaiting_second"] * 2
    assert export(buying, above=50.0) == []
    for name in ("Anna", " anna "):  # one person, however the name is written
        for refused in approve(buying, *lines, by=name):
            assert refused.state == "awaiting_second"
            assert refused.problem.startswith(f"{SECOND_PERSON}: Anna approved it")
    waiting = buying.awaiting_second()
    assert [(each.line.line_id, each.asked_by, each.value) for each in waiting] == [
        ("W~P~S", "Anna", 30.0),
        ("W~Q~S", "Anna", 30.0),
    ]
    assert [each.state for each in approve(buying, *lines, by="bela")] == ["approved"] * 2
    assert buying.awaiting_second() == []
    assert [line.quantity for line in export(buying, above=50.0)] == [12.0, 12.0]
    assert [(each.owner, each.after) for each in reversed(buying.trail("W~P~S"))] == [
        ("Anna", "awaiting_second"),
        ("bela", "approved"),
        ("ann", "exported"),
    ]


@pytest.mark.parametrize(
    ("lines", "above", "state"),
    [
        ([suggested("P")], 30.0, "approved"),  # not above
        ([suggested("P")], 29.99, "awaiting_second"),
        ([suggested("P"), suggested("Q", supplier="T")], 50.0, "approved"),  # two suppliers
        ([suggested("P"), suggested("P", warehouse="V")], 50.0, "awaiting_second"),
        ([replace(suggested("P"), unit_cost=None)], 1e9, "awaiting_second"),  # unknown is not 0
    ],
)
def test_it_is_the_value_of_one_supplier_that_counts(
    records: Records, lines: list[Suggested], above: float, state: str
) -> None:
    found = approve(records.purchasing, *lines, by="anna", above=above)
    assert [each.state for each in found] == [state] * len(lines)


def test_another_quantity_is_another_wish(records: Records) -> None:
    buying = records.purchasing
    approve(buying, suggested(), by="anna", above=20.0)
    (more,) = approve(buying, suggested(), by="bela", above=20.0, to="changed", quantity=24.0)
    assert (more.state, more.quantity) == ("awaiting_second", 24.0)
    (own,) = approve(buying, suggested(), by="bela", above=20.0)
    assert own.problem.startswith(f"{SECOND_PERSON}: bela")
    (done,) = approve(buying, suggested(), by="anna", above=20.0)
    assert (done.state, done.quantity) == ("changed", 24.0), "what waits is what is approved"
    (less,) = approve(buying, suggested(), by="anna", above=20.0, to="changed", quantity=6.0)
    assert less.state == "changed", "15 in all: one person is enough"
    (again,) = approve(buying, suggested(), by="anna", above=20.0, to="changed", quantity=24.0)
    assert again.state == "awaiting_second"


def test_what_waits_is_dismissed_or_opened_by_anybody(records: Records) -> None:
    buying = records.purchasing
    for to in ("dismissed", "draft"):
        approve(buying, suggested(), by="anna", above=20.0)
        (done,) = buying.decide([step(suggested(), to, owner="anna", reason="no")], above=20.0)
        assert (done.state, done.problem) == (to, "")
    (fresh,) = approve(buying, suggested(), by="bela", above=20.0)
    assert fresh.state == "awaiting_second", "who asked before has approved nothing any more"


def test_small_lines_are_not_ordered_as_a_large_one(records: Records) -> None:
    """One by one each is below the amount: together, or after each other, they wait."""
    buying = records.purchasing
    for product in "PQ":
        (done,) = approve(buying, suggested(product), by="anna")
        assert done.state == "approved"
    made = buying.export(actor="k", owner="erp", at=NOON, ordered_at=NOON, above=50.0)
    assert (list(made.ordered), sorted(made.awaiting_second)) == ([], ["W~P~S", "W~Q~S"])
    assert [each.asked_by for each in buying.awaiting_second()] == ["anna", "anna"]
    approve(buying, suggested("P"), suggested("Q"), by="bela")
    assert len(export(buying, above=50.0)) == 2
    approve(buying, suggested("R"), by="anna")
    assert len(export(buying, above=50.0)) == 1, "what two people approved is not counted again"
    approve(buying, suggested("T"), by="anna")
    made = buying.export(actor="k", owner="anna", at=NOON, ordered_at=NOON, above=50.0)
    assert list(made.awaiting_second) == ["W~T~S"]
    approve(buying, suggested("U", supplier="Z"), by="anna")
    assert [line.product_id for line in export(buying, above=50.0)] == ["U"]


def test_a_line_that_waits_since_yesterday_is_not_asked_for_twice(records: Records) -> None:
    buying = records.purchasing
    approve(buying, suggested(), by="anna", above=20.0)
    tomorrow = NOON + timedelta(days=1)
    assert [line.quantity for line in buying.awaited(before=tomorrow)] == [12.0]
    assert buying.states(tomorrow) == {"W~P~S": ("awaiting_second", 12.0)}
    (refused,) = approve(buying, replace(suggested(), planned_at=tomorrow), by="bela", above=20.0)
    assert "in the plan of 2024-05-01 12:00; approve it there as it is" in refused.problem
    assert buying.last_freed(tomorrow) is None
    buying.decide([step(suggested(), "dismissed", reason="no", at=tomorrow)], above=20.0)
    assert buying.last_freed(tomorrow) == tomorrow
    assert buying.last_freed(NOON) is None, "of its own plan it was no supply"


def test_where_one_is_enough_again_what_waits_goes_on(records: Records) -> None:
    buying = records.purchasing
    approve(buying, suggested(), by="anna", above=20.0)
    (done,) = buying.decide([step(suggested(), owner="anna")])
    assert (done.state, done.problem) == ("approved", "")


def test_of_many_second_persons_one_counts(records: Records) -> None:
    buying = records.purchasing
    approve(buying, suggested(), by="anna", above=20.0)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda who: approve(buying, suggested(), by=who, above=20.0), "bcde"))
    assert [each.after for each in buying.trail("W~P~S")] == ["approved", "awaiting_second"]


def test_a_transfer_is_put_off_until_a_day_and_can_be_reopened(records: Records) -> None:
    moved, day = Suggested("a~p~w", NOON, "w", "p", "a", 12.0, 0.1, 7.0), timedelta(days=1)
    until = NOON + 14 * day

    def step(to: State, **given: Any) -> Any:
        (made,) = records.transfers.decide([Step(moved, to, "ann", NOON, **given)])
        return made

    assert step("dismissed", until=until, reason="no truck").problem == ""
    assert step("dismissed", until=until, reason="no truck").problem == ""
    assert len(records.transfers.trail("a~p~w")) == 1, "said twice, done once"
    (found,) = records.transfers.put_off(NOON + day)
    assert (found.line, found.until, found.reason) == (moved, until, "no truck")
    assert records.transfers.put_off(until) == []
    assert records.transfers.put_off(NOON - day) == [], "an earlier plan knows nothing of it"
    assert step("dismissed", until=until + day).problem == ""
    assert [each.until for each in records.transfers.put_off(NOON + day)] == [until + day]
    step("draft")
    assert records.transfers.put_off(NOON + day) == []
    assert records.purchasing.put_off(NOON) == []
    assert records.purchasing.states(NOON) == {}, "what is bought is not what is moved"


def test_a_transfer_order_has_a_number_and_messages_of_its_own(records: Records) -> None:
    moved = Suggested("a~p~w", NOON, "w", "p", "a", 12.0, 0.1, 7.0)
    records.transfers.decide([Step(moved, "approved", "ann", NOON)])
    (line,) = records.transfers.export(actor="ann", at=NOON, ordered_at=NOON).ordered
    assert line.po_id.startswith("T2")
    found = records.outbox.newest("transfer.exported", line.po_id)
    assert found is not None
    told = found[1]
    assert (told["transfer_id"], told["from_warehouse_id"], told["to_warehouse_id"]) == (
        line.po_id,
        "a",
        "w",
    )
    assert records.purchasing.orders() == []
