"""How the forecaster is made, judged against its baselines, and what it leaves in the store."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from data.records import DatabaseError, Records
from features import forecasting as features
from models.base import Model, TooLittleDataError
from models.forecasting import LEVELS, Baseline, Forecaster, history_events
from models.forecasting.checkpoints import Checkpoints
from training.forecasting.judge import KEYS, METRIC, cut_at, figures, judged, origins
from training.forecasting.pictures import draw
from training.job import OURS, Context, Recipe, Split, Trained, override

# Closed periods without which nothing can be learned and judged.
FEWEST = 9
DEFAULTS = {
    "horizon": 0,
    "correct_stockouts": True,
    "loss": "units",
    "prices_known": False,
    "methods": Forecaster().methods,
    "rows": Forecaster().rows,
    "trees": Forecaster().trees,
    "leaves": Forecaster().leaves,
    "rate": Forecaster().rate,
    "members": Forecaster().members,
}
_SAMPLED = 5
# Histories under so many times the judged periods are back-tested anew for the release.
_SHORT = 6
_SHORTER = {"week": "day", "month": "week"}
_NO_PERIOD = (
    "There is no closed period with an order: ingest `orders` that reach back before the running "
    "period."
)


def frame(context: Context) -> pd.DataFrame:
    """The demand signal as of the context's time: the `demand` view of the feature store.

    The store holds it as of one moment; where that is another one than the context's, what was
    known then is built from the lake by the same view. Raises TooLittleDataError where no full
    period has ended.
    """
    if context.store.as_of() == context.as_of:
        demand = context.store.history("demand", context.as_of)
    else:
        terms = context.settings.terms
        demand = features.demand(_tables(context), context.as_of, terms.frequency)
    if demand.empty:
        raise TooLittleDataError(_first_period(context))
    return _corrected(context, demand)


def _known(context: Context) -> list[features.HistoryCorrection]:
    """Planners' corrections known at the context's time, and variants that continue parents."""
    try:
        records = Records(context.settings.database, context.settings.namespace)
        records.migrate()
        known = records.history_corrections.known_at(context.as_of)
        records.close()
    except DatabaseError as error:
        context.progress(f"forecasting: planners' corrections of history are left out: {error}")
        known = []
    products = context.lake.read("products", as_of=context.as_of, columns=features.VARIANTS)
    return features.with_variants(known, products)


def _corrected(context: Context, demand: pd.DataFrame) -> pd.DataFrame:
    """The demand with these corrections, and what successors inherit."""
    known = _known(context)
    attributes = features.PairAttributes.of(
        context.lake.read("products"), context.lake.read("warehouses")
    )
    if not known:
        return demand
    demand = features.corrected(demand, known, context.as_of, attributes)
    demand = features.inherited(demand, known, context.as_of, attributes)
    return features.priced_alike(features.without_succeeded(demand, known, context.as_of))


def _first_period(context: Context) -> str:
    """From when on there is a full period, as a sentence."""
    ordered = context.lake.read("orders", as_of=context.as_of)["ordered_at"]
    if ordered.empty:
        return _NO_PERIOD
    frequency = context.settings.terms.frequency or "week"
    first = features.number(ordered.min().to_pydatetime(), frequency)
    begins, ends = features.starts(np.array([first + 1, first + 2]), frequency)
    return (
        f"{_NO_PERIOD} The orders here begin on {ordered.min():%Y-%m-%d}: their first full "
        f"{frequency} is that of {begins:%Y-%m-%d}, which ends on {ends:%Y-%m-%d}."
    )


def _tables(context: Context) -> dict[str, pd.DataFrame]:
    return {name: context.lake.read(name, as_of=context.as_of) for name in features.TABLES}


def check(demand: pd.DataFrame) -> list[str]:
    """What is missing for training, as sentences; nothing where all is there."""
    if demand.empty:
        return [_NO_PERIOD]
    periods, unit = demand["event_timestamp"].nunique(), demand["frequency"].iloc[0]
    if periods < FEWEST:
        told = f"Closed periods (each a {unit}) with `orders`: {periods} of at least {FEWEST}"
        shorter = _SHORTER.get(str(unit))
        other = f", or set ARGOSY_FREQUENCY={shorter}" if shorter else ""
        return [f"{told}; ingest older orders, or train again when there are as many{other}."]
    if not demand["quantity"].sum() > 0:
        return ["No order in `orders` is wanted demand: all are cancelled or fraudulent."]
    return []


def split(demand: pd.DataFrame, context: Context) -> Split:
    """The last 8 weeks (56 days, 6 months; a third of the history at most) are judged.

    demand: the frame of the `demand` view, a row a pair and period; context: that of the training
    run, which changes nothing here.
    """
    ends = sorted(demand["event_timestamp"].unique())
    cut = cut_at(ends, str(demand["frequency"].iloc[0]))
    past = demand["event_timestamp"] <= cut
    return Split(demand[past], demand[~past], pd.Timestamp(cut).to_pydatetime())


def model(context: Context) -> Model:
    """The forecaster with `--set` applied."""
    return _unfitted(context)


def _unfitted(context: Context) -> Forecaster:
    settings = override(DEFAULTS, context.overrides)
    return _resumable(Forecaster(**settings, seed=context.settings.seed), context)


def baselines(context: Context) -> Mapping[str, Model]:
    """Plain methods with quantiles from their own back-tests; one with the textbook's too."""
    horizon = int(override(DEFAULTS, context.overrides)["horizon"])
    seed = context.settings.seed
    names = ("naive", "seasonal_naive", "moving_average")
    textbook = Baseline("seasonal_naive", horizon=horizon, seed=seed, textbook=True)
    made = {name: Baseline(name, horizon=horizon, seed=seed) for name in names}
    made["seasonal_naive_textbook"] = textbook
    return {name: _resumable(one, context) for name, one in made.items()}


def _resumable(unfitted: Forecaster, context: Context) -> Forecaster:
    """The forecaster, made to keep what its fit has done: a training run that was killed goes on
    from there.
    """
    unfitted.checkpoints = Checkpoints(
        _kept(context), lambda text: context.progress(f"forecasting: {text}")
    )
    return unfitted


def _kept(context: Context) -> Path:
    return context.settings.home / "checkpoints" / "forecasting"


def done(context: Context) -> None:
    """Let go of what was kept for a run that might have been killed."""
    shutil.rmtree(_kept(context), ignore_errors=True)


def score(fitted: Model, parts: Split) -> Mapping[str, float]:
    """Metrics of rolling-origin forecasts of the judged periods; never fitted anew.

    fitted: a model fitted on what was known at the cut; parts: the demand before the cut and after
    it.
    """
    return figures(judged(fitted, parts))


def refit(trained: Trained, context: Context) -> Model:
    """The release: the model that was judged, with what its back-test chose, learned from all.

    With little history the back-test is made anew: the newest periods double what it knows.

    trained: the model that was judged, with its name, and the whole frame that the release learns
    from; context: of the training run: settings and `--set` values.
    """
    model = trained.model
    if not isinstance(model, Forecaster):
        raise TypeError(f"{type(model).__name__} is no forecaster")
    periods = trained.frame["period_start"].nunique()
    judged_periods = trained.split.test["period_start"].nunique()
    if periods < _SHORT * judged_periods:
        mine = trained.name == OURS
        unfitted = _unfitted(context) if mine else baselines(context)[trained.name]
        return unfitted.fit(trained.frame)
    return model.refitted(trained.frame)


def sample(demand: pd.DataFrame) -> pd.DataFrame:
    """A few whole series."""
    pairs = demand[KEYS].drop_duplicates()
    return demand.merge(pairs.iloc[:: max(len(pairs) // _SAMPLED, 1)][:_SAMPLED], on=KEYS)


def publish(fitted: Model, context: Context, parts: Split) -> None:
    """Write the forecasts of the rolling origins to the `forecast` view.

    The model was fitted on nothing after the first origin, so that replenishment may learn from
    how these forecasts fared. Those of now are the champion's (`decisions.forecasting`).

    fitted: a forecaster fitted on what was known at the cut; context: of the training run:
    settings, lake, store and as_of; parts: the demand before the cut and after it.
    """
    tables = _tables(context)
    demand = pd.concat([parts.train, parts.test], ignore_index=True)
    frequency = str(demand["frequency"].iloc[0])
    made = f"back-test {parts.cut:%Y-%m-%d}"
    rows, known = [], _known(context)
    for origin in origins(parts):
        past = demand[demand["event_timestamp"] <= origin]
        ahead = features.future(past, tables, origin.to_pydatetime(), horizon=fitted.horizon_)  # type: ignore[attr-defined]
        ahead = features.handed_over(ahead, past, known, context.as_of)
        answer = fitted.predict(pd.concat([past, ahead], ignore_index=True)).assign(origin=origin)
        answer = answer.merge(history_events(past), how="left", on=KEYS)
        answer = features.with_succession_events(answer, known, context.as_of)
        rows.append(features.packed(answer, LEVELS, frequency=frequency, model_version=made))
    context.store.write("forecast", pd.concat(rows, ignore_index=True))


RECIPE = Recipe(
    use_case="forecasting",
    metric=METRIC,
    better="lower",
    features=dict(features.DEMAND),
    frame=frame,
    check=check,
    split=split,
    model=model,
    baselines=baselines,
    score=score,
    plots=draw,
    sample=sample,
    servable=("moving_average", "seasonal_naive", "naive", "seasonal_naive_textbook"),
    publish=publish,
    refit=refit,
    done=done,
)

__all__ = ["RECIPE"]
