"""The demand signal as planners corrected it, and forecasts made anew from it."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from decisions.forecasting.batch import forecast_rows
from decisions.forecasting.known_corrections import with_corrections
from decisions.forecasting.override_layer import KEYS, pair_attributes, put
from decisions.forecasting.what_if import MOST_LEARNED, most_like
from decisions.runtime import Runtime
from features import forecasting as features

# Pairs that are forecast anew while the planner waits.
MOST_RENEWED = 500


@dataclass(frozen=True)
class CorrectionEffect:
    """What a correction, made or undone, changed. periods: closed periods that it touches, over all
    pairs; renewed: pairs that were forecast anew; note: why there are none, or fewer; "" otherwise.
    """

    periods: int
    renewed: int
    note: str = ""


def corrected_history(
    runtime: Runtime, now: datetime, *, only: dict[str, str] | None = None
) -> pd.DataFrame:
    """Rows of `demand` with the corrections known now.

    runtime: whose store and records are read; now: the moment; only: of this pair or warehouse.
    """
    return with_corrections(runtime, runtime.store.history("demand", now, only=only), now)


def renew_forecasts(
    runtime: Runtime, correction: features.HistoryCorrection, now: datetime
) -> CorrectionEffect:
    """Forecast the pairs of a correction anew, from the history as it is corrected now.

    runtime: whose store, records and model are used; correction: made or undone just before; now:
    the moment.
    """
    history = corrected_history(runtime, now)
    inside = features.touched(history, correction, pair_attributes(runtime))
    periods = int(inside.sum())
    if not periods:
        return CorrectionEffect(0, 0, _no_period(correction, history))
    if correction.action == "mark":
        return CorrectionEffect(periods, 0, "A mark is a note: it changes no number.")
    release = runtime.release("forecasting")
    if release is None:
        return CorrectionEffect(periods, 0)
    pairs = history.loc[inside, KEYS].drop_duplicates()
    if len(pairs) > MOST_RENEWED:
        note = f"It touches {len(pairs):,} forecasts: the next batch forecast counts it."
        return CorrectionEffect(periods, 0, note)
    mine = pd.MultiIndex.from_frame(history[KEYS]).isin(pd.MultiIndex.from_frame(pairs))
    own = history[mine]
    horizon: int = release.model.horizon_  # type: ignore[attr-defined]
    rows, _ = forecast_rows(
        runtime, release, most_like(history, own, MOST_LEARNED), now, horizon=horizon, own=own
    )
    if rows.empty:
        return CorrectionEffect(periods, 0, "No forecast is made of it any more.")
    put(runtime, rows, now)
    return CorrectionEffect(periods, len(rows))


def _no_period(correction: features.HistoryCorrection, history: pd.DataFrame) -> str:
    if history.empty:
        return "There is no demand of closed periods yet: argosy materialize."
    starts = np.sort(history["period_start"].unique())
    return (
        f"It touches no period: none of its products and warehouses has one that starts from "
        f"{correction.first} to {correction.last}; those of the history start from {starts[0]} to "
        f"{starts[-1]}."
    )
