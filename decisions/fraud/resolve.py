"""From what is known of a payment to an action with reasons: pure, so that it can be replayed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.decisions import DecisionReason
from decisions.fraud.lists import Entry
from decisions.fraud.rules import Rule, RuleSet
from models.fraud import ACTIONS, Action, BoostedTrees, Matrix, Policy


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
    reasons: tuple[DecisionReason, ...]
    rules_hit: tuple[str, ...]


@dataclass(frozen=True)
class Scored:
    """What the model says of a case: its row of numbers, the probability, the policy's action."""

    model: BoostedTrees
    row: Matrix
    probability: float
    action: Action


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
    (scored,) = score([case], model, policy)
    return weigh(case, scored, rules, explain=explain)


def score(
    cases: Sequence[Case], model: BoostedTrees | None, policy: Policy | None
) -> list[Scored | None]:
    """What the model says of each case; None where there is none."""
    if model is None or policy is None or not cases:
        return [None] * len(cases)
    rows = [model.row(case.facts) for case in cases]
    chances = model.probabilities(np.concatenate(rows)).tolist()
    return [
        Scored(model, row, chance, policy.action(chance, 0.0 if amount != amount else amount))
        for row, chance, amount in zip(rows, chances, (c.amount for c in cases), strict=True)
    ]


def weigh(case: Case, scored: Scored | None, rules: RuleSet, *, explain: bool = False) -> Verdict:
    """The verdict, once it is known what the model says."""
    hit = rules.hit(_named(case, without_model=scored is None))
    said = scored.action if scored is not None else ACTIONS[0]
    action = max(said, *(rule.action for rule in hit), "allow", key=ACTIONS.index)
    if "allow" in case.listed and "block" not in case.listed:
        action = "allow"
    why = tuple(reason_of(rule) for rule in hit)
    if scored is not None and (explain or action != "allow"):
        told = scored.model.reasons(scored.row, case.facts)
        why += tuple(DecisionReason(**vars(each)) for each in told)
    probability = scored.probability if scored is not None else 0.0
    return Verdict(action, probability, why, tuple(rule.name for rule in hit))


def _named(case: Case, *, without_model: bool) -> dict[str, Any]:
    """All that a rule may name."""
    lists = {f"{name}_listed": name in case.listed for name in ("allow", "watch", "block")}
    return {**case.payment, **case.facts, **lists, "without_model": without_model}


def reason_of(rule: Rule) -> DecisionReason:
    """That a rule holds."""
    return DecisionReason(f"RULE_{rule.name.upper()}", rule.text, 0.0)


def lists_of(entries: tuple[Entry, ...]) -> frozenset[str]:
    """The names of the lists that these entries stand on."""
    return frozenset(entry.list for entry in entries)
