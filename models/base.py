"""What every model is: `fit`, `predict`, `save`, `load`; and what is served: a frozen `Release`."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol, Self, runtime_checkable

import pandas as pd
from pandas.testing import assert_frame_equal

from data.errors import ArgosyError


class ModelError(ArgosyError):
    """A model cannot do what was asked; the message says why and what helps."""


class TooLittleDataError(ModelError):
    """There is not enough data to fit or to judge a model."""


class ReleaseError(ModelError):
    """A release does not answer its own sample as it did when it was made."""


@runtime_checkable
class Model(Protocol):
    """Constructor arguments are kept unchanged under their own names; `fit` learns all else."""

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn from a frame; returns self."""
        ...

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Answer for a frame; the input is left as it was."""
        ...

    def save(self, folder: Path) -> None:
        """Write to an existing, empty folder, in native formats (no pickle)."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        ...


def parameters(model: Model) -> dict[str, object]:
    """The constructor's arguments as the fitted object holds them.

    >>> class Constant:
    ...     def __init__(self, value: float = 1.0) -> None:
    ...         self.value = value
    >>> parameters(Constant(2.0))
    {'value': 2.0}
    """
    names = [name for name in inspect.signature(type(model)).parameters if name != "self"]
    return {name: getattr(model, name) for name in names}


@dataclass(frozen=True)
class Release:
    """What is served: one frozen value, loaded whole, tried before it goes live.

    features: ordered feature names with types; contract: their fingerprint.
    cut_off: nothing known after it was used.
    policy: thresholds and other numbers that turn predictions into decisions.
    sample, expected: an input of `model.predict` and the answer it gave when it was made.
    headline: the metric that versions are compared by; better: which way is better.
    """

    use_case: str
    version: str
    model: Model
    features: Mapping[str, str]
    contract: str
    cut_off: datetime
    metrics: Mapping[str, float]
    policy: Mapping[str, float]
    sample: pd.DataFrame
    expected: pd.DataFrame
    headline: str = ""
    better: Literal["higher", "lower"] = "higher"

    def trial(self) -> None:
        """Predict the sample; ReleaseError when the answer is not the expected one."""
        answer = self.model.predict(self.sample)
        try:
            assert_frame_equal(
                answer.reset_index(drop=True),
                self.expected.reset_index(drop=True),
                check_dtype=False,
                rtol=1e-6,
                atol=1e-9,
            )
        except AssertionError as error:
            raise ReleaseError(
                f"{self.use_case} version {self.version} answers its sample differently than when "
                f"it was made; train it again with the libraries installed here. {error}"
            ) from error
