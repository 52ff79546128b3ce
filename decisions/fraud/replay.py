"""A decision made again from what was stored of it: to explain it, and to prove it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data.decisions import Decision, DecisionReason
from data.errors import ArgosyError
from data.records import Records
from decisions.fraud.attempts import traced_facts
from decisions.fraud.controls import POLICY, RULES
from decisions.fraud.engine import model_of
from decisions.fraud.resolve import PaymentCase, PaymentVerdict, judge
from decisions.fraud.rules import FraudRule, RuleSet
from features.fraud import EXPECTED_MARGIN
from models.fraud import FraudPolicy, PaymentModel
from models.registry import Registry


class ReplayError(ArgosyError):
    """A decision cannot be made again: what it was made by is not there."""


@dataclass(frozen=True)
class Replay:
    """same: bit for bit; differs: the names of what came out differently."""

    decision_id: str
    payment_id: str
    same: bool
    differs: tuple[str, ...]
    stored: Mapping[str, Any]
    again: Mapping[str, Any]


def find_decision(records: Records, name: str) -> Decision:
    """The stored decision of this decision_id or payment_id. Raises ReplayError without one.

    records: the database of the service; name: a decision_id or a payment_id.
    """
    found = records.decision_of(name) or records.decision(name)
    if found is None:
        raise ReplayError(f"there is no decision {name}; give a decision_id or a payment_id")
    return found


def replay(decision: Decision, records: Records, registry: Registry) -> Replay:
    """The decision recomputed from its stored facts by its own model, policy and rules.

    decision: as it was stored; records: the database of the service, where its policy and rules are
    kept; registry: where its model is kept.
    """
    found = _again(decision, records, registry, explain=bool(decision.trace.get("explain")))
    control = decision.trace.get("control", {})
    changed = decision.trace.get("excess") or control.get("is_let_through")
    action = decision.decision if changed else found.action
    stored = {
        "decision": decision.decision,
        "probability": decision.probability,
        "reasons": decision.reasons,
        "rules_hit": decision.rules_hit,
    }
    again = {
        "decision": action,
        "probability": found.probability,
        "reasons": found.reasons,
        "rules_hit": found.rules_hit,
    }
    differs = tuple(name for name in stored if stored[name] != again[name])
    return Replay(decision.decision_id, decision.payment_id, not differs, differs, stored, again)


def explained(
    decision: Decision, records: Records, registry: Registry
) -> tuple[DecisionReason, ...]:
    """All reasons of a decision, also of one that allowed.

    decision: as it was stored; records: the database of the service, where its policy and rules are
    kept; registry: where its model is kept.
    """
    return _again(decision, records, registry, explain=True).reasons


def _again(
    decision: Decision, records: Records, registry: Registry, *, explain: bool
) -> PaymentVerdict:
    *policies, rules_version = decision.policy_version.split("+")
    amount = decision.trace.get("amount_base")
    listed = (each["list"] for each in decision.trace.get("lists", ()))
    case = PaymentCase(
        payment=decision.payment,
        facts=decision.features,
        amount=float("nan") if amount is None else float(amount),
        listed=frozenset(listed),
        expected_margin=float(decision.trace.get(EXPECTED_MARGIN, "nan")),
        attempt=traced_facts(decision.trace),
        snoozed=frozenset(decision.trace.get("rules_snoozed", ())),
    )
    model: PaymentModel | None = None
    policy: FraudPolicy | None = None
    if decision.model_version:
        model = model_of(registry.load("fraud", decision.model_version))
        policy = _policy(records, policies[0])
    return judge(case, model, policy, _rules(records, rules_version), explain=explain)


def _policy(records: Records, version: str) -> FraudPolicy:
    found = records.journal.of(POLICY, version, limit=1)
    if not found:
        raise ReplayError(f"policy {version} is not in the journal of these records")
    return FraudPolicy.of(found[0].body["numbers"])


def _rules(records: Records, version: str) -> RuleSet:
    found = records.journal.of(RULES, version, limit=1)
    if not found:
        raise ReplayError(f"rule set {version} is not in the journal of these records")
    return RuleSet(tuple(FraudRule(**each) for each in found[0].body["rules"]))
