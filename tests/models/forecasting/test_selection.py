"""Which method is chosen, and by how much means are put right."""

import numpy as np
import pytest

from models.forecasting.classes import CLASSES
from models.forecasting.distribution import Errors
from models.forecasting.selection import ENOUGH, best, drift, losses

COUNT = 4 * ENOUGH


def errors(off: float, *, noise: float = 1.0, mean: float = 10.0) -> Errors:
    """Outcomes around 10, of four origins; the forecast is off by so much."""
    random = np.random.default_rng(1)
    actual = 10.0 + noise * random.standard_normal(COUNT)
    return Errors(
        group=np.zeros(COUNT, dtype=np.int64),
        step=np.ones(COUNT, dtype=np.int64),
        fold=np.arange(COUNT) % 4,
        mean=np.full(COUNT, mean) + off * random.standard_normal(COUNT),
        scale=np.ones(COUNT),
        actual=actual,
    )


def test_the_sharper_way_loses_less_and_is_chosen_for_every_class() -> None:
    methods = {"sharp": errors(0.0), "blurred": errors(3.0)}
    assert losses(methods["sharp"]).mean() < losses(methods["blurred"]).mean()
    assert best(methods) == dict.fromkeys(range(len(CLASSES)), "sharp")
    assert best(methods, usual="blurred") == dict.fromkeys(range(len(CLASSES)), "sharp")


def test_a_usual_way_that_is_as_good_stays() -> None:
    same = errors(0.0)
    assert set(best({"new": same, "usual": same}, usual="usual").values()) == {"usual"}


def test_nothing_judged_chooses_nothing() -> None:
    assert best({}) == {}
    assert best({"a": Errors.none()}) == {}


def test_means_that_are_too_high_are_put_right_within_bounds() -> None:
    assert drift(errors(0.0, mean=10.0), 4.0)[0] == pytest.approx(1.0, abs=0.02)
    assert drift(errors(0.0, mean=11.0), 4.0)[0] == pytest.approx(10 / 11, abs=0.02)
    assert drift(errors(0.0, mean=40.0), 4.0)[0] == 0.75
    assert drift(errors(0.0, mean=1.0), 4.0)[0] == pytest.approx(4 / 3)


def test_few_errors_put_nothing_right() -> None:
    assert drift(errors(0.0, mean=40.0), 4.0)[1:] == (1.0,) * (len(CLASSES) - 1)
