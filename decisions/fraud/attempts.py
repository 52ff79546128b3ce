"""The attempts of one payment: what a retry follows, found when it is decided, and told later."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from data.decisions import Decision
from data.records import Records
from data.records.attempts import LinkedAttempt
from decisions.fraud.known import OUTCOME, last_outcome, outcome_known
from decisions.runtime import Runtime
from features.fraud import (
    NO_RETRY,
    PROVEN,
    EarlierAttempt,
    Link,
    PaymentAttempt,
    attempt_of,
)

Payment = Mapping[str, Any]
FindAttempts = Callable[[Sequence[Payment]], Sequence[PaymentAttempt | None]]
FindChain = Callable[[str], list[EarlierAttempt]]
_MOST_FOLLOWED = 20  # payments of the lake, from one to the one that it retries
_TOLD = ("root_id", "purchase_id", "supersedes", "counts_as", "number")


@dataclass(frozen=True)
class AttemptSummary:
    """One attempt in short. outcome and authentication: as far as they are known."""

    payment_id: str
    number: int
    attempted_at: datetime
    decision: str | None
    outcome: str | None
    authentication: str | None


def attempts_of(payments: Sequence[Payment], chain_of: FindChain) -> list[PaymentAttempt | None]:
    """What each payment retries; None for one that names nothing. Of payments asked about at once
    each knows those before it.

    payments: fields by name, attempted_at a datetime; chain_of: from a payment_id to its attempts
    so far, oldest first and up to the newest retry of any of them; empty for an unknown payment.
    """
    return _linked(payments, chain_of)[0]


_Chains = dict[str, list[EarlierAttempt]]


def _linked(
    payments: Sequence[Payment], chain_of: FindChain
) -> tuple[list[PaymentAttempt | None], _Chains]:
    """`attempts_of`, and the chain of each payment by its id, itself included."""
    here: _Chains = {}
    found = []
    for payment in payments:
        attempt = _attempt(payment, here, chain_of) if payment.get("retry_of") else None
        found.append(attempt)
        chain = here[attempt.root_id] if attempt is not None and attempt.root_id else []
        chain.append(_as_earlier(payment, attempt))
        here[str(payment["payment_id"])] = chain
    return found, here


def _attempt(payment: Payment, here: _Chains, chain_of: FindChain) -> PaymentAttempt:
    own, named = str(payment["payment_id"]), str(payment["retry_of"])
    if own == named:
        return PaymentAttempt(own, named, "same_payment")
    chain = here.get(named) or chain_of(named)
    earlier = [each for each in chain if each.payment_id != own]
    link = _link(payment, next((e for e in earlier if e.payment_id == named), None))
    if link != "linked":
        return PaymentAttempt(own, named, link)
    chain = here.setdefault(earlier[0].payment_id, earlier)
    here[named] = chain
    return attempt_of(payment, tuple(chain))


def _link(payment: Payment, named: EarlierAttempt | None) -> Link:
    if named is None:
        return "unknown_payment"
    if named.payment["customer_id"] != payment["customer_id"]:
        return "other_customer"
    after = named.payment["attempted_at"] <= payment["attempted_at"]
    return "linked" if after else "later_payment"


def _as_earlier(payment: Payment, attempt: PaymentAttempt | None) -> EarlierAttempt:
    own = str(payment["payment_id"])
    return EarlierAttempt(
        payment,
        purchase_id=attempt.purchase_id or own if attempt else own,
        counts_as=attempt.counts_as or own if attempt else own,
        outcome=payment.get("outcome"),
        authentication=payment.get("authentication"),
    )


def find_attempts(runtime: Runtime, payments: Sequence[Payment]) -> list[PaymentAttempt | None]:
    """What each of some payments retries: a payment decided here, or one of the lake.

    runtime: the stores and releases in use; payments: fields by name, attempted_at a datetime.
    """
    if not any("retry_of" in payment for payment in payments):  # as of most
        return [None] * len(payments)
    return attempts_of(payments, lambda named: known_chain(runtime, named))


def known_chain(runtime: Runtime, payment_id: str) -> list[EarlierAttempt]:
    """All attempts of a payment so far, oldest first; empty where it is not known.

    runtime: the stores and releases in use; payment_id: of any of them.
    """
    records = runtime.records
    own = records.attempts.of_payments([payment_id]).get(payment_id)
    root_id = own.root_id if own is not None else payment_id
    root = records.decision(root_id)
    linked = records.attempts.of_roots([root_id]).get(root_id, [])
    if root is not None:
        return _decided_attempts(records, [root], linked)
    later = _decided_attempts(records, [], linked)
    named = str(later[0].payment["retry_of"]) if later else payment_id
    base = _chain_of_lake(runtime, named)
    if base and not linked:  # others may have retried one of them
        first = base[0].payment_id
        later = _decided_attempts(records, [], records.attempts.of_roots([first]).get(first, []))
    return [*base, *later]


def _decided_attempts(
    records: Records, roots: Sequence[Decision], linked: Sequence[LinkedAttempt]
) -> list[EarlierAttempt]:
    """Attempts that were decided here, with what was told of them since. roots: the first one."""
    by_name = {each.payment_id: each for each in linked}
    later = records.decisions_on(by_name)
    made = [*roots, *(later[name] for name in by_name if name in later)]
    told = records.journal.of_keys(OUTCOME, [each.payment_id for each in made])
    return [
        _decided(
            each,
            by_name.get(each.payment_id),
            last_outcome(told.get(each.payment_id, ())),
        )
        for each in made
    ]


def _decided(
    made: Decision, linked: LinkedAttempt | None, told: Mapping[str, Any]
) -> EarlierAttempt:
    payment = dict(made.payment)
    payment["attempted_at"] = datetime.fromisoformat(payment["attempted_at"])
    return EarlierAttempt(
        payment,
        purchase_id=linked.purchase_id if linked else made.payment_id,
        counts_as=linked.counts_as if linked else made.payment_id,
        decision=made.decision,
        outcome=outcome_known(payment, told),
        authentication=told.get("authentication") or payment.get("authentication"),
    )


def _chain_of_lake(runtime: Runtime, payment_id: str) -> list[EarlierAttempt]:
    """A payment of the lake after those that it retries."""
    rows: dict[str, Payment] = {}
    name = payment_id
    while name and name not in rows and len(rows) < _MOST_FOLLOWED:
        found = runtime.lake.read("payments", where={"payment_id": [name]}).to_dict("records")
        if not found:
            break
        row = {str(key): value for key, value in found[0].items() if not pd.isna(value)}
        rows[name] = row | {"attempted_at": row["attempted_at"].to_pydatetime()}
        name = str(row.get("retry_of", ""))
    return _linked([*rows.values()][::-1], lambda _: [])[1].get(payment_id, [])


def traced(attempt: PaymentAttempt) -> dict[str, Any]:
    """An attempt as its decision keeps it, fit for JSON."""
    kept: dict[str, Any] = {"retry_of": attempt.retry_of, "link": attempt.link}
    if attempt.link != "linked":
        return kept
    kept |= {name: getattr(attempt, name) for name in _TOLD}
    kept["facts"] = dict(attempt.facts)
    kept["earlier"] = [_json(each, number) for number, each in enumerate(attempt.earlier, start=1)]
    return kept


def _json(each: EarlierAttempt, number: int) -> dict[str, Any]:
    return {
        "payment_id": each.payment_id,
        "number": number,
        "attempted_at": each.payment["attempted_at"].isoformat(),
        "decision": each.decision,
        "outcome": each.outcome,
        "authentication": each.authentication,
    }


def traced_facts(trace: Mapping[str, Any]) -> Mapping[str, Any]:
    """What rules may name of an attempt, from the trace of its decision."""
    facts: Mapping[str, Any] = trace.get("attempt", {}).get("facts", NO_RETRY)
    return facts


def has_passed_challenge(payment: Payment, facts: Mapping[str, Any]) -> bool:
    """True if the shopper was challenged for this retry and has passed: nobody is asked twice.

    payment: its fields by name; facts: ATTEMPT_FACTS of it.
    """
    return payment.get("authentication") == PROVEN and facts["attempt_number"] > 1.0


def attempts_told(runtime: Runtime, decision: Decision) -> list[AttemptSummary]:
    """All attempts of a decided payment, the later ones too; empty where there is one only.

    runtime: the stores and releases in use; decision: on any of them.
    """
    chain = known_chain(runtime, decision.payment_id)
    if len(chain) < 2:
        return []
    return [
        AttemptSummary(
            each.payment_id,
            number,
            each.payment["attempted_at"],
            each.decision,
            each.outcome,
            each.authentication,
        )
        for number, each in enumerate(chain, start=1)
    ]
