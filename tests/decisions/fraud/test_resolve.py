"""From what is known of a payment to an action: the severest holds, but for the lists."""

import math

import pytest

from decisions.fraud.lists import Lists
from decisions.fraud.resolve import PaymentCase, action_for, judge, lists_of
from decisions.fraud.rules import FraudRule, RuleSet
from models.fraud import ACTIONS, Costs, FraudPolicy

POLICY = FraudPolicy(Costs())
RULES = RuleSet(
    (
        FraudRule("large", "a large amount", "amount_base > 100.0", "review"),
        FraudRule("huge", "a huge amount", "amount_base > 1000.0", "block"),
        FraudRule("listed", "on the block list", "block_listed", "block"),
    )
)


def case(amount: float, *listed: str) -> PaymentCase:
    return PaymentCase({}, {"amount_base": amount}, amount, frozenset(listed))


@pytest.mark.parametrize(
    ("payment", "action", "hit"),
    [
        (case(50.0), "allow", ()),
        (case(500.0), "review", ("large",)),
        (case(5000.0), "block", ("large", "huge")),
        (case(5000.0, "allow"), "allow", ("large", "huge")),
        (case(50.0, "allow", "block"), "block", ("listed",)),
        (case(math.nan), "allow", ()),
    ],
)
def test_without_a_model_the_severest_rule_holds(
    payment: PaymentCase, action: str, hit: tuple[str, ...]
) -> None:
    verdict = judge(payment, None, None, RULES)
    assert (verdict.action, set(verdict.rules_hit)) == (action, set(hit))
    codes = [reason.code for reason in verdict.reasons]
    assert codes == [f"RULE_{name.upper()}" for name in verdict.rules_hit]


@pytest.mark.parametrize("probability", [0.0, 0.01, 0.2, 0.9])
def test_an_unknown_amount_is_treated_as_the_worst(probability: float) -> None:
    unknown = ACTIONS.index(action_for(POLICY, probability, math.nan))
    for amount in (1.0, 50.0, 500.0, 5_000.0):
        assert ACTIONS.index(action_for(POLICY, probability, amount)) <= unknown


def test_no_entries_are_on_no_list() -> None:
    assert lists_of(()) == frozenset()
    assert Lists({}).hit({"card_id": "k"}, None) == ()  # type: ignore[arg-type]
