import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.fraud import (
    ACTIONS,
    Costs,
    FraudPolicy,
    PolicyLimits,
    best_policy,
    observed_shift,
)

DRAW = np.random.default_rng(1)
P = np.concatenate([DRAW.beta(1, 60, 3_000), DRAW.beta(5, 3, 400)])
MONEY = DRAW.gamma(2.0, 60.0, len(P))


def test_people_are_not_asked_for_more_than_they_can_do() -> None:
    free = best_policy(P, MONEY, Costs(), budget=0.005)
    held = best_policy(P, MONEY, Costs(), budget=0.005, limits=PolicyLimits(reviewed=0.02))
    assert free.reviewed_share(P, MONEY) > 0.02
    assert held.reviewed_share(P, MONEY) <= 0.02
    assert held.chargeback_rate(P, MONEY) <= 0.005


@pytest.mark.parametrize("budget", [0.0001, 0.5])
def test_the_limit_of_friction_stands_above_the_budget(budget: float) -> None:
    limits = PolicyLimits(stopped=0.05)
    found = best_policy(P, MONEY, Costs(), budget=budget, limits=limits)
    assert found.stopped_share(P, MONEY) <= 0.05 + 1e-9


def test_one_payment_and_many_are_treated_alike() -> None:
    policy = FraudPolicy(Costs(), 0.005, 12.0, 0.1, review_price=3.0, stop_price=7.0)
    actions = policy.actions(P[:300], MONEY[:300])
    names = ("allow", "challenge", "review", "block")
    assert [policy.action(p, m) for p, m in zip(P[:300], MONEY[:300], strict=True)] == [
        names[place] for place in actions
    ]
    assert FraudPolicy.of(policy.numbers()) == policy


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1), st.floats(0, 5_000), st.floats(0, 50), st.floats(0, 500))
def test_each_payment_gets_its_cheapest_action(
    p: float, amount: float, review_cost: float, penalty: float
) -> None:
    costs = Costs(review_cost=review_cost)
    policy = FraudPolicy(costs, penalty=penalty)
    each = (
        costs.expected([p], [amount])[:, 0]
        + p * min(penalty, 10 * (amount + costs.chargeback_fee)) * costs.passes
    )
    chosen = ACTIONS.index(policy.action(p, amount))
    assert each[chosen] == pytest.approx(each.min())
    assert costs.of_one(p, amount) == pytest.approx(tuple(costs.expected([p], [amount])[:, 0]))
    assert each[policy.actions([p], [amount])[0]] == pytest.approx(each.min())


def some_payments() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    return draw.beta(0.05, 2, 20_000), draw.gamma(2, 60, 20_000)


@pytest.mark.parametrize("budget", [0.02, 0.005, 0.001])
def test_the_budget_is_held(budget: float) -> None:
    p, amount = some_payments()
    free = best_policy(p, amount, Costs())
    held = best_policy(p, amount, Costs(), budget=budget)
    assert held.chargeback_rate(p, amount) <= budget
    assert held.penalty == 0.0 or held.chargeback_rate(p, amount) > 0.98 * budget  # not stricter
    assert held.chargeback_rate(p, amount) <= free.chargeback_rate(p, amount)
    label = (np.random.default_rng(1).random(len(p)) < p).astype(float)
    assert held.chargeback_rate(p, amount, label) == pytest.approx(
        held.chargeback_rate(p, amount), rel=0.35
    )


def test_a_large_amount_is_stopped_sooner() -> None:
    small, large = (FraudPolicy(Costs()).starts(amount) for amount in (10.0, 1_000.0))
    assert large["review"] < small["review"]
    assert list(small.values()) == sorted(small.values())


def test_more_reported_fraud_than_foretold_makes_the_policy_stricter() -> None:
    p, amount = some_payments()
    assert observed_shift(p, p.sum()) == pytest.approx(0.0, abs=1e-9)
    shift = observed_shift(p, 3 * p.sum())
    odds = p * np.exp(shift)
    foretold = (odds / (1 - p + odds)).sum()
    assert foretold == pytest.approx(3 * p.sum(), rel=0.05)  # a little below: the prior holds back
    calm, alarmed = (best_policy(p, amount, Costs(), budget=0.005, shift=s) for s in (0.0, shift))
    assert alarmed.starts(50.0)["block"] < calm.starts(50.0)["block"]
    assert alarmed.action(0.0, 50.0) == "allow"


def test_a_policy_in_numbers_and_back() -> None:
    policy = best_policy([0.01, 0.2, 0.9], [50.0, 500.0, 90.0], Costs(), budget=0.01, shift=0.1)
    again = FraudPolicy.of(policy.numbers() | {"decile_1": 0.5})
    assert again == policy
    assert again.version == policy.version
    assert FraudPolicy.of({**policy.numbers(), "cost_margin": 0.3}).version != policy.version


def test_dearer_reviews_are_fewer() -> None:
    p, amount = some_payments()
    cheap, dear = (FraudPolicy(Costs(review_cost=c)).actions(p, amount) for c in (1.0, 1_000.0))
    assert (cheap == ACTIONS.index("review")).sum() > 0
    assert (dear == ACTIONS.index("review")).sum() == 0


@pytest.mark.parametrize("spread", [0.0, 0.02])
@pytest.mark.parametrize("limits", [None, PolicyLimits(reviewed=0.05, stopped=0.1)])
def test_without_a_sign_of_fraud_no_cheaper_payment_is_blocked(
    spread: float, limits: PolicyLimits | None
) -> None:
    """All payments look alike and are dear, and the budget cannot be held: a penalty that is found
    on them says nothing of cheap ones."""
    amounts = 122_400.0 * (1 + spread * np.linspace(-1, 1, 500))
    policy = best_policy(np.full(500, 0.01), amounts, Costs(), budget=0.005, limits=limits)
    for amount in (0.0, 0.01, 1.0, 50.0, 500.0, 60_000.0, 122_400.0):
        assert policy.action(0.01, amount) != "block"
        assert policy.actions([0.01], [amount])[0] == ACTIONS.index(policy.action(0.01, amount))
