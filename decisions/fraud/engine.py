"""One payment in, one decision out: the path that the API and batch scoring share."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from data.decisions import Decision
from data.errors import ArgosyError
from decisions.fraud.attempts import FindAttempts, traced
from decisions.fraud.breaker import Breaker
from decisions.fraud.control_group import ControlGroup
from decisions.fraud.controls import FraudControls
from decisions.fraud.exemptions import EUROPE, Exemption, ExemptionFacts, exemption_of
from decisions.fraud.lists import ListEntry
from decisions.fraud.resolve import (
    PaymentCase,
    PaymentVerdict,
    Scored,
    lists_of,
    resolve,
    score,
)
from decisions.fraud.rules import ATTACK_RULES, BY_DECLINES, SHIPPED_NAMES
from decisions.ids import fresh_id
from features.counters import Counters, CountersError
from features.fraud import (
    EXPECTED_MARGIN,
    NO_RETRY,
    PLAN,
    UNPROVEN,
    ExchangeRates,
    PaymentAttempt,
    decline,
    event,
    inputs_of,
    milliseconds,
)
from models.base import Release
from models.fraud import FraudPolicy, PaymentModel

_APART = timedelta(microseconds=1)
_UNPROVEN = [PLAN.names.index(name) for name in UNPROVEN.names]
UNKNOWN_VELOCITY = np.full(len(PLAN.names), np.nan)

Risks = Callable[[Sequence[str], Sequence[datetime]], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class PaymentAsked:
    """A payment to decide on; explain: reasons also when it is allowed."""

    payment: Mapping[str, Any]
    explain: bool = False


def _no_attempts(payments: Sequence[Mapping[str, Any]]) -> list[PaymentAttempt | None]:
    return [None] * len(payments)


def _no_rate() -> float | None:
    return None


def _no_control() -> ControlGroup | None:
    return None


def _untimed(step: str) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True)
class Engine:
    """What a decision needs.

    risks: customers and times -> each customer's features; it may raise ArgosyError. desk: lists,
    rules, policies and shadow in use; breaker: None where nobody is blocked for real; timed: what
    measures a step by its name; attempts: what each payment retries; fraud_rate: of the shop, by
    value, None where it is not known; control: the control group, None where there is none.
    """

    counters: Counters
    rates: Callable[[], ExchangeRates]
    risks: Risks
    release: Callable[[], Release | None]
    controls: Callable[[], FraudControls]
    breaker: Breaker | None = None
    timed: Callable[[str], AbstractContextManager[None]] = _untimed
    attempts: FindAttempts = _no_attempts
    fraud_rate: Callable[[], float | None] = _no_rate
    control: Callable[[], ControlGroup | None] = _no_control

    def decide(self, payment: Mapping[str, Any], *, explain: bool = False) -> Decision:
        """Decide, and count the payment for the next ones; the same payment_id counts once.

        payment: its fields by name, attempted_at a datetime; explain: whether the model's reasons
        are given also when the payment is allowed.

        Where the counters or the store cannot be asked the rules answer alone, or the customer is
        taken as unknown; the decision says that it is degraded.
        """
        return self.decide_all([PaymentAsked(payment, explain)])[0]

    def decide_all(self, asked: Sequence[PaymentAsked]) -> list[Decision]:
        """`decide` for several payments, one after the other, with one question to each store."""
        controls, rates = self.controls(), self.rates()
        payments = [each.payment for each in asked]
        amounts = [_amount(rates, payment) for payment in payments]
        attempts = self.attempts(payments)
        with self.timed("counters"):
            velocities, counted = self._velocities(payments, amounts, attempts)
        received = datetime.now(UTC)  # right after they were counted, one after the other
        with self.timed("features"):
            risks, known = self._risks(payments)
        now = datetime.now(UTC)
        listed = [controls.lists.hit(payment, now) for payment in payments]
        cases = [
            PaymentCase(
                payment,
                facts,
                amount,
                lists_of(entries),
                _margin(risk),
                NO_RETRY if attempt is None else attempt.facts,
                controls.snoozes.rules_of(payment["customer_id"], now),
            )
            for payment, facts, amount, entries, risk, attempt in zip(
                payments,
                inputs_of(payments, amounts, velocities, risks),
                amounts,
                listed,
                risks,
                attempts,
                strict=True,
            )
        ]
        release = self.release() if counted else None
        basis = _Basis(
            controls,
            release,
            controls.policy(release),
            degraded=release is None or not known,
            rates=rates,
        )
        with self.timed("model"):
            scored = score(cases, model_of(release), basis.policy)
        shadow = controls.shadow if counted else None
        shadowed = score(cases, model_of(shadow), controls.policy(shadow) if shadow else None)
        return [
            self._decision(
                _CaseAsked(
                    case,
                    each.explain,
                    entries,
                    said,
                    other,
                    received + place * _APART,
                    attempt,
                    velocity,
                ),
                basis,
            )
            for place, (case, each, entries, said, other, attempt, velocity) in enumerate(
                zip(cases, asked, listed, scored, shadowed, attempts, velocities, strict=True)
            )
        ]

    def _decision(self, asking: "_CaseAsked", basis: "_Basis") -> Decision:
        case, controls = asking.case, basis.controls
        verdict = resolve(case, asking.scored, controls.rules, explain=asking.explain)
        trace = _trace(asking, verdict, controls)
        action = verdict.action
        control = self._controlled(asking, verdict, basis)
        if control is not None:
            trace["control"] = control
            action = "allow" if control["is_let_through"] else action
        mistakable = may_be_mistaken(verdict.rules_hit, case.listed)
        if self.breaker is not None and not self._stands(action, verdict, case, mistakable):
            # The shopper proves who they are: neither a block nor work for people.
            action, trace["excess"] = "challenge", True
        exemption = None
        if verdict.action == action == "allow":
            exemption = self._exemption(asking, basis)
        if exemption is not None:
            trace["exemption"] = {"kind": exemption.kind, "reason": exemption.reason}
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
            policy_version=policy_version(basis.policy, controls),
            degraded=basis.degraded or case.amount != case.amount,
            payment=stored(case.payment, action, asking.received_at),
            features=case.facts,
            trace=trace,
        )

    def _stands(
        self, action: str, verdict: PaymentVerdict, case: PaymentCase, mistakable: bool
    ) -> bool:
        """True if the circuit breaker lets a decision stand."""
        assert self.breaker is not None
        if mistakable:
            return self.breaker.passes(action)
        return self.breaker.is_shut(action) or not rests_on_declines(verdict.rules_hit, case.listed)

    def _controlled(
        self, asking: "_CaseAsked", verdict: PaymentVerdict, basis: "_Basis"
    ) -> dict[str, Any] | None:
        """What the control group does with a payment that the model alone stops, if anything."""
        group = self.control()
        if group is None or basis.degraded:
            return None
        if not group.may_have(asking.case, asking.scored, verdict):
            return None
        attempt = asking.attempt
        name = (attempt.purchase_id if attempt else "") or asking.case.payment["payment_id"]
        return {
            "action": verdict.action,
            "share": group.share,
            "is_let_through": group.has(name),
        }

    def _exemption(self, asking: "_CaseAsked", basis: "_Basis") -> Exemption | None:
        """The exemption from strong customer authentication for a payment that is allowed."""
        payment, rates = asking.case.payment, basis.rates
        if payment.get("billing_country") not in EUROPE:  # as of many: no rate need be looked up
            return None
        at = milliseconds(payment["attempted_at"])
        count, together = asking.velocity[_UNPROVEN]
        facts = ExemptionFacts(
            amount=rates.in_currency(payment["amount"], payment.get("currency"), "EUR", at),
            unproven_count=count,
            unproven_amount=rates.in_currency(together, None, "EUR", at),
            fraud_rate=self.fraud_rate(),
            has_analysis=not basis.degraded,
        )
        return exemption_of(payment, facts)

    def settle(self, decision: Decision, payment: Mapping[str, Any]) -> None:
        """A payment that was blocked is a declined one for the next; without counters it is not.

        decision: what was decided; payment: its fields by name, as they were decided on.
        """
        if decision.decision == "block":
            try:
                counts_as = decision.trace.get("attempt", {}).get("counts_as")
                self.counters.observe(decline(payment, counts_as))
            except CountersError:
                return

    def _velocities(
        self,
        payments: Sequence[Mapping[str, Any]],
        amounts: Sequence[float],
        attempts: Sequence[PaymentAttempt | None],
    ) -> tuple[Sequence[NDArray[np.float64]], bool]:
        asked = [event(*each) for each in zip(payments, amounts, attempts, strict=True)]
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


def _trace(
    asking: "_CaseAsked", verdict: PaymentVerdict, controls: FraudControls
) -> dict[str, Any]:
    """What went into a verdict besides the facts, and what a shadow would have said."""
    case = asking.case
    trace: dict[str, Any] = {"amount_base": None if case.amount != case.amount else case.amount}
    if asking.listed:
        trace["lists"] = [{"entry_id": e.entry_id, "list": e.list} for e in asking.listed]
    if asking.shadowed is not None and controls.shadow is not None:
        found = resolve(case, asking.shadowed, controls.rules)  # it does not act
        said = {"probability": found.probability, "decision": found.action}
        trace["shadow"] = {"version": controls.shadow.version, **said}
    if asking.explain:
        trace["explain"] = True
    if asking.attempt is not None:
        trace["attempt"] = traced(asking.attempt)
    if case.expected_margin == case.expected_margin:
        trace[EXPECTED_MARGIN] = case.expected_margin
    if verdict.rules_failed:
        trace["rules_failed"] = verdict.rules_failed
    if verdict.rules_snoozed:
        trace["rules_snoozed"] = verdict.rules_snoozed
    return trace


def may_be_mistaken(rules_hit: Collection[str], listed: Collection[str]) -> bool:
    """False where a list, or a shipped rule on velocity, stands behind a decision.

    rules_hit: names of the rules that hold; listed: names of the lists that the payment is on. A
    rule that goes by declines is no proof beside a rule of the merchant's own, whose blocks are
    declines, too.
    """
    if rests_on_declines(rules_hit, listed):
        return not SHIPPED_NAMES.issuperset(rules_hit)
    return not (ATTACK_RULES.intersection(rules_hit) or {"block", "watch"}.intersection(listed))


def rests_on_declines(rules_hit: Collection[str], listed: Collection[str]) -> bool:
    """True where, of lists and rules on velocity, only those that go by declines stand behind a
    decision.

    rules_hit: names of the rules that hold; listed: names of the lists that the payment is on.
    """
    found = ATTACK_RULES.intersection(rules_hit)
    return bool(found) and found <= BY_DECLINES and not {"block", "watch"}.intersection(listed)


@dataclass(frozen=True)
class _Basis:
    """What several decisions made at once have in common."""

    controls: FraudControls
    release: Release | None
    policy: FraudPolicy | None
    degraded: bool
    rates: ExchangeRates


@dataclass(frozen=True)
class _CaseAsked:
    """One of them: its case, the entries of lists hit, what the models say, when it was counted,
    what it retries, and its velocities."""

    case: PaymentCase
    explain: bool
    listed: tuple[ListEntry, ...]
    scored: Scored | None
    shadowed: Scored | None
    received_at: datetime
    attempt: PaymentAttempt | None
    velocity: NDArray[np.float64]


def _margin(risk: Mapping[str, Any]) -> float:
    """What the customer is expected to bring in a year; NaN where nobody has said it."""
    known = risk.get(EXPECTED_MARGIN)
    return math.nan if known is None else float(known)


def _amount(rates: ExchangeRates, payment: Mapping[str, Any]) -> float:
    at = milliseconds(payment["attempted_at"])
    return rates.amount(payment["amount"], payment.get("currency"), at)


def model_of(release: Release | None) -> PaymentModel | None:
    """The release's fraud model; None without a release."""
    if release is None:
        return None
    assert _is_payment_model(type(release.model)), "training registers no other"
    return cast(PaymentModel, release.model)


@cache
def _is_payment_model(kind: type) -> bool:
    """Whether a class can do what a payment model must: to look at a protocol takes its time."""
    return issubclass(kind, PaymentModel)


def policy_version(policy: FraudPolicy | None, controls: FraudControls) -> str:
    """The versions of the policy and of the rules.

    policy: the one in use, or None without a model; controls: the desk, whose rules are named.
    """
    return f"{policy.version}+{controls.rules.version}" if policy else controls.rules.version


def stored(payment: Mapping[str, Any], action: str, received_at: datetime) -> dict[str, Any]:
    """The input, fit for JSON; a payment that is blocked is a declined one.

    payment: its fields by name, attempted_at a datetime; action: what was decided, one of ACTIONS;
    received_at: when it was counted, by which payments of one time are told apart.
    """
    row = dict(payment) | {"attempted_at": payment["attempted_at"].isoformat()}
    row["received_at"] = received_at.isoformat()
    return row | {"outcome": "declined"} if action == "block" else row
