"""When an order costs money: what our rule costs in the long run beside the best (s, S) policy."""

from collections.abc import Mapping

import numpy as np
import pytest
from scipy.stats import poisson

from models.replenishment import OrderUpTo
from models.replenishment.protection_interval import WEIGHTS, Demand
from models.replenishment.reorder import _chances, best_policy, reorder
from tests.models.replenishment.planning import frame, poissons, row

LEAST, MOST = -40, 100  # the positions looked at

# Zheng & Federgruen, Finding optimal (s, S) policies is about as simple as evaluating a single
# policy, Operations Research 39 (1991), 654–665, table 1: Poisson demand, no lead time, K = 64,
# h = 1, p = 9; and Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., example 4.7 (K = 5,
# p = 4).
PUBLISHED = [
    (10.0, 64.0, 9.0, 6, 40, 35.022),
    (15.0, 64.0, 9.0, 10, 49, 42.698),
    (20.0, 64.0, 9.0, 14, 62, 49.173),
    (25.0, 64.0, 9.0, 19, 56, 54.262),
    (6.0, 5.0, 4.0, 4, 10, 8.034),
]


def demand(mean: float, spread: float) -> Demand:
    """Demand near its mean. spread: units between the mean and the outer quantiles."""
    return Demand(np.array([mean]), mean + spread * np.linspace(-1, 1, len(WEIGHTS))[None, :])


def best_of_all(
    demand_rate: float, *, order_cost: float, backlogged: float
) -> tuple[int, int, float]:
    """The (s, S) of the least mean cost and that cost; holding costs 1."""
    asked = np.arange(int(demand_rate * 6))
    chance = poisson.pmf(asked, demand_rate)
    left = np.arange(MOST)[:, None] - asked
    period = (np.maximum(left, 0) + backlogged * np.maximum(-left, 0)) @ chance
    s, up_to, cost = best_policy(
        chance[None, :],
        period[None, :],
        np.array([order_cost]),
        least=np.array([1]),
        lowest=np.array([-1]),
        highest=np.array([MOST]),
    )
    return int(s[0]), int(up_to[0]), float(cost[0])


def long_run(
    after: Mapping[int, int], demand_rate: float, *, order_cost: float, backlogged: float
) -> float:
    """Mean cost of a period of the policy that raises position x to after[x]; holding costs 1.

    Unmet demand waits. The stationary distribution of the position is solved for.
    """
    positions = np.arange(LEAST, max(after.values()) + 1)
    raised = np.array([after[x] for x in positions])
    asked = np.arange(int(demand_rate * 6))
    chance = poisson.pmf(asked, demand_rate)
    left = raised[:, None] - asked
    moves = np.zeros((len(positions), len(positions)))
    rows = np.repeat(np.arange(len(positions)), len(asked))
    np.add.at(moves, (rows, np.maximum(left - LEAST, 0).ravel()), np.tile(chance, len(positions)))
    cost = order_cost * (raised > positions)
    cost = cost + (np.maximum(left, 0) + backlogged * np.maximum(-left, 0)) @ chance
    balance = np.vstack([moves.T - np.eye(len(positions)), np.ones(len(positions))])
    share = np.linalg.lstsq(balance, np.append(np.zeros(len(positions)), 1.0), rcond=None)[0]
    return float(share @ cost)


def ours(demand_rate: float, *, order_cost: float, backlogged: float) -> dict[int, int]:
    """What our rule raises each position to, nothing learned: the level, or a lot above it."""
    common = row(
        unit_cost=1.0,
        holding_cost_rate=365 / 7,
        stockout_cost=backlogged,
        order_cost=order_cost,
        lead_time_days=0.0,
        lead_time_mean=0.0,
        **poissons(demand_rate),
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


@pytest.mark.parametrize(
    ("demand_rate", "order_cost", "backlogged", "s", "up_to", "best"), PUBLISHED
)
def test_the_best_policies_are_the_published_ones(
    demand_rate: float, order_cost: float, backlogged: float, s: int, up_to: int, best: float
) -> None:
    found = best_of_all(demand_rate, order_cost=order_cost, backlogged=backlogged)
    assert found == (s, up_to, pytest.approx(best, abs=5e-4))


@pytest.mark.parametrize(
    ("demand_rate", "order_cost", "backlogged", "s", "up_to", "best"), PUBLISHED
)
def test_our_lots_cost_little_more_than_the_best_policy(
    demand_rate: float, order_cost: float, backlogged: float, s: int, up_to: int, best: float
) -> None:
    textbook = {x: up_to if x <= s else x for x in range(LEAST, up_to + 1)}
    terms = {"order_cost": order_cost, "backlogged": backlogged}
    assert long_run(textbook, demand_rate, **terms) == pytest.approx(best, abs=5e-4)
    cost = long_run(ours(demand_rate, **terms), demand_rate, **terms)
    assert best - 5e-4 <= cost <= 1.002 * best


def test_a_smallest_order_and_a_highest_position_bind() -> None:
    chance = poisson.pmf(np.arange(60), 10.0)[None, :]
    left = np.arange(MOST)[:, None] - np.arange(60)
    period = (np.maximum(left, 0) + 9.0 * np.maximum(-left, 0)) @ chance[0]
    terms = (chance, period[None, :], np.array([64.0]))
    free = {"least": np.array([1]), "lowest": np.array([-1]), "highest": np.array([MOST])}
    s, up_to, cost = best_policy(*terms, **free)
    assert (s[0], up_to[0]) == (6, 40)
    for bound, holds in (
        ({"least": np.array([50])}, lambda s, up_to: up_to - s >= 50),
        ({"lowest": np.array([9])}, lambda s, up_to: s >= 9),
        ({"highest": np.array([30])}, lambda s, up_to: up_to <= 30),
        ({"highest": np.array([5]), "least": np.array([20])}, lambda s, up_to: up_to - s == 20),
    ):
        bound_s, bound_up_to, dearer = best_policy(*terms, **(free | bound))
        assert holds(int(bound_s[0]), int(bound_up_to[0]))
        assert dearer[0] > cost[0]


def test_where_orders_cost_nothing_the_level_stands() -> None:
    line = OrderUpTo().predict(frame(row(order_cost=0.0))).iloc[0]
    assert line["order_quantity"] == pytest.approx(line["order_up_to"], abs=1.0)
    assert line["minimum"] == 0


def test_no_order_that_costs_more_than_the_sales_it_saves() -> None:
    line = OrderUpTo().predict(frame(row(order_cost=1e6, unit_cost=1.0))).iloc[0]
    assert line["order_quantity"] == 0
    assert line["not_ordered_reason"] == "an order costs more than the sales it saves"


def test_below_the_reorder_point_the_lot_goes_beyond_the_level() -> None:
    """And above it nothing is ordered, however little is missing."""
    costly = row(order_cost=40.0)
    empty = OrderUpTo().predict(frame(costly)).iloc[0]
    assert empty["lot_stock"] > 5
    assert empty["order_quantity"] == pytest.approx(empty["order_up_to"], abs=0.5)
    plenty = OrderUpTo().predict(frame(costly | {"on_hand": 1000.0})).iloc[0]
    nearly = costly | {"on_hand": float(np.floor(plenty["order_up_to"] - plenty["lot_stock"]))}
    line = OrderUpTo().predict(frame(nearly)).iloc[0]
    assert line["order_quantity"] == 0
    assert line["not_ordered_reason"] == "above the reorder point"


def test_what_the_shelf_must_show_is_ordered_whatever_an_order_costs() -> None:
    line = OrderUpTo().predict(frame(row(order_cost=1e6, display_minimum=3.0))).iloc[0]
    assert line["order_quantity"] >= 3


@pytest.mark.parametrize("mean", [0.05, 0.138, 0.5, 1.0, 1.7, 6.3])
@pytest.mark.parametrize("spread", [0.0, 0.3, 1.0, 4.0])
def test_the_chances_of_a_period_are_chances_of_its_mean(mean: float, spread: float) -> None:
    chances = _chances(np.array([mean]), np.array([spread * mean]))[0]
    assert chances.sum() == pytest.approx(1.0, abs=1e-6)
    assert chances @ np.arange(len(chances)) == pytest.approx(mean, rel=0.02)


def test_far_above_the_table_a_unit_more_costs_its_holding_until_it_is_sold() -> None:
    """Of steady demand 10 a period, unit 1,000 above the level is held for about 100 of them."""
    found = reorder(
        demand(10.0, 0.1),
        demand(20.0, 0.1),
        np.array([20.0]),
        ratio=np.array([0.9]),
        order_cost=np.array([2.0]),
        least=np.zeros(1),
        most=np.array([200.0]),
        held=np.zeros(1, dtype=bool),
    )
    above = np.array([1000.0, 1001.0])
    low, high = found.costs(np.array([0, 0]), above, ratio=np.full(2, 0.9))
    assert high - low == pytest.approx(0.1 * 100, rel=0.05)
