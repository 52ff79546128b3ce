"""Levels of demand."""

import numpy as np
import pytest

from models.forecasting import Baseline, Forecaster
from tests.models.forecasting.series import frame, shop


def test_the_mean_is_near_the_level_it_was_drawn_from(fitted: Forecaster) -> None:
    answer = fitted.predict(shop())
    level = np.geomspace(0.1, 20, 60)
    mine = answer.groupby("product_id")["mean"].mean()[[f"p{n}" for n in range(60)]].to_numpy()
    assert np.abs(mine - level).sum() / level.sum() < 0.2


def test_means_that_the_back_test_found_too_high_are_put_right() -> None:
    """Every series fades by 3 % a week: an average of the past alone is too high."""
    random = np.random.default_rng(8)
    level = 20 * 0.97 ** np.arange(60)
    whole = {f"p{n}": random.poisson(level) for n in range(60)}
    history = frame({name: values[:52] for name, values in whole.items()})
    came = np.mean([values[52:56].mean() for values in whole.values()])
    model = Forecaster(horizon=4, methods="moving_average").fit(history)
    plain = Baseline("moving_average", horizon=4).fit(history)
    assert model.predict(history)["mean"].mean() == pytest.approx(came, rel=0.06)
    assert plain.predict(history)["mean"].mean() > 1.1 * came
