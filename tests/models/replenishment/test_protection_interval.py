"""Demand over the cover."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import nbinom, norm, poisson

from models.base import ModelError
from models.replenishment.protection_interval import (
    GRID,
    WEIGHTS,
    Demand,
    Windows,
    combined,
    lost_sales_level,
    row_by_row,
    safety,
)
from tests.models.replenishment.planning import NOW, frame, row, windows
from tests.models.replenishment.policy_frames import line


def lost_sales_cost(level: int, demand: NDArray[np.float64], lead: int, holding: float) -> float:
    """Cost of a period, simulated: order up to the level, wait `lead` periods, lose what is short.

    demand: paths × periods; a lost sale costs 1.
    """
    stock = np.full(len(demand), float(level))
    coming = [np.zeros(len(demand))] * lead
    cost = 0.0
    for period, wanted in enumerate(demand.T):
        coming = [*coming, level - stock - sum(coming)]
        stock = stock + coming.pop(0)
        lost, stock = np.maximum(wanted - stock, 0.0), np.maximum(stock - wanted, 0.0)
        if period >= 20:
            cost += holding * stock.mean() + lost.mean()
    return cost / (demand.shape[1] - 20)


@pytest.mark.parametrize("lead", [0, 1, 2, 4])
@pytest.mark.parametrize(("demand_rate", "spread"), [(0.3, 1.0), (3.0, 1.0), (8.0, 2.5)])
def test_the_level_is_the_best_one_where_sales_are_lost(
    lead: int, demand_rate: float, spread: float
) -> None:
    """Base stock, lost sales, fixed lead time: no formula is exact; ours against a simulation of
    every level. spread: variance over mean."""
    holding, size = 0.2, demand_rate / max(spread - 1, 1e-9)
    law = poisson(demand_rate) if spread == 1 else nbinom(size, 1 / spread)
    demand = law.rvs(size=(150, 120), random_state=3).astype(float)
    cover = law.rvs(size=(40_000, lead + 1), random_state=4).sum(axis=1)
    quantiles = np.quantile(cover, norm.cdf(GRID), method="inverted_cdf")[None, :].astype(float)
    level = lost_sales_level(
        Demand(cover.mean(keepdims=True), quantiles),
        np.array([1 / (1 + holding)]),
        np.array([1 / (lead + 1)]),
    )
    ours = int(np.quantile(cover, level[0], method="inverted_cdf"))
    newsvendor = int(np.quantile(cover, 1 / (1 + holding), method="inverted_cdf"))
    cost = {n: lost_sales_cost(n, demand, lead, holding) for n in range(newsvendor + 3)}
    assert cost[ours] <= 1.05 * min(cost.values())
    assert cost[ours] <= cost[newsvendor] + 1e-9


def test_windows_are_read_at_any_number_of_days() -> None:
    table = frame(row())
    found = Windows.of(table, table["event_timestamp"])
    for weeks in (0.5, 1.0, 2.5, 13.0, 20.0):
        (demand,) = found.over(np.array([[7 * weeks]]))
        assert demand.mean[0] == pytest.approx(10 * weeks)
        spread = demand.at(np.array([1.0]))[0] - demand.mean[0]
        assert spread == pytest.approx(4 * np.sqrt(weeks), rel=1e-6)


def test_a_forecast_made_earlier_is_read_from_now_on() -> None:
    table = frame(row(event_timestamp=NOW + pd.Timedelta(days=3.5)))
    rising = np.cumsum(np.arange(1, 14)).astype(float)
    table["window_mean"] = [rising.tolist()]
    (demand,) = Windows.of(table, table["event_timestamp"]).over(np.array([[7.0]]))
    assert demand.mean[0] == pytest.approx(0.5 * 1 + 0.5 * 2)


def test_demand_exceeds_and_falls_short() -> None:
    demand = Demand(np.array([10.0]), 10.0 + 2.0 * GRID[None, :])
    assert demand.exceeds(np.array([10.0]))[0] == pytest.approx(0.5)
    assert demand.exceeds(np.array([12.0]))[0] == pytest.approx(1 - norm.cdf(1), abs=1e-3)
    # Standard normal loss: E(Z)+ = 0.3989.
    assert demand.shortage(np.array([10.0]))[0] == pytest.approx(2 * 0.3989, rel=0.03)
    gap = demand.leftover(np.array([13.0])) - demand.shortage(np.array([13.0]))
    assert gap[0] == pytest.approx(3.0, abs=0.05)


def test_too_few_levels_are_refused() -> None:
    with pytest.raises(ModelError, match="at least two levels"):
        line(levels=[0.5], window_quantiles=[1.0] * 13)


def test_an_order_that_comes_after_the_cover_does_not_count_yet() -> None:
    late = line(open_quantities=[7.0, 100.0], open_due_days=[20.0, 21.0])
    assert (late["on_order"], late["on_order_later"]) == (7, 100)


@pytest.mark.parametrize("on_hand", [40.0, 80.0, 200.0])
def test_more_lead_time_variance_never_lowers_the_cover(on_hand: float) -> None:
    """On a stocked shelf: an empty one loses more before arrival, which no stock can mend."""
    given_ = {"lead_time_days": 7.0, "on_hand": on_hand, **windows(20.0, 4.0)}
    levels = [line(**given_, lead_time_spread=days)["order_up_to"] for days in (0.0, 2.0, 5.0, 9.0)]
    assert levels == sorted(levels)
    assert levels[0] < levels[-1]


@hypothesis_settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0, 50), min_size=8, max_size=8),
    st.floats(0, 10),
    st.floats(0, 10),
    st.floats(-2.5, 3.0),
)
def test_distributions_stay_distributions(
    values: list[float], demand_rate: float, lead_sd: float, z: float
) -> None:
    quantiles = np.interp(GRID, np.linspace(GRID[0], GRID[-1], 8), np.sort(values))[None, :]
    demand = Demand(quantiles.mean(axis=1), quantiles)
    mixed = combined(demand, demand_rate=np.array([demand_rate]), lead_sd=np.array([lead_sd]))
    assert (np.diff(mixed.quantiles) >= -1e-9).all()
    assert (mixed.quantiles >= 0).all()
    extra = safety(
        demand, np.array([z]), demand_rate=np.array([demand_rate]), lead_sd=np.array([lead_sd])
    )
    assert extra[0] >= -demand.mean[0]
    risk = [mixed.exceeds(np.array([stock]))[0] for stock in (0.0, 10.0, 30.0, 60.0)]
    assert risk == sorted(risk, reverse=True)


def test_a_row_is_computed_as_if_it_stood_alone() -> None:
    values = np.sort(np.random.default_rng(3).random((37, len(GRID))), axis=1)
    for weights in (WEIGHTS, np.outer(WEIGHTS, GRID)):
        whole = row_by_row(values, weights)
        assert np.allclose(whole, values @ weights)
        assert all((row_by_row(values[[n]], weights)[0] == whole[n]).all() for n in range(37))
