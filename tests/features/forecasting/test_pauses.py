"""Pauses on grids of one pair whose answer is plain."""

import numpy as np
import pandas as pd
import pytest

from features.forecasting.grid import Grid
from features.forecasting.pauses import paused_cells

YEAR = {"day": 364, "week": 52, "month": 12}
QUARTER = {"day": 91, "week": 13, "month": 3}
FEW = {"day": 7, "week": 2, "month": 2}


def grid(count: int, frequency: str) -> Grid:
    pairs = pd.DataFrame({"warehouse_id": ["w"], "product_id": ["p"]})
    return Grid(pairs, np.array([0]), np.array([count]), frequency)


def paused(sold: list[float], frequency: str = "week") -> list[int]:
    """The places of paused periods."""
    cells = paused_cells(grid(len(sold), frequency), np.asarray(sold, dtype=float))
    return np.flatnonzero(cells).tolist()


@pytest.mark.parametrize("frequency", ["day", "week"])
@pytest.mark.parametrize("years", [0.25, 1, 2])
def test_a_silence_between_steady_sales_is_a_pause(frequency: str, years: float) -> None:
    length, before = round(years * YEAR[frequency]), YEAR[frequency] + 10
    sold = [3.0] * before + [0.0] * length + [3.0] * FEW[frequency]
    assert paused(sold, frequency) == list(range(before, before + length))


def test_months_pause_too() -> None:
    assert paused([80.0] * 20 + [0.0] * 14 + [80.0] * 2, "month") == list(range(20, 34))


def test_a_silence_that_lasts_may_be_the_end_and_is_none() -> None:
    assert paused([20.0] * 60 + [0.0] * 60) == []
    assert paused([20.0] * 60 + [0.0] * 60 + [20.0]) == [], "one sale is no return"


def test_what_sells_now_and_then_does_not_pause() -> None:
    assert paused([1.0, 0.0, 0.0, 0.0] * 10 + [0.0] * 8 + [1.0, 0.0, 0.0, 0.0] * 3) == []


def test_a_season_that_returns_every_year_is_no_pause() -> None:
    summer = [20.0] * 26 + [0.0] * 26
    assert paused(summer * 3) == []
    christmas = [20.0] * 10 + [0.0] * 42
    assert paused(christmas * 2 + [20.0] * 10) == []


def test_a_first_winter_without_another_year_to_compare_is_no_pause() -> None:
    assert paused([20.0] * 26 + [0.0] * 26 + [20.0] * 10) == []


def test_no_pair_at_all() -> None:
    empty = Grid(grid(1, "week").pairs.iloc[:0], np.zeros(0, int), np.zeros(0, int), "week")
    assert paused_cells(empty, np.zeros(0)).tolist() == []


def test_pauses_of_pairs_do_not_run_into_each_other() -> None:
    pairs = pd.DataFrame({"warehouse_id": ["v", "w"], "product_id": ["p", "p"]})
    both = Grid(pairs, np.array([0, 0]), np.array([60, 60]), "week")
    sold = np.array([3.0] * 40 + [0.0] * 20 + [0.0] * 20 + [3.0] * 40)
    assert not paused_cells(both, sold).any()
