"""One payment in, one decision out: the path that the API and batch scoring share."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.decisions import Decision
from data.errors import ArgosyError
from decisions.fraud.breaker import Breaker
from decisions.fraud.controls import Desk
from decisions.fraud.lists import Entry
from decisions.fraud.resolve import Case, Scored, lists_of, score, weigh
from decisions.ids import fresh_id
from features.counters import Counters, CountersError
from features.fraud import PLAN, Rates, decline, event, inputs_of, milliseconds
from models.base import Release
from models.fraud import BoostedTrees, Policy

UNKNOWN_VELOCITY = np.full(len(PLAN.names), np.nan)

Risks = Callable[[Sequence[str], Sequence[datetime]], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Asked:
    """A payment to decide on; explain: reasons also when it is allowed."""

    payment: Mapping[str, Any]
    explain: bool = False


def _untimed(step: str) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True)
class Engine:
    """What a decision needs.

    risks: customers and times -> each customer's features; it may raise ArgosyError. desk: lists,
    rules, policies and shadow in use; breaker: None where nobody is blocked for real; timed: what
    measures a step by its name.
    """

    counters: Counters
    rates: Callable[[], Rates]
    risks: Risks
    release: Callable[[], Release | None]
    desk: Callable[[], Desk]
    breaker: Breaker | None = None
    timed: Callable[[str], AbstractContextManager[None]] = _untimed

    def decide(self, payment: Mapping[str, Any], *, explain: bool = False) -> Decision:
        """Decide, and count the payment for the next ones; the same payment_id counts once.

        Where the counters or the store cannot be asked the rules answer alone, or the customer is
        taken as unknown; the decision says that it is degraded.
        """
        return self.decide_all([Asked(payment, explain)])[0]

    def decide_all(self, asked: Sequence[Asked]) -> list[Decision]:
        """The same for several, one after the other, with one question to each store."""
        desk, rates = self.desk(), self.rates()
        payments = [each.payment for each in asked]
        amounts = [_amount(rates, payment) for payment in payments]
        with self.timed("counters"):
            velocities, counted = self._velocities(payments, amounts)
        with self.timed("features"):
            risks, known = self._risks(payments)
        now = datetime.now(UTC)
        listed = [desk.lists.hit(payment, now) for payment in payments]
        cases = [
            Case(payment, facts, amount, lists_of(entries))
            for payment, facts, amount, entries in zip(
                payments,
                inputs_of(payments, amounts, velocities, risks),
                amounts,
                listed,
                strict=True,
            )
        ]
        release = self.release() if counted else None
        basis = _Basis(desk, release, desk.policy(release), degraded=release is None or not known)
        with self.timed("model"):
            scored = score(cases, model_of(release), basis.policy)
        shadow = desk.shadow if counted else None
        shadowed = score(cases, model_of(shadow), desk.policy(shadow) if shadow else None)
        return [
            self._decision(_Asking(case, each.explain, entries, said, other), basis)
            for case, each, entries, said, other in zip(
                cases, asked, listed, scored, shadowed, strict=True
            )
        ]

    def _decision(self, asking: "_Asking", basis: "_Basis") -> Decision:
        case, desk = asking.case, basis.desk
        verdict = weigh(case, asking.scored, desk.rules, explain=asking.explain)
        trace: dict[str, Any] = {"amount_base": None if case.amount != case.amount else case.amount}
        if asking.listed:
            trace["lists"] = [{"entry_id": e.entry_id, "list": e.list} for e in asking.listed]
        if asking.shadowed is not None and desk.shadow is not None:
            found = weigh(case, asking.shadowed, desk.rules)  # it does not act
            said = {"probability": found.probability, "decision": found.action}
            trace["shadow"] = {"version": desk.shadow.version, **said}
        if asking.explain:
            trace["explain"] = True
        action = verdict.action
        if self.breaker is not None:
            stands = self.breaker.passes(block=action == "block" and "block" not in case.listed)
            if not stands:
                action, trace["excess"] = "review", True
        return Decision(
            payment_id=case.payment["payment_id"],
            decision_id=fresh_id(),
            decided_at=datetime.now(UTC),
            decision=action,
            probability=verdict.probability,
            score=100.0 * verdict.probability,
            reasons=verdict.reasons,
            rules_hit=verdict.rules_hit,
            model_version=basis.release.version if basis.release else "",
            policy_version=policy_version(basis.policy, desk),
            degraded=basis.degraded,
            payment=stored(case.payment, action),
            features=case.facts,
            trace=trace,
        )

    def settle(self, decision: Decision, payment: Mapping[str, Any]) -> None:
        """A payment that was blocked is a declined one for the next; without counters it is not."""
        if decision.decision == "block":
            try:
                self.counters.observe(decline(payment))
            except CountersError:
                return

    def _velocities(
        self, payments: Sequence[Mapping[str, Any]], amounts: Sequence[float]
    ) -> tuple[Sequence[NDArray[np.float64]], bool]:
        asked = [event(*each) for each in zip(payments, amounts, strict=True)]
        try:
            return self.counters.observe_all(asked), True
        except CountersError:
            return [UNKNOWN_VELOCITY] * len(asked), False

    def _risks(
        self, payments: Sequence[Mapping[str, Any]]
    ) -> tuple[Sequence[Mapping[str, Any]], bool]:
        customers = [payment["customer_id"] for payment in payments]
        try:
            return self.risks(customers, [payment["attempted_at"] for payment in payments]), True
        except ArgosyError:
            return [{}] * len(payments), False


@dataclass(frozen=True)
class _Basis:
    """What several decisions made at once have in common."""

    desk: Desk
    release: Release | None
    policy: Policy | None
    degraded: bool


@dataclass(frozen=True)
class _Asking:
    """One of them: its case, the entries of lists hit, what the models say."""

    case: Case
    explain: bool
    listed: tuple[Entry, ...]
    scored: Scored | None
    shadowed: Scored | None


def _amount(rates: Rates, payment: Mapping[str, Any]) -> float:
    at = milliseconds(payment["attempted_at"])
    return rates.amount(payment["amount"], payment.get("currency"), at)


def model_of(release: Release | None) -> BoostedTrees | None:
    """The release's model."""
    if release is None:
        return None
    assert isinstance(release.model, BoostedTrees), "training registers no other"
    return release.model


def policy_version(policy: Policy | None, desk: Desk) -> str:
    """The versions of the policy and of the rules."""
    return f"{policy.version}+{desk.rules.version}" if policy else desk.rules.version


def stored(payment: Mapping[str, Any], action: str) -> dict[str, Any]:
    """The input, fit for JSON; a payment that is blocked is a declined one."""
    row = dict(payment) | {"attempted_at": payment["attempted_at"].isoformat()}
    return row | {"outcome": "declined"} if action == "block" else row
