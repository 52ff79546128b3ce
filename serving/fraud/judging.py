"""From what is known of a payment to an action with reasons: pure, so that it can be replayed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from features.decisions import Reason
from models.fraud import ACTIONS, Action, BoostedTrees, Policy
from serving.fraud.lists import Entry
from serving.fraud.rules import Rule, RuleSet


@dataclass(frozen=True)
class Case:
    """What a payment is judged on. facts: the model's inputs; amount: in base currency; listed:
    the names of the lists that it is on."""

    payment: Mapping[str, Any]
    facts: Mapping[str, Any]
    amount: float
    listed: frozenset[str]


@dataclass(frozen=True)
class Verdict:
    """What came out. probability: 0 without a model."""

    action: Action
    probability: float
    reasons: tuple[Reason, ...]
    rules_hit: tuple[str, ...]


def judge(
    case: Case,
    model: BoostedTrees | None,
    policy: Policy | None,
    rules: RuleSet,
    *,
    explain: bool = False,
) -> Verdict:
    """The severest of what the policy and the rules ask for; the allow list overrules all but the
    block list. Reasons when it is not `allow`, or when asked."""
    hit = rules.hit(_named(case, without_model=model is None))
    probability, action = 0.0, ACTIONS[0]
    if model is not None and policy is not None:
        row = model.row(case.facts)
        probability = model.probability(row)
        action = policy.action(probability, 0.0 if case.amount != case.amount else case.amount)
    action = max(action, *(rule.action for rule in hit), "allow", key=ACTIONS.index)
    if "allow" in case.listed and "block" not in case.listed:
        action = "allow"
    why = tuple(reason_of(rule) for rule in hit)
    if model is not None and (explain or action != "allow"):
        why += tuple(Reason(**vars(each)) for each in model.reasons(row, case.facts))
    return Verdict(action, probability, why, tuple(rule.name for rule in hit))


def _named(case: Case, *, without_model: bool) -> dict[str, Any]:
    """All that a rule may name."""
    lists = {f"{name}_listed": name in case.listed for name in ("allow", "watch", "block")}
    return {**case.payment, **case.facts, **lists, "without_model": without_model}


def reason_of(rule: Rule) -> Reason:
    """That a rule holds."""
    return Reason(f"RULE_{rule.name.upper()}", rule.text, 0.0)


def lists_of(entries: tuple[Entry, ...]) -> frozenset[str]:
    """The names of the lists that these entries stand on."""
    return frozenset(entry.list for entry in entries)
