"""Batch answers of any use case, by the models and features that answer over HTTP."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from data.errors import ArgosyError
from data.lake.needs import missing_tables
from data.settings import Settings
from data.use_cases import load_part, needs_of
from decisions.runtime import Runtime
from features.store import Store
from models.base import ModelError

Report = Callable[[str, float | None], None]
# What answers where there is no model.
_CARRIED_ON = {"forecasting": "recent sales", "customers": "last year's orders"}


class NothingToScoreError(ArgosyError):
    """There is no row to answer for, because a table is missing that the use case needs."""


def score_use_case(
    settings: Settings,
    use_case: str,
    as_of: datetime | None,
    options: Mapping[str, Any],
    report: Report,
) -> pd.DataFrame:
    """The answers of one use case to all there is, as a table.

    as_of: as if it were then; None: the newest fact of the lake. options: arguments of the use
    case's own `score`. report: called with a text and the share done. Forecasts that replenishment
    needs are made first. Raises EmptyLakeError, ModelError, and NothingToScoreError where there is
    no row for want of a table.

    settings: the settings; use_case: a name of USE_CASES.
    """
    runtime = Runtime(settings)
    moment = runtime.lake.moment(as_of)
    report("computing the features", None)
    runtime.store.ensure(moment)
    runtime.refresh()
    if use_case == "replenishment" and not _are_forecasts_fresh(runtime.store, moment):
        _forecast_first(runtime, moment, report)
    elif use_case in _CARRIED_ON and runtime.release(use_case) is None:
        report(f"{_CARRIED_ON[use_case]} are carried on: {runtime.problem(use_case)}", None)
    report(f"scoring {use_case}", None)
    frame: pd.DataFrame = load_part("decisions", use_case).score(runtime, moment, **options)
    needed = missing_tables(runtime.lake, needs_of(use_case))
    if frame.empty and needed:
        raise NothingToScoreError(f"{use_case} has nothing to score: ingest {' and '.join(needed)}")
    return frame


def _forecast_first(runtime: Runtime, moment: datetime, report: Report) -> None:
    """Put the forecasts as of then into the store; without a model a plan carries on by itself."""
    report("forecasting first: the store has no forecasts as of then", None)
    why = runtime.problem("forecasting") if runtime.release("forecasting") is None else None
    try:
        if why is None:
            load_part("decisions", "forecasting").score(runtime, moment)
    except ModelError as error:
        why = str(error)
    if why is not None:
        report(f"no forecasts: recent sales are carried on ({why})", None)


def keep_answers(
    settings: Settings, use_cases: Sequence[str], as_of: datetime | None, report: Report
) -> None:
    """Put what use cases read of each other's answers into the store, by the models in use.

    settings: the settings; use_cases: whose answers are made anew; one without a model, or whose
    answers nobody reads, is left out; as_of: as if it were then, None: the newest fact of the lake;
    report: called with a text and the share done.
    """
    parts = {
        name: getattr(load_part("decisions", name), "keep_answers", None) for name in use_cases
    }
    kept = {name: keep for name, keep in parts.items() if keep is not None}
    if not kept:
        return
    runtime = Runtime(settings)
    moment = runtime.lake.moment(as_of)
    runtime.store.ensure(moment)
    runtime.refresh()
    for name, keep in kept.items():
        if runtime.release(name) is not None:
            report(f"{name}: writing what others read of it to the feature store", None)
            keep(runtime, moment)


def _are_forecasts_fresh(store: Store, moment: datetime) -> bool:
    made = store.latest("forecast", moment)["event_timestamp"]
    return len(made) > 0 and bool(made.max() >= moment)
