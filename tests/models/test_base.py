"""What every model is, and a release that is tried before it goes live."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import pandas as pd
import pytest

from models.base import Model, Release, ReleaseError, parameters


class Times:
    """Multiplies what it is shown."""

    def __init__(self, *, factor: float = 2.0, seed: int = 1) -> None:
        self.factor = factor
        self.seed = seed

    def fit(self, frame: pd.DataFrame) -> Self:
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"answer": frame["x"] * self.factor})

    def save(self, folder: Path) -> None:
        (folder / "factor").write_text(str(self.factor))

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls(factor=float((folder / "factor").read_text()))


def release(model: Model, expected: list[float]) -> Release:
    return Release(
        use_case="fraud",
        version="3",
        model=model,
        features={"x": "float"},
        contract="c",
        cut_off=datetime(2024, 1, 1, tzinfo=UTC),
        metrics={},
        policy={},
        sample=pd.DataFrame({"x": [1.0, 2.0]}, index=[7, 8]),
        expected=pd.DataFrame({"answer": expected}),
    )


def test_parameters_are_those_of_the_constructor() -> None:
    assert parameters(Times(factor=3.0)) == {"factor": 3.0, "seed": 1}
    assert isinstance(Times(), Model)
    assert not isinstance(object(), Model)


def test_a_release_that_answers_as_it_did_passes_its_trial() -> None:
    release(Times(), [2.0, 4.0]).trial()
    release(Times(), [2.0, 4.0 + 1e-8]).trial()


@pytest.mark.parametrize("expected", [[2.0, 4.1], [2.0], [2.0, float("nan")]])
def test_one_that_answers_otherwise_is_told_with_its_remedy(expected: list[float]) -> None:
    with pytest.raises(ReleaseError, match=r"fraud version 3 .*train it again"):
        release(Times(), expected).trial()
