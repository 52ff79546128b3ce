"""The skeleton on a model whose answer is obvious: a mean against zero."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import pandas as pd
import pytest

from data.lake import Lake
from data.settings import Settings
from features.store import Store
from models.base import Model, TooLittleDataError
from models.registry import Registry
from training import job

NOW = datetime(2024, 3, 1, tzinfo=UTC)


class Level:
    """Predicts the mean of what it saw times `share`."""

    def __init__(self, share: float = 1.0) -> None:
        self.share = share
        self.mean_ = 0.0

    def fit(self, frame: pd.DataFrame) -> Self:
        self.mean_ = float(frame["y"].mean()) * self.share
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(y=self.mean_)

    def save(self, folder: Path) -> None:
        (folder / "level.json").write_text(json.dumps({"share": self.share, "mean": self.mean_}))

    @classmethod
    def load(cls, folder: Path) -> Self:
        kept = json.loads((folder / "level.json").read_text())
        model = cls(kept["share"])
        model.mean_ = kept["mean"]
        return model


def score(model: Model, split: job.Split) -> dict[str, float]:
    gap = split.test["y"] - model.predict(split.test)["y"]
    return {"mae": float(gap.abs().mean())}


def plot(model: Model, split: job.Split, folder: Path) -> None:
    (folder / "nothing.png").write_bytes(b"\x89PNG\r\n\x1a\n")


RECIPE = job.Recipe(
    use_case="forecasting",
    metric="mae",
    better="lower",
    features={"y": "float"},
    frame=lambda context: pd.DataFrame({"y": [10.0, 10.0, 10.0, 12.0]}),
    check=lambda frame: [] if len(frame) >= 4 else ["It needs 4 rows; there are fewer."],
    split=lambda frame, context: job.Split(frame.iloc[:3], frame.iloc[3:], NOW),
    model=lambda context: Level(**job.override({"share": 1.0}, context.overrides)),
    baselines=lambda context: {"zero": Level(0.0)},
    score=score,
    plots=plot,
    sample=lambda frame: frame.head(2),
)


@pytest.fixture
def context(settings: Settings) -> job.Context:
    lake = Lake(settings.lake)
    return job.Context(settings, lake, Store(settings, lake), NOW, {}, progress=lambda text: None)


@pytest.fixture
def registry(settings: Settings) -> Registry:
    models = {"forecasting": lambda: {"Level": Level}}
    return Registry(settings.mlflow, settings.artifacts, settings.namespace, use_cases=models)


def test_a_model_that_beats_its_baseline_becomes_the_champion(
    context: job.Context, registry: Registry
) -> None:
    outcome = job.run(RECIPE, context, registry)
    assert outcome.version is not None
    assert outcome.metrics["mae"] == 2.0
    assert outcome.baselines["zero"]["mae"] == 12.0
    release = registry.load("forecasting")
    assert release.version == outcome.version
    assert release.cut_off == NOW
    # The release is fitted again on everything: mean of all four rows.
    assert release.model.predict(pd.DataFrame({"y": [0.0]}))["y"].tolist() == [10.5]
    release.trial()


def test_a_model_that_does_not_beat_its_baseline_is_logged_but_not_registered(
    context: job.Context, registry: Registry
) -> None:
    champion = job.run(RECIPE, context, registry).version
    worse = replace(context, overrides={"share": "0.0"})
    outcome = job.run(RECIPE, worse, registry)
    assert outcome.version is None
    assert "does not beat zero" in outcome.reason
    assert outcome.run_id
    assert registry.champion_version("forecasting") == champion


def test_too_little_data_says_what_is_missing_and_leaves_the_champion(
    context: job.Context, registry: Registry
) -> None:
    champion = job.run(RECIPE, context, registry).version
    short = replace(RECIPE, frame=lambda context: pd.DataFrame({"y": [1.0]}))
    with pytest.raises(TooLittleDataError, match="It needs 4 rows"):
        job.run(short, context, registry)
    assert registry.champion_version("forecasting") == champion


def test_the_same_data_has_the_same_hash_and_other_data_another() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [[1.0], [2.0]]})
    assert job.data_hash(frame) == job.data_hash(frame.copy())
    assert job.data_hash(frame) != job.data_hash(frame.assign(a=[1, 3]))
    assert job.data_hash(frame) != job.data_hash(frame.rename(columns={"a": "z"}))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"shares": "1"}, "unknown; it can be share"),
        ({"share": "much"}, "say a number"),
    ],
)
def test_a_wrong_override_is_refused_in_words(given: dict[str, str], words: str) -> None:
    with pytest.raises(job.ParameterError, match=words):
        job.override({"share": 1.0}, given)


def test_overrides_take_the_type_of_the_default() -> None:
    values = job.override(
        {"on": False, "n": 1, "x": 1.0, "s": "a"}, {"on": "true", "n": "2", "x": "2", "s": "b"}
    )
    assert values == {"on": True, "n": 2, "x": 2.0, "s": "b"}


def test_what_is_made_of_a_split_is_made_once_and_never_taken_for_another_s() -> None:
    frame = pd.DataFrame({"x": [1.0]})
    split, made = job.Split(frame, frame, NOW), []
    ours, theirs = Level(1.0), Level(2.0)

    def of(model: Level) -> float:
        return split.of_last("value", model, lambda: made.append(model) or model.share)

    assert (of(ours), of(ours), of(theirs)) == (1.0, 1.0, 2.0)
    assert made == [ours, theirs]
    assert split.once("rows", lambda: len(split.test)) == 1
    other = replace(split, test=frame.iloc[:0])
    assert other.once("rows", lambda: len(other.test)) == 0
    assert of(theirs) == 2.0
    assert made == [ours, theirs]
