"""One payment in, one decision out: the path that the API and batch scoring share."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.contracts import ArgosyError
from features.counters import Counters, CountersError
from features.decisions import Decision
from features.fraud import PLAN, Rates, decline, event, inputs_of_one, milliseconds
from models.base import Release
from models.fraud import BoostedTrees, Policy
from serving.fraud.breaker import Breaker
from serving.fraud.desk import Desk
from serving.fraud.judging import Case, Verdict, judge, lists_of

UNKNOWN_VELOCITY = np.full(len(PLAN.names), np.nan)

Risk = Callable[[str, datetime], Mapping[str, Any]]


@dataclass(frozen=True)
class Engine:
    """What a decision needs.

    risk: customer_id and time -> the customer's features; it may raise ArgosyError. desk: lists,
    rules, policies and shadow in use; breaker: None where nobody is blocked for real.
    """

    counters: Counters
    rates: Callable[[], Rates]
    risk: Risk
    release: Callable[[], Release | None]
    desk: Callable[[], Desk]
    breaker: Breaker | None = None

    def decide(self, payment: Mapping[str, Any], *, explain: bool = False) -> Decision:
        """Decide, and count the payment for the next ones; the same payment_id counts once.

        Where the counters or the store cannot be asked the rules answer alone, or the customer is
        taken as unknown; the decision says that it is degraded.
        """
        at, desk = payment["attempted_at"], self.desk()
        amount = self.rates().amount(payment["amount"], payment.get("currency"), milliseconds(at))
        velocity, counted = self._velocity(payment, amount)
        risk, known = self._risk(payment["customer_id"], at)
        facts = inputs_of_one(payment, amount, velocity, risk)
        listed = desk.lists.hit(payment, datetime.now(UTC))
        case = Case(payment, facts, amount, lists_of(listed))
        release = self.release() if counted else None
        model, policy = model_of(release), desk.policy(release)
        verdict = judge(case, model, policy, desk.rules, explain=explain)
        trace: dict[str, Any] = {"amount_base": None if amount != amount else amount}
        if listed:
            trace["lists"] = [{"entry_id": e.entry_id, "list": e.list} for e in listed]
        if desk.shadow is not None and counted:
            trace["shadow"] = _shadowed(case, desk)
        if explain:
            trace["explain"] = True
        action = verdict.action
        if self.breaker is not None:
            stands = self.breaker.passes(block=action == "block" and "block" not in case.listed)
            if not stands:
                action, trace["excess"] = "review", True
        return Decision(
            payment_id=payment["payment_id"],
            decision_id=uuid.uuid4().hex,
            decided_at=datetime.now(UTC),
            decision=action,
            probability=verdict.probability,
            score=100.0 * verdict.probability,
            reasons=verdict.reasons,
            rules_hit=verdict.rules_hit,
            model_version=release.version if release else "",
            policy_version=policy_version(policy, desk),
            degraded=release is None or not known,
            payment=stored(payment, action),
            features=facts,
            trace=trace,
        )

    def settle(self, decision: Decision, payment: Mapping[str, Any]) -> None:
        """A payment that was blocked is a declined one for the next; without counters it is not."""
        if decision.decision == "block":
            try:
                self.counters.observe(decline(payment))
            except CountersError:
                return

    def _velocity(
        self, payment: Mapping[str, Any], amount: float
    ) -> tuple[NDArray[np.float64], bool]:
        try:
            return self.counters.observe(event(payment, amount)), True
        except CountersError:
            return UNKNOWN_VELOCITY, False

    def _risk(self, customer_id: str, at: datetime) -> tuple[Mapping[str, Any], bool]:
        try:
            return self.risk(customer_id, at), True
        except ArgosyError:
            return {}, False


def model_of(release: Release | None) -> BoostedTrees | None:
    """The release's model."""
    if release is None:
        return None
    assert isinstance(release.model, BoostedTrees), "training registers no other"
    return release.model


def policy_version(policy: Policy | None, desk: Desk) -> str:
    """The versions of the policy and of the rules."""
    return f"{policy.version}+{desk.rules.version}" if policy else desk.rules.version


def _shadowed(case: Case, desk: Desk) -> dict[str, Any]:
    """What the shadow would have said; it does not act."""
    found: Verdict = judge(case, model_of(desk.shadow), desk.policy(desk.shadow), desk.rules)
    assert desk.shadow is not None
    said = {"probability": found.probability, "decision": found.action}
    return {"version": desk.shadow.version, **said}


def stored(payment: Mapping[str, Any], action: str) -> dict[str, Any]:
    """The input, fit for JSON; a payment that is blocked is a declined one."""
    row = dict(payment) | {"attempted_at": payment["attempted_at"].isoformat()}
    return row | {"outcome": "declined"} if action == "block" else row
