"""From what is known of a payment to an action with reasons: pure, so that it can be replayed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from data.decisions import DecisionReason
from decisions.fraud.attempts import has_passed_challenge
from decisions.fraud.lists import ListEntry
from decisions.fraud.rules import ATTACK_RULES, FraudRule, RuleSet
from features.fraud import NO_RETRY
from models.fraud import ACTIONS, Action, FraudPolicy, Matrix, PaymentModel


@dataclass(frozen=True)
class PaymentCase:
    """What a payment is judged on.

    facts: the model's inputs; amount: in base currency; listed: the names of the lists that it is
    on; expected_margin: of its customer in the next year, base currency, NaN where it is not known;
    attempt: ATTEMPT_FACTS of a payment that retries another; snoozed: the names of the rules that
    do not hold for its customer.
    """

    payment: Mapping[str, Any]
    facts: Mapping[str, Any]
    amount: float
    listed: frozenset[str]
    expected_margin: float = math.nan
    attempt: Mapping[str, Any] = field(default_factory=lambda: NO_RETRY)
    snoozed: frozenset[str] = frozenset()

    @property
    def is_authenticated(self) -> bool:
        """True if its shopper has passed a challenge for it: there is no other one to ask for."""
        return self.attempt is not NO_RETRY and has_passed_challenge(self.payment, self.attempt)


@dataclass(frozen=True)
class PaymentVerdict:
    """What came out. probability: 0 without a model; rules_failed: those that could not be
    evaluated, and so did not hold; rules_snoozed: those that would hold, but for the customer."""

    action: Action
    probability: float
    reasons: tuple[DecisionReason, ...]
    rules_hit: tuple[str, ...]
    rules_failed: tuple[str, ...] = ()
    rules_snoozed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scored:
    """What the model says of a case: its row of numbers, the probability, the policy's action.
    swayed: whether what the customer is expected to bring made it another one."""

    model: PaymentModel
    row: Matrix
    probability: float
    action: Action
    swayed: bool = False


def judge(
    case: PaymentCase,
    model: PaymentModel | None,
    policy: FraudPolicy | None,
    rules: RuleSet,
    *,
    explain: bool = False,
) -> PaymentVerdict:
    """The severest of what the policy and the rules ask for; the allow list overrules all but the
    block list. Reasons when it is not `allow`, or when asked.

    case: what the payment is judged on; model: the fraud model, or None; policy: the one used with
    the model, or None; rules: those in use; explain: whether the model's reasons are given also
    when the action is `allow`.
    """
    (scored,) = score([case], model, policy)
    return resolve(case, scored, rules, explain=explain)


def score(
    cases: Sequence[PaymentCase], model: PaymentModel | None, policy: FraudPolicy | None
) -> list[Scored | None]:
    """What the model says of each case; None where there is none.

    cases: what each payment is judged on; model: the fraud model, or None; policy: from a
    probability and an amount to an action; without it, too, every answer is None.
    """
    if model is None or policy is None or not cases:
        return [None] * len(cases)
    rows = [model.row(case.facts) for case in cases]
    chances = model.probabilities(np.concatenate(rows)).tolist()
    return [
        _scored(model, row, chance, case, policy)
        for row, chance, case in zip(rows, chances, cases, strict=True)
    ]


def _scored(
    model: PaymentModel, row: Matrix, chance: float, case: PaymentCase, policy: FraudPolicy
) -> Scored:
    if case.is_authenticated:
        return Scored(model, row, chance, _authenticated_action(policy, chance, case))
    action = action_for(policy, chance, case.amount, case.expected_margin)
    future = policy.costs.future_lost(case.expected_margin)
    swayed = future > 0.0 and action != action_for(policy, chance, case.amount)
    return Scored(model, row, chance, action, swayed)


def resolve(
    case: PaymentCase, scored: Scored | None, rules: RuleSet, *, explain: bool = False
) -> PaymentVerdict:
    """The verdict, once it is known what the model says.

    case: what the payment is judged on; scored: what the model says of it, None without a model;
    rules: those in use; explain: whether the model's reasons are given also when the action is
    `allow`.
    """
    hit, failed = rules.judge(named(case, without_model=scored is None))
    asleep = tuple(rule for rule in hit if rule.name in case.snoozed)
    hit = tuple(rule for rule in hit if rule not in asleep) if asleep else hit
    said = scored.action if scored is not None else ACTIONS[0]
    action = max(said, *(_asked_by(rule, case) for rule in hit), "allow", key=ACTIONS.index)
    if "allow" in case.listed and not _overrules(case, hit):
        action = "allow"
    why = tuple(reason_of(rule) for rule in hit)
    if scored is not None and (explain or action != "allow"):
        told = scored.model.reasons(scored.row, case.facts)
        why += tuple(told)
    why += tuple(_snoozed_reason(rule) for rule in asleep)
    if case.is_authenticated:
        why = (_PASSED, *why)
    if scored is not None and scored.swayed:
        why = (_margin_reason(case.expected_margin), *why)
    probability = scored.probability if scored is not None else 0.0
    names = tuple(rule.name for rule in asleep)
    return PaymentVerdict(action, probability, why, tuple(rule.name for rule in hit), failed, names)


# What stands above the allow list: a card, device or address can change hands, and a buyer
# chooses them.
_WORST_AMOUNTS = (1.0, 50.0, 500.0, 5_000.0)


def action_for(
    policy: FraudPolicy, probability: float, amount: float, expected_margin: float = math.nan
) -> Action:
    """The policy's action; where the amount is not known, the severest at amounts of all sizes.

    policy: it; probability: of fraud; amount: in base currency, NaN where no rate is known;
    expected_margin: of the customer in the next year, NaN where it is not known.
    """
    if amount == amount:
        return policy.action(probability, amount, expected_margin)
    found = [policy.action(probability, each, expected_margin) for each in _WORST_AMOUNTS]
    return max(found, key=ACTIONS.index)


def _authenticated_action(policy: FraudPolicy, probability: float, case: PaymentCase) -> Action:
    """The policy's action for who has passed a challenge; as `action_for` for other payments."""
    amounts = (case.amount,) if case.amount == case.amount else _WORST_AMOUNTS
    found = [
        policy.action_after_challenge(probability, each, case.expected_margin) for each in amounts
    ]
    return max(found, key=ACTIONS.index)


def _asked_by(rule: FraudRule, case: PaymentCase) -> Action:
    """What a rule that holds asks for: a challenge that was passed is done."""
    return "allow" if rule.action == "challenge" and case.is_authenticated else rule.action


_PASSED = DecisionReason("CHALLENGE_PASSED", "the shopper has passed 3-D Secure in this retry", 0.0)


def _overrules(case: PaymentCase, hit: Sequence[FraudRule]) -> bool:
    """True if the allow list does not hold: a block list, or a rule on velocity that blocks."""
    return "block" in case.listed or any(rule.name in ATTACK_RULES for rule in hit)


def named(case: PaymentCase, *, without_model: bool) -> dict[str, Any]:
    """All that a rule may name.

    case: what the payment is judged on; without_model: whether no model says anything of it.
    """
    lists = {f"{name}_listed": name in case.listed for name in ("allow", "watch", "block")}
    named = {**case.payment, **case.facts, **lists, **case.attempt, "without_model": without_model}
    return named | {"amount_unknown": case.amount != case.amount}


def _margin_reason(expected_margin: float) -> DecisionReason:
    text = (
        f"the customer is expected to bring {expected_margin:,.2f} in base currency in the next "
        "year, which turning them away would put at risk"
    )
    return DecisionReason("CUSTOMER_EXPECTED_MARGIN", text, 0.0)


def reason_of(rule: FraudRule) -> DecisionReason:
    """The reason of a decision: that this rule holds."""
    return DecisionReason(f"RULE_{rule.name.upper()}", rule.text, 0.0)


def _snoozed_reason(rule: FraudRule) -> DecisionReason:
    text = f"snoozed for this customer: {rule.text}"
    return DecisionReason(f"RULE_{rule.name.upper()}_SNOOZED", text, 0.0)


def lists_of(entries: tuple[ListEntry, ...]) -> frozenset[str]:
    """The names of the lists that these entries stand on."""
    return frozenset(entry.list for entry in entries)
