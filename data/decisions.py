"""The records themselves: a decision, an answer, a key; and how they lie in a row of text."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from data.errors import ArgosyError
from data.tables import TABLES


class RecordsError(ArgosyError):
    """A record cannot be kept as given."""


class KeyExistsError(RecordsError):
    """There is an API key of that name already."""


@dataclass(frozen=True)
class DecisionReason:
    """Why a decision came out as it did; contribution in log-odds, positive speaks for fraud."""

    code: str
    text: str
    contribution: float


@dataclass(frozen=True)
class Decision:
    """One decision on one payment: what was asked (`payment`), seen (`features`), answered.

    trace: what else went into it, fit for JSON: the amount in base currency, the lists hit, the
    action before the circuit breaker, what a shadow model would have said.
    """

    payment_id: str
    decision_id: str
    decided_at: datetime
    decision: str
    probability: float
    score: float
    reasons: tuple[DecisionReason, ...]
    rules_hit: tuple[str, ...]
    model_version: str
    policy_version: str
    degraded: bool
    payment: Mapping[str, Any]
    features: Mapping[str, Any]
    trace: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LastDecision:
    """A decision in short. lists: names of the lists its payment was on; excess: whether the
    circuit breaker changed it; rules_failed: names of the rules that could not be evaluated."""

    decision: str
    rules_hit: tuple[str, ...]
    lists: tuple[str, ...]
    excess: bool
    rules_failed: tuple[str, ...] = ()


def last_decision(decision: str, rules_hit: str, trace: str | None) -> LastDecision:
    """A decision in short, from its columns. rules_hit, trace: JSON, as they are stored."""
    went_in = orjson.loads(trace or "{}")
    lists = tuple(str(each["list"]) for each in went_in.get("lists", ()))
    failed = tuple(map(str, went_in.get("rules_failed", ())))
    return LastDecision(
        decision, tuple(orjson.loads(rules_hit)), lists, "excess" in went_in, failed
    )


@dataclass(frozen=True)
class Note:
    """One entry of the journal. seq: its number, growing; key: what it is about."""

    seq: int
    kind: str
    key: str
    at: datetime
    author: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Remembered:
    """An answer given to an Idempotency-Key: for which body, with which status."""

    body_hash: str
    status: int
    answer: str


@dataclass(frozen=True)
class ApiKey:
    """A key as stored: never the key, only its digest.

    former_digest: of the key before this one, which still holds until former_until.
    per_minute: requests it may make in a minute; None: as many as it likes. owner: the person or
    service that answers for what is done with it; None for keys of before owners.
    """

    name: str
    digest: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    former_digest: str | None = None
    former_until: datetime | None = None
    per_minute: int | None = None
    owner: str | None = None


def contract_row(table: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The contract's columns of a row, times as UTC; raises RecordsError for one without zone.

    table: its name; given: column -> value.
    """
    contract = TABLES[table]
    row = {name: given.get(name) for name in contract.names}
    missing = [name for name in contract.required if row[name] is None]
    if missing:
        raise RecordsError(f"{table}: {missing[0]} is missing in {dict(given)}; fill it in")
    for column in contract.columns:
        if column.kind == "time":
            row[column.name] = _moment(table, column.name, row[column.name])
    return row


def _moment(table: str, name: str, value: Any) -> datetime | None:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if isinstance(moment, datetime) and moment.tzinfo is None:
        raise RecordsError(f"{table}: {name} {value} has no zone; append Z when it is UTC")
    return moment.astimezone(UTC) if moment is not None else None


def row_of(decision: Decision) -> dict[str, Any]:
    """A decision as a row."""
    reasons = [asdict(reason) for reason in decision.reasons]
    return {
        "payment_id": decision.payment_id,
        "decision_id": decision.decision_id,
        "decided_at": decision.decided_at,
        "decision": decision.decision,
        "probability": decision.probability,
        "score": decision.score,
        "reasons": _json(reasons),
        "rules_hit": _json(decision.rules_hit),
        "model_version": decision.model_version,
        "policy_version": decision.policy_version,
        "degraded": decision.degraded,
        "payment": _json(dict(decision.payment)),
        "features": _json(dict(decision.features)),
        "trace": _json(dict(decision.trace)),
    }


def decision_of(row: Mapping[Any, Any]) -> Decision:
    """A row as a decision."""
    plain = {
        name: row[name]
        for name in ("payment_id", "decision_id", "decided_at", "decision", "probability", "score")
    }
    return Decision(
        **plain,
        reasons=tuple(DecisionReason(**reason) for reason in orjson.loads(row["reasons"])),
        rules_hit=tuple(orjson.loads(row["rules_hit"])),
        model_version=row["model_version"],
        policy_version=row["policy_version"],
        degraded=row["degraded"],
        payment=orjson.loads(row["payment"]),
        features={
            name: math.nan if value is None else value
            for name, value in orjson.loads(row["features"]).items()
        },
        trace=orjson.loads(row["trace"] or "{}"),
    )


def _json(value: object) -> str:
    """JSON; NaN becomes null, times ISO 8601."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()
