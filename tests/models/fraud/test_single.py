"""One row through LightGBM's C API answers what the booster answers, bit for bit."""

import lightgbm
import numpy as np
import pytest

from models.fraud.single import SingleRow

DRAW = np.random.default_rng(0)
ROWS = DRAW.normal(size=(2_000, 5)).astype(np.float32)
ROWS[:, 3] = DRAW.integers(0, 30, 2_000)
ROWS[DRAW.random(ROWS.shape) < 0.1] = np.nan
LABEL = (ROWS[:, 0] + (ROWS[:, 3] % 3 == 1) > 1.2).astype(float)
BOOSTER = lightgbm.train(
    {"objective": "binary", "verbosity": -1},
    lightgbm.Dataset(ROWS, LABEL, categorical_feature=[3]),
    num_boost_round=40,
)


def test_it_answers_as_the_booster_does() -> None:
    single = SingleRow(BOOSTER)
    expected = BOOSTER.predict(ROWS[:200], raw_score=True)
    assert [single(ROWS[n : n + 1].copy()) for n in range(200)] == expected.tolist()


def test_a_row_of_another_shape_or_type_is_refused() -> None:
    single = SingleRow(BOOSTER)
    for row in (ROWS[:2], ROWS[:1, :4], ROWS[:1].astype(np.float64)):
        with pytest.raises(ValueError, match="float32 needed"):
            single(row)
