"""Pictures of a training of customers' value are drawn."""

from pathlib import Path
from typing import Self

import pandas as pd

from tests.models.customers.rows import T0, rows
from training.customers.pictures import draw_plots
from training.job import Split


class Foresight:
    """Says what comes."""

    def fit(self, frame: pd.DataFrame) -> Self:
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        orders = frame["target_orders"].to_numpy(dtype=float)
        chance = (orders > 0) * 0.8 + 0.1
        return pd.DataFrame({"expected_margin": orders * 5.0, "order_probability": chance})

    def save(self, folder: Path) -> None:
        raise NotImplementedError

    @classmethod
    def load(cls, folder: Path) -> Self:
        raise NotImplementedError


def test_three_pictures_are_written(tmp_path: Path) -> None:
    halves = Split(train=rows(horizon=30), test=rows(seed=2), cut=T0.to_pydatetime())
    draw_plots(Foresight(), halves, tmp_path)
    drawn = sorted(path.name for path in tmp_path.glob("*.png"))
    assert drawn == ["calibration.png", "cohort_curves.png", "decile_lift.png"]
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in drawn)
