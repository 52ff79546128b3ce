"""The one training skeleton: frame → check → split → fit → score → log → gate → register."""

import hashlib
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from data.errors import ArgosyError
from data.lake import Lake
from data.settings import Settings
from data.views import FeatureType, fingerprint
from features.store import Store
from models.base import Model, Release, TooLittleDataError, parameters
from models.registry import Registry, Run
from training import plots


class OverrideError(ArgosyError):
    """A `--set key=value` that the row's model does not know, or whose value does not fit."""


@dataclass(frozen=True)
class Context:
    """What a training run may use; nothing known after `as_of`."""

    settings: Settings
    lake: Lake
    store: Store
    as_of: datetime
    overrides: Mapping[str, str]
    progress: Callable[[str], None]


@dataclass(frozen=True)
class Split:
    """A frame cut by time: nothing in `train` was known after `cut`."""

    train: pd.DataFrame
    test: pd.DataFrame
    cut: datetime


def no_policy(model: Model, split: Split, context: Context) -> Mapping[str, float]:
    """The policy of a row that needs none."""
    return {}


def nothing(context: Context) -> None:
    """The end of a row that keeps nothing while it trains."""


@dataclass(frozen=True)
class Recipe:
    """What a row brings to the skeleton.

    metric: the headline metric that the gate compares; better: which way is better.
    check: what is missing, a sentence each; an empty list is enough data.
    model: the unfitted model with `--set` applied; baselines: named, tuned fairly, unfitted.
    score: metrics of a fitted model on `split.test`, `metric` among them.
    sample: a few rows that `predict` takes, kept in the release and tried before it goes live.
    publish: what the row writes to the feature store once its model is registered.
    done: called when the run has ended, whether its model was registered or held back.
    """

    row: str
    metric: str
    better: Literal["higher", "lower"]
    features: Mapping[str, FeatureType]
    frame: Callable[[Context], pd.DataFrame]
    check: Callable[[pd.DataFrame], list[str]]
    split: Callable[[pd.DataFrame, Context], Split]
    model: Callable[[Context], Model]
    baselines: Callable[[Context], Mapping[str, Model]]
    score: Callable[[Model, Split], Mapping[str, float]]
    plots: Callable[[Model, Split, Path], None]
    sample: Callable[[pd.DataFrame], pd.DataFrame]
    policy: Callable[[Model, Split, Context], Mapping[str, float]] = no_policy
    publish: Callable[[Model, Context, Split], None] | None = None
    done: Callable[[Context], None] = nothing


@dataclass(frozen=True)
class Outcome:
    """How a training run ended.

    version: the registered version, None when the gate held it back; reason says why.
    """

    row: str
    run_id: str
    metric: str
    metrics: Mapping[str, float]
    baselines: Mapping[str, Mapping[str, float]]
    version: str | None
    reason: str


def run(recipe: Recipe, context: Context, registry: Registry) -> Outcome:
    """Train one row and, when it beats its baselines, make it the champion.

    Raises TooLittleDataError, with all that is missing, before anything is fitted or logged; the
    champion stays.
    """
    context.progress(f"{recipe.row}: reading the frame as of {context.as_of:%Y-%m-%d %H:%M} UTC")
    frame = recipe.frame(context)
    if missing := recipe.check(frame):
        raise TooLittleDataError(f"{recipe.row} cannot be trained yet. " + " ".join(missing))
    split = recipe.split(frame, context)
    context.progress(f"{recipe.row}: fitting on {len(split.train):,} rows")
    model = recipe.model(context).fit(split.train)
    metrics = dict(recipe.score(model, split))
    baselines: dict[str, Mapping[str, float]] = {}
    for name, baseline in recipe.baselines(context).items():
        context.progress(f"{recipe.row}: baseline {name}")
        baselines[name] = dict(recipe.score(baseline.fit(split.train), split))
    policy = recipe.policy(model, split, context)
    run_id = _log(recipe, context, registry, frame, model, split, metrics, baselines)
    reason = gate(recipe.metric, recipe.better, metrics, baselines)
    outcome = Outcome(recipe.row, run_id, recipe.metric, metrics, baselines, None, reason)
    if reason:
        recipe.done(context)
        return outcome
    context.progress(f"{recipe.row}: fitting the release on all {len(frame):,} rows")
    release = _release(recipe, context, frame, metrics, policy)
    version = registry.register(run_id, release)
    registry.promote(recipe.row, version, f"beats {', '.join(baselines)} on {recipe.metric}")
    if recipe.publish is not None:
        context.progress(f"{recipe.row}: writing to the feature store")
        recipe.publish(model, context, split)
    recipe.done(context)
    return replace(outcome, version=version)


def gate(
    metric: str,
    better: Literal["higher", "lower"],
    metrics: Mapping[str, float],
    baselines: Mapping[str, Mapping[str, float]],
) -> str:
    """Why the model must not be registered; empty when it beats every baseline.

    >>> gate("wape", "lower", {"wape": 0.5}, {"naive": {"wape": 0.4}})
    'wape 0.5 does not beat naive (0.4)'
    """
    sign = 1.0 if better == "higher" else -1.0
    ours = metrics[metric]
    lost = [
        f"{name} ({figures[metric]:.4g})"
        for name, figures in baselines.items()
        if not sign * ours > sign * figures[metric]
    ]
    return f"{metric} {ours:.4g} does not beat {', '.join(lost)}" if lost else ""


def _release(
    recipe: Recipe,
    context: Context,
    frame: pd.DataFrame,
    metrics: Mapping[str, float],
    policy: Mapping[str, float],
) -> Release:
    model = recipe.model(context).fit(frame)
    sample = recipe.sample(frame)
    return Release(
        row=recipe.row,
        version="",
        model=model,
        features=dict(recipe.features),
        contract=fingerprint(recipe.features),
        cut_off=context.as_of,
        metrics=metrics,
        policy=policy,
        sample=sample,
        expected=model.predict(sample),
    )


def _log(
    recipe: Recipe,
    context: Context,
    registry: Registry,
    frame: pd.DataFrame,
    model: Model,
    split: Split,
    metrics: Mapping[str, float],
    baselines: Mapping[str, Mapping[str, float]],
) -> str:
    context.progress(f"{recipe.row}: plots and the MLflow run")
    with tempfile.TemporaryDirectory() as folder:
        recipe.plots(model, split, Path(folder))
        figures = {"argosy": metrics[recipe.metric]} | {
            name: baseline[recipe.metric] for name, baseline in baselines.items()
        }
        title = (
            f"{recipe.row}: {recipe.metric} after {split.cut:%Y-%m-%d} ({recipe.better} is better)"
        )
        plots.comparison(Path(folder) / "against_baselines.png", title, figures, ours="argosy")
        return registry.log(
            Run(
                row=recipe.row,
                name=f"{recipe.row} {context.as_of:%Y-%m-%d}",
                params=parameters(model),
                metrics=metrics,
                baselines=baselines,
                plots=Path(folder),
                tags={
                    "as_of": context.as_of.isoformat(),
                    "cut": split.cut.isoformat(),
                    "data_hash": data_hash(frame),
                    "lake_version": context.lake.version(),
                    "code_commit": code_commit(),
                    "seed": str(context.settings.seed),
                },
            )
        )


def data_hash(frame: pd.DataFrame) -> str:
    """Hash of a frame's columns and values (16 hex digits): equal data, equal hash."""
    digest = hashlib.sha256(" ".join(map(str, frame.columns)).encode())
    for name in frame.columns:
        values = frame[name]
        if values.dtype == object:
            values = values.astype(str)
        digest.update(pd.util.hash_pandas_object(values, index=False).to_numpy().tobytes())
    return digest.hexdigest()[:16]


def code_commit() -> str:
    """The commit that runs, `+changed` when files differ from it; "unknown" outside git."""
    here = Path(__file__).parent
    command = ["git", "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+changed"]
    try:
        answer = subprocess.run(command, cwd=here, capture_output=True, text=True, check=True)  # noqa: S603  # a fixed command
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return answer.stdout.strip()


def override(defaults: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Defaults with `--set` values put in, each read as the type of its default.

    Raises OverrideError for an unknown name or a value of another type, naming what is allowed.

    >>> override({"factors": 64}, {"factors": "128"})
    {'factors': 128}
    """
    values = dict(defaults)
    for name, text in given.items():
        if name not in values:
            raise OverrideError(f"--set {name}: unknown; it can be {', '.join(sorted(values))}")
        values[name] = _read_as(name, text, values[name])
    return values


def _read_as(name: str, text: str, default: Any) -> Any:
    if isinstance(default, bool):
        if text.lower() not in {"true", "false"}:
            raise OverrideError(f"--set {name}={text}: say true or false")
        return text.lower() == "true"
    if isinstance(default, int | float):
        try:
            return type(default)(text)
        except ValueError as error:
            kind = "a whole number" if isinstance(default, int) else "a number"
            raise OverrideError(f"--set {name}={text}: say {kind}, such as {default}") from error
    return text
