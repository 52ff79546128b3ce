"""A successor's own sales put what it inherited on its own level."""

import numpy as np
import pandas as pd
import pytest

from models.forecasting.panel import DemandPanel, panel
from models.forecasting.successors import on_own_level

WEEKS, OWN = 60, 4


def given(factor: float, *, own: int = OWN, level: float = 20.0) -> DemandPanel:
    """Two products; the second has inherited, and sells `factor` of it in its own weeks."""
    random, rows = np.random.default_rng(1), []
    starts = pd.date_range("2023-01-02", periods=WEEKS, freq="7D").strftime("%Y-%m-%d")
    season = 1 + 0.4 * np.sin(2 * np.pi * np.arange(WEEKS) / 52)
    for product in ("a", "b"):
        units = random.poisson(level * season).astype(float)
        rows.append(
            pd.DataFrame({"product_id": product, "period_start": starts, "quantity": units})
        )
    rows[1].loc[WEEKS - own :, "quantity"] *= factor
    rows[1]["continues"] = np.where(np.arange(WEEKS) < WEEKS - own, "a", None)
    frame = pd.concat(rows).assign(warehouse_id="w", category="tea", frequency="week")
    return panel(frame, horizon=4)


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_four_weeks_tell_the_level(factor: float) -> None:
    before = given(factor)
    after = on_own_level(before)
    moved = after.demand[1, 0] / before.demand[1, 0]
    assert moved == pytest.approx(factor, rel=0.25)
    assert (after.demand[0] == before.demand[0]).all()
    assert (after.demand[1, -OWN:] == before.demand[1, -OWN:]).all()


def test_one_slow_week_says_little() -> None:
    before = given(0.0, own=1, level=0.5)
    after = on_own_level(before)
    moved = after.demand[1].sum() / before.demand[1].sum()
    assert 0.7 < moved < 1


def test_without_own_weeks_or_a_predecessor_nothing_moves() -> None:
    before = given(1.0, own=0)
    assert on_own_level(before) is before
