"""What outcomes told of payments change in the live counters: declines, and challenges passed."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from data.decisions import Note
from decisions.fraud.known import OUTCOME, last_outcome, outcome_known, payments_of
from decisions.runtime import Runtime
from features.counters import REMEMBER_DAYS
from features.fraud import PROVEN, decline, decline_id, proof, proof_id
from features.windows import VelocityEvent

_Payments = Mapping[str, Mapping[str, Any]]


def outcome_events(
    runtime: Runtime, payment_ids: Collection[str], *, after: int
) -> list[VelocityEvent]:
    """The events by which the notes on outcomes above a number change the counters.

    runtime: the stores and releases in use; payment_ids: told of in these notes; after: the number
    of the last note that is counted. Attempts that count as one payment are one: it is declined
    while one of them is, by the last word on each, whatever the order in which they were told.
    """
    members = _members(runtime, payment_ids)
    names = [name for group in members.values() for name in group]
    payments = payments_of(runtime, names)
    notes = runtime.records.journal.of_keys(OUTCOME, names)
    found: list[VelocityEvent] = []
    for counts_as, group in members.items():
        mine = {name: payments[name] for name in group if name in payments}
        told = [note for name in mine for note in notes.get(name, ())]
        told.sort(key=lambda note: note.seq)
        found += _declines(mine, told, counts_as, after)
        found += _proofs(mine, told, after)
    return found


def _members(runtime: Runtime, payment_ids: Collection[str]) -> dict[str, list[str]]:
    """The attempts that count as each payment that some payments are counted as, by its id."""
    attempts = runtime.records.attempts
    own = attempts.of_payments(payment_ids)
    counted = {own[name].counts_as if name in own else name for name in payment_ids}
    roots = {own[name].root_id if name in own else name for name in payment_ids}
    members = {name: [name] for name in sorted(counted)}
    for linked in attempts.of_roots(roots).values():
        for each in linked:
            if each.counts_as in members and each.payment_id != each.counts_as:
                members[each.counts_as].append(each.payment_id)
    return members


def _declines(
    payments: _Payments, notes: Iterable[Note], counts_as: str, after: int
) -> Iterator[VelocityEvent]:
    """What notes above `after` change of whether some attempts are one declined payment."""
    told: dict[str, list[Note]] = {name: [] for name in payments}
    declined = {name: each.get("outcome") == "declined" for name, each in payments.items()}
    was = any(declined.values())
    for note in notes:
        told[note.key].append(note)
        last = last_outcome(told[note.key])
        declined[note.key] = outcome_known(payments[note.key], last) == "declined"
        now = any(declined.values())
        if now != was and note.seq > after:
            payment = payments[note.key]
            yield decline(payment, counts_as, is_declined=now, number=note.seq)
        was = now


def _proofs(payments: _Payments, notes: Iterable[Note], after: int) -> Iterator[VelocityEvent]:
    """The first news above `after` of each payment that its shopper has passed a challenge."""
    proven = {name for name, each in payments.items() if each.get("authentication") == PROVEN}
    for note in notes:
        if note.body.get("authentication") == PROVEN and note.key not in proven:
            proven.add(note.key)
            if note.seq > after:
                yield proof(payments[note.key])


def outcome_event_ids(runtime: Runtime, notes: Sequence[Note]) -> list[str]:
    """The ids of all events that some notes may give: counters that hold the notes know them.

    runtime: the stores and releases in use; notes: on outcomes; those count that are young enough
    for their events to come again.
    """
    since = datetime.now(UTC) - timedelta(days=REMEMBER_DAYS)
    recent = [note for note in notes if note.at >= since]
    linked = runtime.records.attempts.of_payments({note.key for note in recent})
    counted = {name: each.counts_as for name, each in linked.items()}
    proofs = {proof_id(n.key) for n in recent if n.body.get("authentication") == PROVEN}
    return [*proofs, *(decline_id(counted.get(n.key, n.key), n.seq) for n in recent)]
