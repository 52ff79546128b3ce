"""When an order costs money: what our rule costs in the long run beside the best (s, S) policy."""

from collections.abc import Mapping

import numpy as np
import pytest
from scipy.stats import poisson

from models.replenishment import OrderUpTo
from tests.models.planning import frame, poissons, row

LEAST, MOST = -40, 100  # the positions looked at

# Zheng & Federgruen, Finding optimal (s, S) policies is about as simple as evaluating a single
# policy, Operations Research 39 (1991), 654–665, table 1: Poisson demand, no lead time, K = 64,
# h = 1, p = 9; and Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., example 4.7 (K = 5,
# p = 4). That each is the best of all is computed here, so that nothing rests on the print.
PUBLISHED = [
    (10.0, 64.0, 9.0, 6, 40, 35.022),
    (15.0, 64.0, 9.0, 10, 49, 42.698),
    (20.0, 64.0, 9.0, 14, 62, 49.173),
    (25.0, 64.0, 9.0, 19, 56, 54.262),
    (6.0, 5.0, 4.0, 4, 10, 8.034),
]


def best_of_all(pace: float, *, order_cost: float, backlogged: float) -> tuple[int, int, float]:
    """The (s, S) of the least mean cost, every pair tried, and that cost; holding costs 1.

    c(s, S) = (K + Σ m(j)·G(S − j)) / Σ m(j), j from 0 to S − s − 1: m is the renewal density of
    demand, G the cost of a period (Zheng & Federgruen, 1991, equation 3).
    """
    asked = np.arange(int(pace * 6))
    chance = poisson.pmf(asked, pace)
    positions = np.arange(LEAST, MOST)
    left = positions[:, None] - asked
    period = (np.maximum(left, 0) + backlogged * np.maximum(-left, 0)) @ chance
    renewals = np.zeros(MOST - LEAST)
    for j in range(len(renewals)):
        most = min(j, len(chance) - 1)
        before = chance[1 : most + 1] @ renewals[j - most : j][::-1]
        renewals[j] = ((j == 0) + before) / (1 - chance[0])
    time, found = np.cumsum(renewals), (0, 0, np.inf)
    for up_to in range(1, MOST):
        costs = period[: up_to - LEAST + 1][::-1]
        means = (order_cost + np.cumsum(renewals[: len(costs)] * costs)) / time[: len(costs)]
        gap = int(np.argmin(means)) + 1
        if means[gap - 1] < found[2]:
            found = (up_to - gap, up_to, float(means[gap - 1]))
    return found


def long_run(
    after: Mapping[int, int], pace: float, *, order_cost: float, backlogged: float
) -> float:
    """Mean cost of a period of the policy that raises position x to after[x]; holding costs 1.

    Unmet demand waits. The stationary distribution of the position is solved for.
    """
    positions = np.arange(LEAST, max(after.values()) + 1)
    raised = np.array([after[x] for x in positions])
    asked = np.arange(int(pace * 6))
    chance = poisson.pmf(asked, pace)
    left = raised[:, None] - asked
    moves = np.zeros((len(positions), len(positions)))
    rows = np.repeat(np.arange(len(positions)), len(asked))
    np.add.at(moves, (rows, np.maximum(left - LEAST, 0).ravel()), np.tile(chance, len(positions)))
    cost = order_cost * (raised > positions)
    cost = cost + (np.maximum(left, 0) + backlogged * np.maximum(-left, 0)) @ chance
    balance = np.vstack([moves.T - np.eye(len(positions)), np.ones(len(positions))])
    share = np.linalg.lstsq(balance, np.append(np.zeros(len(positions)), 1.0), rcond=None)[0]
    return float(share @ cost)


def ours(pace: float, *, order_cost: float, backlogged: float) -> dict[int, int]:
    """What our rule raises each position to, nothing learned: the level, or a lot above it."""
    common = row(
        unit_cost=1.0,
        holding_cost_rate=365 / 7,
        stockout_cost=backlogged,
        order_cost=order_cost,
        lead_time_days=0.0,
        lead_time_mean=0.0,
        **poissons(pace),
    )
    rows = [
        common
        | {
            "product_id": f"{x - LEAST:04d}",
            "on_hand": float(max(x, 0)),
            "reserved": float(max(-x, 0)),
        }
        for x in range(LEAST, MOST)
    ]
    plan = OrderUpTo().predict(frame(*rows)).sort_values("product_id")
    wanted = plan["order_quantity"].astype(int).to_numpy()
    raised = {x: x + int(units) for x, units in zip(range(LEAST, MOST), wanted, strict=True)}
    highest = max(end for start, end in raised.items() if end > start)
    return {x: end for x, end in raised.items() if x <= highest}


@pytest.mark.parametrize(("pace", "order_cost", "backlogged", "s", "up_to", "best"), PUBLISHED)
def test_the_published_policies_are_the_best_of_all(
    pace: float, order_cost: float, backlogged: float, s: int, up_to: int, best: float
) -> None:
    found = best_of_all(pace, order_cost=order_cost, backlogged=backlogged)
    assert found == (s, up_to, pytest.approx(best, abs=5e-4))


@pytest.mark.parametrize(("pace", "order_cost", "backlogged", "s", "up_to", "best"), PUBLISHED)
def test_our_lots_cost_little_more_than_the_best_policy(
    pace: float, order_cost: float, backlogged: float, s: int, up_to: int, best: float
) -> None:
    textbook = {x: up_to if x <= s else x for x in range(LEAST, up_to + 1)}
    terms = {"order_cost": order_cost, "backlogged": backlogged}
    assert long_run(textbook, pace, **terms) == pytest.approx(best, abs=5e-4)
    cost = long_run(ours(pace, **terms), pace, **terms)
    assert best - 5e-4 <= cost <= 1.045 * best
