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
from features.decisions import Decision, Reason
from features.fraud import PLAN, Rates, decline, event, inputs_of_one, milliseconds
from models.base import Release
from models.fraud import ACTIONS, Action, BoostedTrees, Policy
from serving.fraud import rules

UNKNOWN_VELOCITY = np.full(len(PLAN.names), np.nan)

Risk = Callable[[str, datetime], Mapping[str, Any]]


@dataclass(frozen=True)
class Engine:
    """What a decision needs.

    risk: customer_id and time -> the customer's features; it may raise ArgosyError.
    """

    counters: Counters
    rates: Callable[[], Rates]
    risk: Risk
    release: Callable[[], Release | None]

    def decide(self, payment: Mapping[str, Any], *, explain: bool = False) -> Decision:
        """Decide, and count the payment for the next ones; the same payment_id counts once.

        Where the counters or the store cannot be asked the rules answer alone, or the customer is
        taken as unknown; the decision says that it is degraded.
        """
        at = payment["attempted_at"]
        rates = self.rates()
        amount = rates.amount(payment["amount"], payment.get("currency"), milliseconds(at))
        velocity, counted = self._velocity(payment, amount)
        risk, known = self._risk(payment["customer_id"], at)
        columns = inputs_of_one(payment, amount, velocity, risk)
        release = self.release() if counted else None
        judged = _by_rules(columns) if release is None else _by_model(release, columns, explain)
        if judged.action == "block" and counted:
            self.counters.observe(decline(payment))
        return Decision(
            payment_id=payment["payment_id"],
            decision_id=uuid.uuid4().hex,
            decided_at=datetime.now(UTC),
            decision=judged.action,
            probability=judged.probability,
            score=100.0 * judged.probability,
            reasons=judged.reasons,
            rules_hit=judged.rules_hit,
            model_version=release.version if release else "",
            policy_version=judged.policy_version,
            degraded=release is None or not known,
            payment=_stored(payment, judged.action),
            features=judged.features,
        )

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


@dataclass(frozen=True)
class _Judged:
    action: Action
    probability: float
    reasons: tuple[Reason, ...]
    rules_hit: tuple[str, ...]
    policy_version: str
    features: Mapping[str, float]


def _by_model(release: Release, columns: Mapping[str, NDArray[Any]], explain: bool) -> _Judged:
    model = release.model
    assert isinstance(model, BoostedTrees), "training registers no other"
    row = model.encode(columns)
    probability = model.probability(row)
    policy = Policy.of(release.policy)
    hit = _hit(rules.RULES, columns)
    action = _most_severe(policy.action(probability), *(rule.action for rule in hit))
    why = _reasons(hit)
    if explain or action != "allow":
        why += tuple(Reason(**vars(reason)) for reason in model.reasons(row, columns))
    return _Judged(
        action=action,
        probability=probability,
        reasons=why,
        rules_hit=tuple(rule.name for rule in hit),
        policy_version=f"{policy.version}+{rules.VERSION}",
        features=dict(zip(model.names, row[0].tolist(), strict=True)),
    )


def _by_rules(columns: Mapping[str, NDArray[Any]]) -> _Judged:
    hit = _hit(rules.WITHOUT_MODEL, columns)
    numbers = {
        name: float(values[0]) for name, values in columns.items() if values.dtype.kind == "f"
    }
    return _Judged(
        action=_most_severe("allow", *(rule.action for rule in hit)),
        probability=0.0,
        reasons=_reasons(hit),
        rules_hit=tuple(rule.name for rule in hit),
        policy_version=rules.VERSION,
        features=numbers,
    )


def _hit(
    all_rules: tuple[rules.Rule, ...], columns: Mapping[str, NDArray[Any]]
) -> tuple[rules.Rule, ...]:
    facts = {name: values[0] for name, values in columns.items()}
    return tuple(rule for rule in all_rules if rule.applies(facts))


def _reasons(hit: tuple[rules.Rule, ...]) -> tuple[Reason, ...]:
    return tuple(Reason(f"RULE_{rule.name.upper()}", rule.text, 0.0) for rule in hit)


def _most_severe(*actions: Action) -> Action:
    return max(actions, key=ACTIONS.index)


def _stored(payment: Mapping[str, Any], action: Action) -> dict[str, Any]:
    """The input, fit for JSON; a payment that is blocked is a declined one."""
    row = dict(payment) | {"attempted_at": payment["attempted_at"].isoformat()}
    return row | {"outcome": "declined"} if action == "block" else row
