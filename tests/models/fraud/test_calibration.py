"""Scores as probabilities."""

import numpy as np
import pytest

from models.fraud.calibration import KINDS, Calibration


@pytest.mark.parametrize("kind", KINDS)
def test_calibration_keeps_the_order(kind: str) -> None:
    draw = np.random.default_rng(0)
    raw = draw.normal(-3, 2, 4_000)
    label = (draw.random(4_000) < 1 / (1 + np.exp(-(raw * 0.5 - 1)))).astype(float)
    found = Calibration.fit(kind, raw, label)  # type: ignore[arg-type]
    line = np.linspace(-12, 8, 500)
    answer = found.probability(line)
    assert (np.diff(answer) > 0).all()
    assert ((answer >= 0) & (answer <= 1)).all()


def test_calibration_is_chosen_by_the_data() -> None:
    draw = np.random.default_rng(0)
    raw = draw.normal(-2, 2, 8_000)
    right = (draw.random(8_000) < 1 / (1 + np.exp(-raw))).astype(float)
    tilted = (draw.random(8_000) < 1 / (1 + np.exp(-(0.3 * raw - 2)))).astype(float)
    plain = Calibration.choose(raw, right).probability(raw)
    assert plain == pytest.approx(1 / (1 + np.exp(-raw)), abs=0.06)
    assert Calibration.choose(raw, tilted).kind != "none"
    assert Calibration.choose(raw[:50], right[:50]).kind == "none"
