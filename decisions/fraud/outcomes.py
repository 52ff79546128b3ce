"""What outcomes told of payments change in the live counters: declines, and challenges passed."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from data.decisions import Note
from decisions.fraud.known import OUTCOME, last_outcome, outcome_known, payments_of
from decisions.runtime import Runtime
from features.counters import REMEMBER_DAYS
from features.fraud import PROVEN, decline, proof, proof_id
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
    payments: _Payments, notes: Sequence[Note], counts_as: str, after: int
) -> Iterator[VelocityEvent]:
    """What notes above `after` change of whether some attempts are one declined payment. Changes
    are numbered from 0, so that two workers that are told the same at once count it once; those
    that come with an attempt itself are counted with it, and have a number, too."""
    told: dict[str, list[Note]] = {name: [] for name in payments}
    declined: set[str] = set()
    number = 0
    for name, note in _history(payments, notes):
        was = bool(declined)
        told[name] += [note] if note is not None else []
        outcome = outcome_known(payments[name], last_outcome(told[name]))
        declined = declined | {name} if outcome == "declined" else declined - {name}
        if was == bool(declined):
            continue
        if note is not None and note.seq > after:
            yield decline(payments[name], counts_as, is_declined=not was, number=number)
        number += 1


def _history(payments: _Payments, notes: Sequence[Note]) -> Iterator[tuple[str, Note | None]]:
    """Each attempt as it came (None), and the notes on them, in order of arrival.

    notes: by their numbers.
    """
    came = sorted((_received(each), name) for name, each in payments.items())
    for note in notes:
        while came and came[0][0] <= note.at:
            yield came.pop(0)[1], None
        if any(name == note.key for _, name in came):  # clocks differ: it came before the news
            came = [(at, name) for at, name in came if name != note.key]
            yield note.key, None
        yield note.key, note
    yield from ((name, None) for _, name in came)


def _received(payment: Mapping[str, Any]) -> datetime:
    """When a payment was decided on; long ago where that is not known."""
    at = payment.get("received_at")
    if isinstance(at, str):
        return datetime.fromisoformat(at)
    return at.to_pydatetime() if at is not None else datetime.min.replace(tzinfo=UTC)


def _proofs(payments: _Payments, notes: Sequence[Note], after: int) -> Iterator[VelocityEvent]:
    """The first news above `after` of each payment that its shopper has passed a challenge."""
    proven = {name for name, each in payments.items() if each.get("authentication") == PROVEN}
    for note in notes:
        if note.body.get("authentication") == PROVEN and note.key not in proven:
            proven.add(note.key)
            if note.seq > after:
                yield proof(payments[note.key])


def outcome_event_ids(runtime: Runtime, payments: pd.DataFrame, notes: Sequence[Note]) -> list[str]:
    """The ids of the events that some notes gave: counters that hold the notes know them.

    runtime: the stores and releases in use; payments: payment_id and outcome, as they came; notes:
    on their outcomes; those count that are young enough for their events to come again.
    """
    since = datetime.now(UTC) - timedelta(days=REMEMBER_DAYS)
    recent = [note for note in notes if note.at >= since]
    changed = {note.key for note in recent if note.body["outcome"] == "declined"}
    own = payments.loc[payments["outcome"].eq("declined").fillna(False), "payment_id"]
    changed |= {note.key for note in recent}.intersection(own)
    declines = outcome_events(runtime, changed, after=0)
    proofs = {proof_id(n.key) for n in recent if n.body.get("authentication") == PROVEN}
    return sorted({*(each.id for each in declines), *proofs})
