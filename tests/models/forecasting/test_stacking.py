"""Weights of several methods."""

from dataclasses import replace

import numpy as np
import pytest

from models.forecasting.distribution import Errors
from models.forecasting.stacking import stacked

COUNT = 2_000


def methods(*offs: float) -> list[Errors]:
    """The same outcomes, forecast with noise of its own by each method."""
    random = np.random.default_rng(2)
    level = random.gamma(4.0, 3.0, COUNT)
    base = Errors(
        group=np.zeros(COUNT, dtype=np.int64),
        step=np.ones(COUNT, dtype=np.int64),
        fold=np.arange(COUNT) % 4,
        mean=level,
        scale=np.ones(COUNT),
        actual=level + random.standard_normal(COUNT),
    )
    return [replace(base, mean=level + off * random.standard_normal(COUNT)) for off in offs]


def test_weights_are_not_below_nothing_and_sum_to_one() -> None:
    found = stacked(methods(1.0, 2.0, 3.0))
    assert (found >= 0).all()
    assert found.sum(axis=2) == pytest.approx(1.0)


def test_the_sharpest_way_weighs_most_and_a_useless_one_nothing() -> None:
    found = stacked(methods(0.5, 2.0, 50.0))[0, 0]
    assert found[0] > found[1] > found[2]
    assert found[2] == 0.0


def test_ways_that_are_alike_share() -> None:
    one = methods(1.0)[0]
    assert stacked([one, one])[0, 0] == pytest.approx([0.5, 0.5], abs=1e-3)


def test_a_class_without_errors_has_the_weights_of_all() -> None:
    found = stacked(methods(0.5, 2.0))
    assert found[-1] == pytest.approx(found[0])
