"""Batch answers of any use case, by the models and features that answer over HTTP."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from data.settings import Settings
from data.use_cases import load_part
from decisions.runtime import Runtime
from features.store import Store
from models.base import ModelError

Report = Callable[[str, float | None], None]


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
    needs are made first. Raises EmptyLakeError, ModelError.

    settings: the settings; use_case: a name of USE_CASES.
    """
    runtime = Runtime(settings)
    moment = runtime.lake.moment(as_of)
    report("computing the features", None)
    runtime.store.ensure(moment)
    runtime.refresh()
    if use_case == "replenishment" and not _are_forecasts_fresh(runtime.store, moment):
        report("forecasting first: the store has no forecasts as of then", None)
        try:
            load_part("decisions", "forecasting").score(runtime, moment)
        except ModelError as error:
            report(f"no forecasts: recent sales are carried on ({error})", None)
    report(f"scoring {use_case}", None)
    frame: pd.DataFrame = load_part("decisions", use_case).score(runtime, moment, **options)
    return frame


def _are_forecasts_fresh(store: Store, moment: datetime) -> bool:
    made = store.latest("forecast", moment)["event_timestamp"]
    return len(made) > 0 and bool(made.max() >= moment)
