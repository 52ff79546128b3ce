"""The one training skeleton: frame → check → split → fit → score → log → gate → register."""

import hashlib
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import numpy as np
import pandas as pd

from data.errors import ArgosyError
from data.lake import Lake
from data.settings import Settings
from data.views import FeatureType, fingerprint
from features.store import Store
from models.base import Model, Release, TooLittleDataError, parameters
from models.promotion import PromotionRefusedError, promote_release
from models.registry import Registry, Run
from training import plots

OURS = "argosy"
T = TypeVar("T")


class ParameterError(ArgosyError):
    """A `--set key=value` that the use case's model does not know, or whose value does not fit."""


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
    """A frame cut by time: nothing in `train` was known after `cut`.

    kept: what was made of it for all models (`once`), or for the one judged last (`of_last`);
    another split, also one made by `dataclasses.replace`, begins with nothing.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    cut: datetime
    kept: dict[str, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What is made of this split alone, the same for every model.

        name: what it is kept under; make: computes it.
        """
        return self.of_last(name, None, make)

    def of_last(self, name: str, model: Model | None, make: Callable[[], T]) -> T:
        """What is made of this split and a model; that of another model is let go.

        name: what it is kept under; model: None for none; make: computes it.
        """
        if name not in self.kept or self.kept[name][0] is not model:
            self.kept[name] = model, make()
        return cast("T", self.kept[name][1])


def no_policy(model: Model, split: Split, context: Context) -> Mapping[str, float]:
    """The policy of a use case that needs none.

    model: fitted; split: train and test; context: of the run.
    """
    return {}


def nothing(context: Context) -> None:
    """The end of a use case that keeps nothing while it trains."""


@dataclass(frozen=True)
class Recipe:
    """What a use case brings to the skeleton.

    metric: the headline metric that the gate compares; better: which way is better.
    check: what is missing, a sentence each; an empty list is enough data.
    model: the unfitted model with `--set` applied; baselines: named, tuned fairly, unfitted.
    score: metrics of a fitted model on `split.test`, `metric` among them.
    sample: a few rows that `predict` takes, kept in the release and tried before it goes live.
    lost_to: why a baseline serves in the model's place, from its metrics and the baselines'; "":
    none does. Left out: the headline metric alone decides (`gate`).
    servable: names of the baselines that can serve in the model's place where they are better; of
    equals the first.
    settle: what becomes of the fitted model before it is judged, such as a choice between its parts
    by the test window.
    publish: what the use case writes to the feature store once its model is registered.
    refit: the release's model from what was judged; None fits it on the whole frame anew.
    done: called when the run has ended, whether its model was registered or held back.
    """

    use_case: str
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
    servable: tuple[str, ...] = ()
    settle: Callable[[Any, Split], Model] | None = None
    lost_to: Callable[[Mapping[str, float], Mapping[str, Mapping[str, float]]], str] | None = None
    publish: Callable[[Model, Context, Split], None] | None = None
    refit: "Callable[[Trained, Context], Model] | None" = None
    done: Callable[[Context], None] = nothing


@dataclass(frozen=True)
class TrainingOutcome:
    """How a training run ended.

    version: the version that serves now, None when this run changed nothing; reason says why.
    served: what serves of this run, OURS or a baseline's name; None where the champion stays.
    registered: the version kept in the registry, also where the champion stays.
    """

    use_case: str
    run_id: str
    metric: str
    metrics: Mapping[str, float]
    baselines: Mapping[str, Mapping[str, float]]
    version: str | None
    reason: str
    served: str | None = None
    registered: str | None = None


def run(recipe: Recipe, context: Context, registry: Registry) -> TrainingOutcome:
    """Train one use case; the best that was tried serves, and the outcome says which that is.

    recipe: what the use case brings; context: what may be used; registry: where the release goes.
    A model that loses to a baseline gives way to the best of `recipe.servable`; without one, or
    where the champion is better, the champion stays. Raises TooLittleDataError, with all that is
    missing, before anything is fitted or logged.
    """
    context.progress(
        f"{recipe.use_case}: reading the frame as of {context.as_of:%Y-%m-%d %H:%M} UTC"
    )
    frame = recipe.frame(context)
    if missing := recipe.check(frame):
        raise TooLittleDataError(f"{recipe.use_case} cannot be trained yet. " + " ".join(missing))
    split = recipe.split(frame, context)
    context.progress(f"{recipe.use_case}: fitting on {len(split.train):,} rows")
    model = recipe.model(context).fit(split.train)
    if recipe.settle is not None:
        model = recipe.settle(model, split)
    metrics = dict(recipe.score(model, split))
    with tempfile.TemporaryDirectory() as folder:
        context.progress(f"{recipe.use_case}: plots")
        recipe.plots(model, split, Path(folder))
        fitted, baselines = _baselines(recipe, context, split)
        run_id = _log(
            recipe, context, registry, frame, model, split, metrics, baselines, Path(folder)
        )
    if recipe.lost_to is not None:
        reason = recipe.lost_to(metrics, baselines)
    else:
        reason = gate(recipe.metric, recipe.better, metrics, baselines)
    outcome = TrainingOutcome(
        recipe.use_case, run_id, recipe.metric, metrics, baselines, None, reason
    )
    served = _winner(recipe, baselines) if reason else OURS
    if served is not None:
        chosen, figures = (
            (model, metrics) if served == OURS else (fitted[served], baselines[served])
        )
        trained = Trained(served, chosen, figures, split, frame)
        outcome = _serve(recipe, context, registry, replace(outcome, served=served), trained)
    recipe.done(context)
    return outcome


@dataclass(frozen=True)
class Trained:
    """What a run would serve: OURS or a baseline's name, the model fitted on `split.train` with its
    metrics, and the whole frame that the release is fitted on."""

    name: str
    model: Model
    metrics: Mapping[str, float]
    split: Split
    frame: pd.DataFrame


def _baselines(
    recipe: Recipe, context: Context, split: Split
) -> tuple[dict[str, Model], dict[str, Mapping[str, float]]]:
    """The fitted baselines and their metrics, by name."""
    fitted: dict[str, Model] = {}
    metrics: dict[str, Mapping[str, float]] = {}
    for name, baseline in recipe.baselines(context).items():
        context.progress(f"{recipe.use_case}: baseline {name}")
        fitted[name] = baseline.fit(split.train)
        metrics[name] = dict(recipe.score(fitted[name], split))
    return fitted, metrics


def _winner(recipe: Recipe, baselines: Mapping[str, Mapping[str, float]]) -> str | None:
    """The best baseline that can serve; None when none of them can."""
    able = [name for name in recipe.servable if name in baselines]
    sign = 1.0 if recipe.better == "higher" else -1.0
    return max(able, key=lambda name: sign * baselines[name][recipe.metric], default=None)


def _serve(
    recipe: Recipe, context: Context, registry: Registry, outcome: TrainingOutcome, trained: Trained
) -> TrainingOutcome:
    """Fit the release, register it, and promote it where it passes the checks."""
    context.progress(f"{recipe.use_case}: fitting the release on all {len(trained.frame):,} rows")
    policy = recipe.policy(trained.model, trained.split, context)
    release = make_release(recipe, context, trained, policy)
    version = registry.register(outcome.run_id, release)
    held = "beats" if recipe.lost_to is None else "is no worse than"
    why = outcome.reason or f"{held} {', '.join(outcome.baselines)} on {recipe.metric}"
    try:
        promote_release(registry, recipe.use_case, version, reason=f"{trained.name}: {why}")
    except PromotionRefusedError as error:
        return replace(outcome, served=None, registered=version, reason=str(error))
    if recipe.publish is not None:
        context.progress(f"{recipe.use_case}: writing to the feature store")
        recipe.publish(trained.model, context, trained.split)
    return replace(outcome, version=version, registered=version)


def gate(
    metric: str,
    better: Literal["higher", "lower"],
    metrics: Mapping[str, float],
    baselines: Mapping[str, Mapping[str, float]],
) -> str:
    """Why the model must not be registered; empty when it beats every baseline.

    metric: the name compared; better: which way is better. metrics: of the model; baselines: of
    each baseline by name. Where both tell the metric by origin (`origin_1_…`) or by part of the
    series (`part_1_…`), a baseline wins only where it is better by more than the standard error of
    the difference over the origins, and over the parts: one odd series decides nothing.

    >>> gate("wape", "lower", {"wape": 0.5}, {"naive": {"wape": 0.4}})
    'wape 0.5 does not beat naive (0.4)'
    """
    sign = 1.0 if better == "higher" else -1.0
    ours = metrics[metric]
    lost = [
        f"{name} ({figures[metric]:.4g})"
        for name, figures in baselines.items()
        if not sign * ours > sign * figures[metric] + _doubt(metrics, figures)
    ]
    return f"{metric} {ours:.4g} does not beat {', '.join(lost)}" if lost else ""


def _fitted_anew(recipe: Recipe) -> "Callable[[Trained, Context], Model]":
    """The release's model: what was judged, unfitted, and fitted on the whole frame."""

    def fit(trained: Trained, context: Context) -> Model:
        if trained.name == OURS:
            return recipe.model(context).fit(trained.frame)
        return recipe.baselines(context)[trained.name].fit(trained.frame)

    return fit


def _doubt(ours: Mapping[str, float], theirs: Mapping[str, float]) -> float:
    """Below 0 by the standard error by which the two differ, over origins or over parts of the
    series, whichever is larger; 0 for fewer than 3 of both.
    """
    return -max(_standard_error(ours, theirs, told_by) for told_by in ("origin_", "part_"))


def _standard_error(ours: Mapping[str, float], theirs: Mapping[str, float], told_by: str) -> float:
    """Of the mean difference of all metrics whose names begin so; 0 for fewer than 3."""
    names = [name for name in ours if name.startswith(told_by) and name in theirs]
    if len(names) < 3:
        return 0.0
    gaps = np.array([ours[name] - theirs[name] for name in names])
    return float(gaps.std(ddof=1) / np.sqrt(len(gaps)))


def make_release(
    recipe: Recipe, context: Context, trained: Trained, policy: Mapping[str, float]
) -> Release:
    """The release of what was judged, fitted on the whole frame, with a sample of its answers.

    recipe: of the use case; context: as of when, with which settings; trained: what serves;
    policy: names and numbers of the decision policy, empty where there is none.
    """
    model = (recipe.refit or _fitted_anew(recipe))(trained, context)
    sample = recipe.sample(trained.frame)
    return Release(
        use_case=recipe.use_case,
        version="",
        model=model,
        features=dict(recipe.features),
        contract=fingerprint(recipe.features),
        cut_off=context.as_of,
        metrics=trained.metrics,
        policy=policy,
        sample=sample,
        expected=model.predict(sample),
        headline=recipe.metric,
        better=recipe.better,
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
    folder: Path,
) -> str:
    """folder: with the recipe's plots in it."""
    context.progress(f"{recipe.use_case}: the MLflow run")
    told = {OURS: metrics[recipe.metric]} | {
        name: baseline[recipe.metric] for name, baseline in baselines.items()
    }
    title = f"{recipe.use_case}: {recipe.metric} after {split.cut:%Y-%m-%d}"
    title += f" ({recipe.better} is better)"
    plots.comparison(folder / "against_baselines.png", title, told, ours=OURS)
    return registry.log(
        Run(
            use_case=recipe.use_case,
            name=f"{recipe.use_case} {context.as_of:%Y-%m-%d}",
            params=parameters(model),
            metrics=metrics,
            baselines=baselines,
            plots=folder,
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

    defaults: parameter -> default; given: parameter -> text.

    >>> override({"factors": 64}, {"factors": "128"})
    {'factors': 128}
    """
    values = dict(defaults)
    for name, text in given.items():
        if name not in values:
            raise ParameterError(f"--set {name}: unknown; it can be {', '.join(sorted(values))}")
        values[name] = _read_as(name, text, values[name])
    return values


def _read_as(name: str, text: str, default: Any) -> Any:
    if isinstance(default, bool):
        if text.lower() not in {"true", "false"}:
            raise ParameterError(f"--set {name}={text}: say true or false")
        return text.lower() == "true"
    if isinstance(default, int | float):
        try:
            return type(default)(text)
        except ValueError as error:
            kind = "a whole number" if isinstance(default, int) else "a number"
            raise ParameterError(f"--set {name}={text}: say {kind}, such as {default}") from error
    return text
