import math

import numpy as np

from training.fraud.verdict import average_precision_interval, judge


def figures(area: float, top: float) -> dict[str, float]:
    return {"average_precision": area, "average_precision_to": top}


def test_a_difference_that_chance_explains_is_none() -> None:
    assert judge(figures(0.4, 0.6), {"scorecard": figures(0.5, 0.7)}) == ""
    assert "scorecard (0.7)" in judge(figures(0.4, 0.6), {"scorecard": figures(0.7, 0.8)})


def test_without_frauds_in_the_test_nothing_is_held_against_it() -> None:
    nothing = figures(math.nan, math.nan)
    assert judge(nothing, {"scorecard": nothing}) == ""


def test_the_interval_narrows_with_frauds() -> None:
    draw = np.random.default_rng(1)

    def width(rows: int) -> float:
        label = (draw.random(rows) < 0.1).astype(np.int64)
        low, high = average_precision_interval(label, label * 0.3 + draw.random(rows))
        return high - low

    assert width(200) > 2 * width(8_000) > 0
    assert all(map(math.isnan, average_precision_interval(np.zeros(3, np.int64), np.zeros(3))))
