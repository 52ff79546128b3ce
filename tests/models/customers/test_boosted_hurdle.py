"""The trees learn what the process cannot know, and stay near it otherwise."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.customers import boosted_hurdle
from models.customers.boosted_hurdle import BoostedHurdle, ProcessExpectation


def test_a_market_that_orders_more_is_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    market = rng.choice(["DE", "FR"], 4000)
    orders = rng.poisson(np.where(market == "DE", 1.0, 0.2)).astype(float)
    frame = pd.DataFrame(
        {"first_market": market, "age_days": rng.uniform(0, 9, 4000), "horizon_days": 90}
    )
    start = ProcessExpectation(np.full(4000, 0.4), np.full(4000, 0.6), np.full(4000, 6.0))
    fitted = BoostedHurdle(90, 4, 0.1, 1).fit(frame, start, orders, 10.0 * orders)
    found = fitted.predict(frame, start)
    german = market == "DE"
    assert found.orders[german].mean() == pytest.approx(1.0, rel=0.15)
    assert found.orders[~german].mean() == pytest.approx(0.2, rel=0.25)
    assert found.value[german].mean() == pytest.approx(10.0, rel=0.15)
    fitted.save(tmp_path)
    again = BoostedHurdle(40, 4, 0.1, 1).restore(tmp_path).predict(frame, start)
    assert again.value == pytest.approx(found.value)


def test_an_unknown_value_of_a_text_is_missing() -> None:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"first_market": ["DE", "FR"] * 1500, "horizon_days": 30})
    start = ProcessExpectation(np.full(3000, 0.4), np.full(3000, 0.6), np.full(3000, 6.0))
    orders = rng.poisson(0.6, 3000).astype(float)
    fitted = BoostedHurdle(5, 4, 0.1, 1).fit(frame, start, orders, orders)
    found = fitted.predict(frame.assign(first_market="XX"), start)
    assert np.isfinite(found.orders).all()


def test_few_rows_are_learned_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside another use case's training two threads waited for each other: seven times as long."""
    threads: list[int] = []
    train = boosted_hurdle.lightgbm.train
    monkeypatch.setattr(
        boosted_hurdle.lightgbm,
        "train",
        lambda given, *more: threads.append(given["num_threads"]) or train(given, *more),
    )
    frame = pd.DataFrame({"first_market": ["DE", "FR"] * 1500, "horizon_days": 30})
    start = ProcessExpectation(np.full(3000, 0.4), np.full(3000, 0.6), np.full(3000, 6.0))
    orders = np.random.default_rng(8).poisson(0.6, 3000).astype(float)
    BoostedHurdle(5, 4, 0.1, 1).fit(frame, start, orders, orders)
    assert set(threads) == {1}
