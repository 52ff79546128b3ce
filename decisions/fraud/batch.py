"""Batch scoring: payments of a folder in order of time, each decided as the API would have."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from data.decisions import Decision
from data.errors import ArgosyError
from data.lake import Lake
from decisions.fraud.attempts import attempts_of
from decisions.fraud.controls import read
from decisions.fraud.engine import Engine
from decisions.runtime import Runtime
from features.counters import SqliteCounters
from features.fraud import (
    EXPECTED_MARGIN,
    PLAN,
    RISK_FEATURES,
    ExchangeRates,
    PaymentAttempt,
    amounts,
    events,
)
from features.windows import MEASURES, VelocityEvent, states


class ScoreError(ArgosyError):
    """The payments to score are not there."""


COLUMNS = ("payment_id", "probability", "score", "decision", "reasons")


def score(runtime: Runtime, as_of: datetime, *, payments: Path | str) -> pd.DataFrame:
    """The payments of the folder `payments` in order of time: COLUMNS; reasons as JSON text.

    runtime: the stores and releases in use; as_of: nothing known later is used.

    The counters are ones of their own, filled from the lake's earlier payments and fed with its
    later ones up to `as_of` in their turn; fraud reports count from their day, up to `as_of`. The
    live counters and decisions are not touched.
    """
    runtime.records.migrate()
    if runtime.release("fraud") is None:
        raise ScoreError(
            f"no fraud model is in use, so nothing would be scored: {runtime.problem('fraud')}"
        )
    asked = _read(Path(payments), runtime)
    runtime.store.ensure(as_of)
    rates = runtime.lake.read("fx_rates", as_of=as_of)
    base = runtime.settings.base_currency
    known = runtime.lake.read("payments", as_of=as_of)
    known = known[~known["payment_id"].isin(asked["payment_id"])]
    both = pd.concat([frame for frame in (asked, known) if len(frame)], ignore_index=True)
    chargebacks = runtime.lake.read("chargebacks", as_of=as_of)
    stream = events(both, chargebacks, amounts(both, rates, base))
    decide = _Decider(runtime, ExchangeRates.of(rates, base), asked, as_of)
    decide.attempts = _attempts(both)
    first = int(stream["payment"].between(0, len(asked) - 1).to_numpy().argmax())
    decide.counters.load(states(stream.iloc[:first], PLAN), (), "")
    answers = []
    for event, number in _replayed(stream.iloc[first:]):
        if 0 <= number < len(asked):
            answers.append(_row(decide.payment(number)))
        else:
            decide.counters.observe(event)
    decide.counters.close()
    return pd.DataFrame(answers, columns=list(COLUMNS))


class _Decider:
    """An engine over counters of its own; each customer as known at the time of each payment."""

    def __init__(
        self, runtime: Runtime, rates: ExchangeRates, asked: pd.DataFrame, as_of: datetime
    ) -> None:
        self.counters = SqliteCounters(":memory:", PLAN)
        self._payments = _rows(asked)
        entities = asked[["customer_id"]].assign(event_timestamp=asked["attempted_at"])
        found = runtime.store.training_frame("fraud", entities, as_of)
        self._risks = _rows(found[[*RISK_FEATURES, EXPECTED_MARGIN]])
        release = runtime.release("fraud")
        controls = read(runtime.records)
        self._risk: Mapping[str, Any] = {}
        self.attempts: Mapping[str, PaymentAttempt] = {}
        self._engine = Engine(
            counters=self.counters,
            rates=lambda: rates,
            risks=lambda customers, at: [self._risk],
            release=lambda: release,
            controls=lambda: controls,
            attempts=lambda some: [self.attempts.get(each["payment_id"]) for each in some],
        )

    def payment(self, number: int) -> Decision:
        """The decision on the payment in this row."""
        self._risk = self._risks[number]
        payment = self._payments[number]
        decision = self._engine.decide(payment)
        self._engine.settle(decision, payment)
        return decision


def _attempts(payments: pd.DataFrame) -> dict[str, PaymentAttempt]:
    """What those of the payments retry that name another, by payment_id."""
    if "retry_of" not in payments or not payments["retry_of"].notna().any():
        return {}
    retried = payments["payment_id"].isin(payments["retry_of"].dropna())
    chained = payments[payments["retry_of"].notna() | retried]
    rows = _rows(chained.sort_values(["attempted_at", "payment_id"]))
    found = attempts_of(rows, lambda _: [])
    return {each.payment_id: each for each in found if each is not None}


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Each row by column, without what is missing."""
    columns = {name: frame[name].astype(object).tolist() for name in frame.columns}
    return [
        {name: value for name, value in zip(columns, values, strict=True) if not pd.isna(value)}
        for values in zip(*columns.values(), strict=True)
    ]


def _replayed(stream: pd.DataFrame) -> Iterator[tuple[VelocityEvent, int]]:
    """The events of a stream one by one, each with its row of the payments."""
    tags = stream[list(PLAN.columns)].to_numpy(dtype=object)
    known = ~pd.isna(tags)
    measures = stream[list(MEASURES)].to_numpy().tolist()
    columns = [stream[name].tolist() for name in ("event_id", "at", "payment", "ends")]
    for place, (name, at, number, ends) in enumerate(zip(*columns, strict=True)):
        pairs = zip(PLAN.columns, tags[place], known[place], strict=True)
        named = {column: str(value) for column, value, there in pairs if there}
        a, b, c, d, e, f = measures[place]
        yield VelocityEvent(name, at, (a, b, c, d, e, f), named, ends), number


def _read(folder: Path, runtime: Runtime) -> pd.DataFrame:
    """The payments of a folder, by the rules of ingest, without putting them in the lake."""
    with tempfile.TemporaryDirectory() as place:
        lake = Lake(Path(place), max_bad_share=runtime.settings.max_bad_share)
        lake.ingest(folder)
        found = lake.read("payments")
    if found.empty:
        raise ScoreError(f"{folder} holds no payments; put payments.parquet or payments.csv there")
    return found


def _row(decision: Decision) -> tuple[str, float | None, float | None, str, str]:
    modelled = bool(decision.model_version)
    reasons = [asdict(reason) for reason in decision.reasons]
    return (
        decision.payment_id,
        decision.probability if modelled else None,
        decision.score if modelled else None,
        decision.decision,
        orjson.dumps(reasons).decode(),
    )
