"""Forecasts added up: levels agree, and pairs that err together widen what their sum may be."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.forecasting import TOTALS, PairOutlooks, number, past_totals, total_quantiles, totals

LEVELS = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99]
WEEKS = [f"{day:%Y-%m-%d}" for day in pd.date_range("2024-01-01", periods=14, freq="7D")]


def forecasts(means: np.ndarray, start: int, *, spread: float) -> pd.DataFrame:
    """Three weeks from WEEKS[start] of pairs in two warehouses; normal quantiles, weeks alike."""
    normal = np.array([-2.326, -1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645, 2.326])
    weeks = np.arange(1, 4)
    rows = []
    for place, mean in enumerate(means):
        single = np.tile(mean + spread * normal, (3, 1))
        window = mean * weeks[:, None] + spread * np.sqrt(weeks)[:, None] * normal
        rows.append(
            {
                "warehouse_id": f"w{place % 2}",
                "product_id": f"p{place // 2}",
                "event_timestamp": pd.Timestamp(WEEKS[start], tz="UTC"),
                "frequency": "week",
                "period_start": WEEKS[start],
                "levels": LEVELS,
                "mean": [float(mean)] * 3,
                "quantiles": single.ravel(),
                "window_mean": mean * weeks,
                "window_quantiles": window.ravel(),
                "forecast_as_of": datetime(2024, 1, 1, tzinfo=UTC).isoformat(),
                "model_version": "1",
            }
        )
    return pd.DataFrame(rows)


def demand(units: np.ndarray) -> pd.DataFrame:
    """units: pairs × weeks from the first one."""
    pair, week = np.indices(units.shape)
    return pd.DataFrame(
        {
            "warehouse_id": [f"w{one % 2}" for one in pair.ravel()],
            "product_id": [f"p{one // 2}" for one in pair.ravel()],
            "event_timestamp": pd.to_datetime([WEEKS[one] for one in week.ravel()], utc=True),
            "period_start": [WEEKS[one] for one in week.ravel()],
            "quantity": units.ravel(),
            "in_stock": 1.0,
            "censored": False,
            "category": [f"c{one // 4}" for one in pair.ravel()],
            "country": [f"L{one % 2}" for one in pair.ravel()],
        }
    )


def past(means: np.ndarray, weeks: int, *, spread: float) -> pd.DataFrame:
    return pd.concat(
        [forecasts(means, start, spread=spread) for start in range(weeks + 1)], ignore_index=True
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=12))
def test_all_levels_add_up_to_the_pairs(means: list[float]) -> None:
    rows = forecasts(np.array(means), 8, spread=1.0)
    known = demand(np.full((len(means), 8), 2.0))
    for level in TOTALS:
        found = totals(PairOutlooks.of(rows, known), level)
        assert found is not None
        assert found.pairs.sum() == len(means)
        np.testing.assert_allclose(found.mean.sum(axis=0), [sum(means)] * 3, atol=1e-6)
        np.testing.assert_allclose(found.window_mean[:, -1].sum(), 3 * sum(means), atol=1e-6)


def test_a_group_is_named_by_its_own() -> None:
    rows = forecasts(np.arange(1.0, 7.0), 8, spread=1.0)
    known = demand(np.full((6, 8), 2.0))
    by_category = totals(PairOutlooks.of(rows, known), "category")
    assert by_category is not None
    assert (list(by_category.keys), by_category.mean[:, 0].tolist()) == (["c0", "c1"], [10.0, 11.0])
    assert by_category.period_starts == WEEKS[8:11]
    everything = totals(PairOutlooks.of(rows, known), "total")
    assert everything is not None
    assert list(everything.keys) == [""]


def test_pairs_that_err_apart_cancel_out() -> None:
    """400 pairs of 100 ± 20: the sum is 40,000 ± 400."""
    random = np.random.default_rng(7)
    units = random.normal(100.0, 20.0, (400, 12))
    found = totals(
        PairOutlooks.of(past(np.full(400, 100.0), 12, spread=20.0), demand(units)), "total"
    )
    assert found is not None
    assert 380 < np.sqrt(found.variance[0, 0]) < 600  # twelve weeks tell it no better


def test_pairs_that_err_together_do_not() -> None:
    """Each week all sell a fifth more or less: so does their sum, whatever the pairs' number."""
    random = np.random.default_rng(7)
    week = np.where(np.arange(12) % 2, 1.2, 0.8)
    units = random.normal(100.0, 20.0, (400, 12)) * week
    found = totals(
        PairOutlooks.of(past(np.full(400, 100.0), 12, spread=20.0), demand(units)), "total"
    )
    assert found is not None
    assert np.sqrt(found.variance[0, 0]) == pytest.approx(8_000.0, rel=0.1)
    low, high = total_quantiles(found.mean[0, :1], found.variance[0, :1], [0.1, 0.9])[0]
    assert (low, high) == (pytest.approx(30_000, rel=0.03), pytest.approx(50_500, rel=0.03))


def test_the_sum_of_one_period_is_that_period_and_what_lasts_does_not_cancel() -> None:
    random = np.random.default_rng(7)
    means = np.full(400, 100.0)
    passing = random.normal(100.0, 20.0, (400, 12)) * np.where(random.random(12) < 0.5, 1.2, 0.8)
    lasting = random.normal(120.0, 20.0, (400, 12))
    for units, of_three in ((passing, 8_000.0 * 3**0.5), (lasting, 8_000.0 * 3)):
        found = totals(PairOutlooks.of(past(means, 12, spread=20.0), demand(units)), "total")
        assert found is not None
        np.testing.assert_allclose(found.window_variance[:, 0], found.variance[:, 0])
        assert np.sqrt(found.window_variance[0, 2]) == pytest.approx(of_three, rel=0.25)


def test_what_was_not_seen_in_full_teaches_nothing() -> None:
    units = np.full((4, 8), 100.0)
    known = demand(units).assign(in_stock=0.5, quantity=0.0)
    found = totals(PairOutlooks.of(past(np.full(4, 100.0), 8, spread=1.0), known), "total")
    assert found is not None
    assert found.variance[0, 0] == pytest.approx(4.0, rel=0.2)


def test_no_forecasts_no_totals() -> None:
    none = forecasts(np.ones(2), 0, spread=1.0).iloc[:0]
    assert totals(PairOutlooks.of(none, demand(np.ones((2, 8)))), "total") is None


def test_quantiles_of_rare_sales_are_whole_units() -> None:
    found = total_quantiles(np.array([0.1, 0.0]), np.array([0.1, 0.0]), [0.1, 0.5, 0.95])
    assert found.tolist() == [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]


def test_periods_that_have_closed_are_told_no_more() -> None:
    rows = forecasts(np.array([4.0, 6.0]), 8, spread=1.0)
    found = totals(PairOutlooks.of(rows, demand(np.full((2, 8), 2.0))), "total")
    assert found is not None
    first = number(pd.Timestamp(WEEKS[8], tz="UTC").to_pydatetime(), "week")
    assert found.later(first) is found
    later = found.later(first + 1)
    assert later is not None
    assert list(later.period_starts) == WEEKS[9:11]
    assert later.over == 1
    np.testing.assert_allclose(later.window_mean, [[10.0, 20.0]])
    assert later.window_variance[0, 0] == pytest.approx(later.variance[0, 0], rel=0.1)
    assert found.later(first + 3) is None


def test_past_demand_adds_up_and_tells_what_is_not_known() -> None:
    demand = pd.DataFrame(
        {
            "warehouse_id": ["w0", "w1", "w0", "w1"],
            "product_id": "p0",
            "period_start": ["2024-01-01", "2024-01-01", "2024-01-08", "2024-01-08"],
            "event_timestamp": pd.to_datetime(["2024-01-08"] * 2 + ["2024-01-15"] * 2, utc=True),
            "quantity": [3.0, 4.0, 5.0, np.nan],
            "category": ["old", "tea", "new", "tea"],
            "country": "DE",
        }
    )
    whole = past_totals(demand, "total")
    assert whole.period_starts == ["2024-01-01", "2024-01-08"]
    assert whole.quantity.tolist() == [[7.0, 5.0]]
    assert whole.unknown.tolist() == [[0, 1]]
    by_category = past_totals(demand, "category")
    assert by_category.keys == ["new", "tea"]  # a pair is where it is now
    assert by_category.quantity.tolist() == [[3.0, 5.0], [4.0, 0.0]]
