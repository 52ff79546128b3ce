"""A policy replayed over weeks that were."""

import numpy as np
import pytest

from models.base import TooLittleDataError
from models.replenishment import MovingAverage, OrderUpTo
from models.replenishment.panel import ReplayPanel
from models.replenishment.replay import foresight, run
from tests.models.replenishment.policy_frames import past


def test_a_replay_by_hand() -> None:
    """Ten a week asked; 15 in stock, 5 come in week 1; each order takes two weeks."""
    history = past(np.full((1, 5), 10.0), on_hand=15.0, open_quantities=[5.0], open_due_days=[7.0])
    panel = ReplayPanel.of(history, seed=1)
    quantities = iter([4.0, 0.0, 20.0, 0.0, 0.0])
    trace = run(panel, lambda t, stock, pipeline: np.array([next(quantities)]))
    assert trace.stock.tolist() == [[5.0, 0.0, 0.0, 0.0, 10.0]]
    assert trace.missed.tolist() == [[0.0, 0.0, 6.0, 10.0, 0.0]]
    # The first order can be on the shelf in week 2: what came before is nobody's doing.
    assert trace.counted.tolist() == [[False, False, True, True, True]]
    week = 10.0 * 0.25 / 365 * 7
    assert trace.cost[0] == pytest.approx(16 * 5.0 + 10 * week)
    assert trace.fill_rate == pytest.approx(1 - 16 / 30)


def test_the_order_cost_of_unsold_units_is_carried_on() -> None:
    history = past(np.full((1, 4), 10.0), on_hand=30.0, order_cost=8.0, lead_time_mean=0.0)
    panel = ReplayPanel.of(history, seed=1)
    idle = run(panel, lambda t, stock, pipeline: np.array([0.0]))
    busy = run(panel, lambda t, stock, pipeline: np.array([40.0 if t == 0 else 0.0]))
    # Who lives on stock uses up orders paid before; one order of 40 lasts for the 40 sold.
    assert idle.cost[0] > 0
    assert (busy.ordering.sum() - busy.carried[0]) == pytest.approx(8.0)


def test_foresight_loses_nothing_it_could_have_had() -> None:
    random = np.random.default_rng(3)
    history = past(random.poisson(10.0, (6, 12)).astype(float), on_hand=40.0)
    panel = ReplayPanel.of(history, seed=1)
    perfect = run(panel, foresight(panel))
    assert (perfect.missed * perfect.counted).sum() == 0
    ours = OrderUpTo().replay(panel)
    assert perfect.cost_a_period < ours.cost_a_period


def test_reviews_keep_the_suppliers_calendar() -> None:
    history = past(np.full((1, 6), 10.0), review_period_days=14.0, lead_time_mean=0.0)
    panel = ReplayPanel.of(history, seed=1)
    trace = run(panel, lambda t, stock, pipeline: np.array([1.0]))
    asked = [t for t in range(6) if trace.missed[0, t] == 9.0]
    assert asked == [0, 2, 4]


def test_nothing_to_replay_is_said() -> None:
    with pytest.raises(TooLittleDataError, match="train forecasting first"):
        OrderUpTo().fit(past(np.ones((1, 2))).assign(window_mean=None, weekly_sales=0.0))


def test_a_replay_counts_only_what_comes_within_the_cover() -> None:
    panel = ReplayPanel.of(past(np.full((1, 6), 10.0)), seed=1)
    decide = MovingAverage().decide(panel)
    near, far = np.zeros((1, 6)), np.zeros((1, 6))
    near[0, 2], far[0, 3] = 20.0, 20.0
    nothing = np.zeros(1)
    assert decide(0, nothing, far)[0] - decide(0, nothing, near)[0] == 20
