"""BG/NBD: parameters come back from simulated customers, answers stay within reason."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.base import TooLittleDataError
from models.customers.beta_geometric import BetaGeometric
from models.customers.purchase_process import PurchaseSummary

CDNOW = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}


def one(repeats: float, last: float, age: float) -> PurchaseSummary:
    return PurchaseSummary(np.array([repeats]), np.array([last]), np.array([age]))


def simulated(count: int, seed: int = 5) -> pd.DataFrame:
    """Customers of a known process, seen for 52 weeks."""
    rng = np.random.default_rng(seed)
    rows = []
    for rate, leaves in zip(rng.gamma(0.8, 1 / 6, count), rng.beta(1.0, 3.0, count), strict=True):
        time, last, repeats = 0.0, 0.0, 0
        while rate > 1e-4:
            time += rng.exponential(1 / rate)
            if time > 52:
                break
            last, repeats = time, repeats + 1
            if rng.random() < leaves:
                break
        rows.append((repeats, 7 * last, 364.0))
    return pd.DataFrame(rows, columns=["repeat_orders", "active_days", "age_days"])


def test_parameters_come_back() -> None:
    found = BetaGeometric().fit(simulated(4000)).parameters()
    assert found["r"] == pytest.approx(0.8, rel=0.2)
    assert found["alpha"] == pytest.approx(6.0, rel=0.3)
    assert found["a"] / (found["a"] + found["b"]) == pytest.approx(0.25, abs=0.06)


def test_known_answers() -> None:
    """A customer of the paper's spreadsheet: x = 2, t_x = 30.43, T = 38.86 weeks, 39 more."""
    model = BetaGeometric().restore(CDNOW)
    expected = model.expected_orders(one(2, 30.43, 38.86), np.array([39.0]))
    assert expected[0] == pytest.approx(1.226, abs=0.002)


def test_who_never_ordered_again_is_alive_to_the_model() -> None:
    assert BetaGeometric().restore(CDNOW).alive(one(0, 0, 30))[0] == 1.0


def test_thousands_of_orders_do_not_overflow() -> None:
    model = BetaGeometric().restore(CDNOW)
    expected = model.expected_orders(one(5000, 100, 100.1), np.array([52.0]))
    assert 2000 < expected[0] < 3000


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.floats(0.1, 300), st.floats(0, 1), st.floats(0.1, 150))
def test_expectations_grow_with_the_horizon(
    repeats: int, age: float, share: float, weeks: float
) -> None:
    model = BetaGeometric().restore(CDNOW)
    history = one(repeats, age * share if repeats else 0.0, age)
    near, far = (model.expected_orders(history, np.array([w]))[0] for w in (weeks, 2 * weeks))
    chance = model.order_probability(history, np.array([weeks]))[0]
    assert 0 <= near <= far
    assert 0 <= chance <= model.alive(history)[0] <= 1
    assert np.isfinite(far)


@pytest.mark.parametrize(
    ("r", "alpha", "a", "b"),
    [
        (40_000.0, 120_000.0, 0.02, 160_000.0),  # all order alike, and nobody leaves
        (162_754.0, 162_754.0 * 3.3, 1.3, 13.0),  # all order alike
        (0.9, 8.0, 60_000.0, 160_000.0),  # all leave alike
    ],
)
def test_customers_who_are_nearly_alike_are_expected_to_order(
    r: float, alpha: float, a: float, b: float
) -> None:
    """A known rate and a known chance p to leave give (1 - exp(-rate * weeks * p)) / p."""
    model = BetaGeometric().restore({"r": r, "alpha": alpha, "a": a, "b": b})
    history = one(6, 20, 22)
    found = model.expected_orders(history, np.array([52.0])) / model.alive(history)
    rng = np.random.default_rng(3)
    rates = rng.gamma(r + 6, 1 / (alpha + 22), 200_000)
    leaves = np.maximum(rng.beta(a, b + 6, 200_000), 1e-12)
    right = (-np.expm1(-rates * 52 * leaves) / leaves).mean()
    assert found[0] == pytest.approx(right, rel=0.01)


PARAMETER = st.floats(-4, 12).map(np.exp)


@settings(max_examples=200, deadline=None)
@given(PARAMETER, PARAMETER, PARAMETER, PARAMETER, st.integers(0, 60), st.floats(0.5, 200))
def test_expected_orders_stay_between_their_bounds(
    r: float, alpha: float, a: float, b: float, repeats: int, age: float
) -> None:
    """At least those of who leaves with the mean chance, at most those of who never leaves."""
    model = BetaGeometric().restore({"r": r, "alpha": alpha, "a": a, "b": b})
    history = one(repeats, age * 0.9 if repeats else 0.0, age)
    found = (model.expected_orders(history, np.array([52.0])) / model.alive(history))[0]
    mean = a / (a + b + repeats)
    waited = 52 / (alpha + age)
    least = -np.expm1(-(r + repeats) * np.log1p(mean * waited)) / mean
    assert 0.97 * least <= found <= 1.001 * (r + repeats) * waited


def test_guests_who_never_come_back_teach_nothing() -> None:
    frame = pd.DataFrame({"repeat_orders": [0.0] * 50, "active_days": 0.0, "age_days": 30.0})
    with pytest.raises(TooLittleDataError, match="0 of them ordered again"):
        BetaGeometric().fit(frame)
