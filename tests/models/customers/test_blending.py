"""A blend takes what is right, stays near what is believed, and keeps its level in bounds."""

import numpy as np
import pytest

from models.customers.blending import Blend

PRIOR = {"good": 0.5, "bad": 0.5}


def test_the_better_part_weighs_more() -> None:
    rng = np.random.default_rng(0)
    truth = rng.gamma(1.0, 2.0, 3000)
    parts = {"good": truth, "bad": rng.permutation(truth)}
    blend = Blend.fit(parts, rng.poisson(truth).astype(float), PRIOR)
    assert blend.weights["good"] > 0.7
    assert sum(blend.weights.values()) == pytest.approx(1.0)
    assert blend.level == pytest.approx(1.0, abs=0.05)


def test_one_good_season_moves_the_level_a_little() -> None:
    truth = np.full(4000, 2.0)
    blend = Blend.fit({"good": truth, "bad": truth}, 1.2 * truth, PRIOR)
    assert 2.05 < blend.predict({"good": truth, "bad": truth})[0] < 2.15


def test_what_is_not_there_gives_its_weight_to_the_others() -> None:
    assert Blend.of_prior({"a": 0.4, "b": 0.2, "c": 0.4}, ("a", "b")).weights == pytest.approx(
        {"a": 2 / 3, "b": 1 / 3}
    )
