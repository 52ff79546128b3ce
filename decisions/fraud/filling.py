"""Filling the counters from what is known: the lake, and what was decided and reported here."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import pandas as pd

from data.settings import Settings
from decisions.fraud.known import OUTCOME, all_labels, told_outcomes, with_outcomes
from decisions.fraud.outcomes import outcome_event_ids, outcome_events
from decisions.privacy import receipts
from decisions.runtime import Runtime
from features.counters import REMEMBER_DAYS, Counters, CountersError
from features.fraud import (
    PLAN,
    ExchangeRates,
    amounts,
    decline,
    decline_ids,
    event,
    events,
    label_changes,
    milliseconds,
    report,
)
from features.windows import states

_COUNTED = ("payments", "chargebacks", "fx_rates")


@dataclass(frozen=True)
class FilledUpTo:
    """Up to which of the records the counters were filled: the last numbers of each."""

    payments: int
    chargebacks: int
    outcomes: int


def is_due(counters: Counters, runtime: Runtime) -> bool:
    """Whether the counters hold other things than they should.

    counters: the live ones; runtime: the stores and releases in use.
    """
    return counters.version() != _version(runtime)


def fill(counters: Counters, runtime: Runtime) -> FilledUpTo | None:
    """Fill the counters anew; None when there is nothing.

    counters: those to fill; runtime: the stores and releases in use, from whose lake and records
    they are filled.

    Payments are decided meanwhile: `catch_up` afterwards.
    """
    version = _version(runtime)
    told, last_told = runtime.records.pending("chargebacks")
    notes = runtime.records.journal.of(OUTCOME)
    came, last = _payments(runtime)
    payments = with_outcomes(came, told_outcomes(notes))
    if payments.empty:
        return None
    chargebacks = all_labels(runtime.lake.read("chargebacks"), told)
    amount = amounts(payments, runtime.lake.read("fx_rates"), runtime.settings.base_currency)
    stream = events(payments, chargebacks, amount)
    recent = stream["at"].max() - timedelta(days=REMEMBER_DAYS) // timedelta(milliseconds=1)
    ids = stream.loc[stream["at"] >= recent, "event_id"]
    known = [*ids, *decline_ids(payments), *outcome_event_ids(runtime, came, notes)]
    counters.load(states(stream, PLAN), known, version)
    return FilledUpTo(last, last_told, notes[-1].seq if notes else 0)


def fill_apart(settings: Settings) -> FilledUpTo | None:
    """`fill` by a process of its own; raises CountersError where that fails, with its last words.

    Filling reads every payment there is. In the server it would hold up those who ask meanwhile,
    and what they need would lie strewn among what it did, and keep hold of its memory.
    """
    command = [sys.executable, "-m", "decisions.fraud.fill_process"]
    given = settings.model_dump_json().encode()
    ended = subprocess.run(command, input=given, capture_output=True, check=False)  # noqa: S603  # our own module
    if ended.returncode:
        words = ended.stderr.decode(errors="replace").strip().splitlines()
        raise CountersError(f"the fraud counters were not filled: {words[-1] if words else ''}")
    found = orjson.loads(ended.stdout.splitlines()[-1])  # a library may have spoken before
    return None if found is None else FilledUpTo(**found)


def catch_up(
    counters: Counters,
    runtime: Runtime,
    rates: ExchangeRates,
    filled: FilledUpTo,
    until: datetime | None = None,
) -> None:
    """Count what came since, until: by then; what the counters know already counts once.

    counters: those that were filled; runtime: the stores and releases in use; rates: for the
    amounts in base currency; filled: what `fill` gave.
    """
    fresh, _ = runtime.records.pending("payments", after=filled.payments, until=until)
    payments = [*_rows(fresh)]
    retries = [each["payment_id"] for each in payments if each.get("retry_of")]
    attempts = runtime.records.attempts.of_payments(retries)
    for payment in payments:
        at = milliseconds(payment["attempted_at"])
        amount = rates.amount(payment["amount"], payment.get("currency"), at)
        linked = attempts.get(payment["payment_id"])
        if linked is None or linked.counts_as == linked.payment_id:
            counters.observe(event(payment, amount))
        elif payment.get("outcome") == "declined":
            counters.observe(decline(payment, linked.counts_as))
    notes = runtime.records.journal.of(OUTCOME, after=filled.outcomes)
    fresh_outcomes = outcome_events(runtime, {note.key for note in notes}, after=filled.outcomes)
    if fresh_outcomes:
        counters.observe_all(fresh_outcomes)
    told, _ = runtime.records.pending("chargebacks", after=filled.chargebacks)
    if len(told):
        _count_labels(counters, runtime, told)


def _count_labels(counters: Counters, runtime: Runtime, told: pd.DataFrame) -> None:
    """Count what some labels changed. told: rows of chargebacks that came after the filling."""
    lake = runtime.lake.read("chargebacks")
    lake = lake[lake["payment_id"].isin(told["payment_id"])]
    here = pd.DataFrame(runtime.records.labels_of(set(told["payment_id"])))
    every = all_labels(lake, here)
    times = all_labels(told.head(0), told)[["payment_id", "reported_at", "is_fraud"]]
    marked = every.merge(times, how="left", indicator=True)
    before = label_changes(every[(marked["_merge"] == "left_only").to_numpy()])
    counted = set(zip(before["payment_id"], before["number"], strict=True))
    known = known_payments(runtime)
    known = known[known["payment_id"].isin(every["payment_id"])]
    payments = {payment["payment_id"]: payment for payment in _rows(known)}
    for name, at, is_fraud, number in label_changes(every).itertuples(index=False):
        if (name, number) not in counted and name in payments:
            counters.observe(
                report(payments[name], at.to_pydatetime(), is_fraud=is_fraud, number=number)
            )


def known_payments(runtime: Runtime) -> pd.DataFrame:
    """The lake's payments and those decided here that are not in it yet."""
    notes = runtime.records.journal.of(OUTCOME)
    return with_outcomes(_payments(runtime)[0], told_outcomes(notes))


def _payments(runtime: Runtime) -> tuple[pd.DataFrame, int]:
    """The payments that `known_payments` gives, as they came, and the number of the last decision
    among them."""
    decided, last = runtime.records.pending("payments")
    lake = runtime.lake.read("payments")
    fresh = decided[~decided["payment_id"].isin(lake["payment_id"])]
    if fresh.empty:
        return lake, last
    fresh = fresh.reindex(columns=lake.columns)
    times = pd.to_datetime(fresh["attempted_at"], utc=True, format="ISO8601", errors="coerce")
    fresh = fresh.assign(attempted_at=times.astype("datetime64[ns, UTC]"))
    received = pd.to_datetime(fresh["received_at"], utc=True, format="ISO8601", errors="coerce")
    fresh = fresh.assign(received_at=received.astype("datetime64[ns, UTC]"))
    fresh = fresh[fresh["attempted_at"].notna()]
    if lake.empty:
        return fresh, last
    # A column without any value has no type that it could give to the column of both.
    known = [part.dropna(axis="columns", how="all") for part in (lake, fresh)]
    both = pd.concat(known, ignore_index=True).reindex(columns=lake.columns)
    return both, last


def _version(runtime: Runtime) -> str:
    """What the counters should hold: the tables they count, by the plan they count them, without
    the customers erased since."""
    files = [str(file.name) for name in _COUNTED for file in runtime.lake.files(name)]
    told = " ".join([*files, PLAN.version, *receipts(runtime.settings)])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _rows(payments: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Each row by column, without what is missing."""
    for row in payments.to_dict("records"):
        given = {str(name): value for name, value in row.items() if not pd.isna(value)}
        at = given["attempted_at"]
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at.to_pydatetime()
        yield given | {"attempted_at": moment}
