import numpy as np
import pytest

from models.fraud import Costs, FraudPolicy, PolicyLimits, best_policy

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
