"""Planners' corrections of history, put on the demand signal as they were known at a moment."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.history_corrections import HistoryCorrection
from features.forecasting.grid import PAIR
from features.forecasting.overrides import PairAttributes

Bools = NDArray[np.bool_]


def corrected(
    demand: pd.DataFrame,
    corrections: Sequence[HistoryCorrection],
    at: datetime,
    attributes: PairAttributes,
) -> pd.DataFrame:
    """The demand signal with the corrections that were known at a moment, older ones first.

    An excluded period has no quantity, a replaced one that of the correction, and neither was cut
    short by an empty shelf. Adds observed and observed_sold, `quantity` and `sold` as they were,
    and history_corrections (ids of those that touch the period, joined by commas, or None).

    demand: a frame of `demand`; corrections: any, the newest first; at: the moment; attributes: of
    the pairs.
    """
    frame = demand.assign(
        observed=demand["quantity"], observed_sold=demand["sold"], history_corrections=None
    ).reset_index(drop=True)
    known = [one for one in corrections if one.is_known(at) and one.action != "continue"]
    for one in known[::-1]:
        rows = np.flatnonzero(touched(frame, one, attributes))
        if len(rows):
            _put_on(frame, one, rows)
    return frame


def touched(
    demand: pd.DataFrame, correction: HistoryCorrection, attributes: PairAttributes
) -> Bools:
    """Whether a correction is of each row's pair and period.

    demand: rows of the `demand` view; correction: one; attributes: of the pairs.
    """
    first, last = correction.first.isoformat(), correction.last.isoformat()
    inside = demand["period_start"].between(first, last).to_numpy(dtype=bool)
    pairs = demand.loc[inside, PAIR].drop_duplicates()
    mine = [attributes.is_within(correction, *pair) for pair in pairs.itertuples(index=False)]
    wanted = pd.MultiIndex.from_frame(pairs[np.asarray(mine, dtype=bool)])
    return np.asarray(inside & pd.MultiIndex.from_frame(demand[PAIR]).isin(wanted))


def _put_on(frame: pd.DataFrame, correction: HistoryCorrection, rows: NDArray[np.int64]) -> None:
    """Put one correction on rows of the frame, in place."""
    former = frame.loc[rows, "history_corrections"]
    ids = [f"{one},{correction.correction_id}" if one else correction.correction_id
           for one in former]  # fmt: skip
    frame.loc[rows, "history_corrections"] = ids
    if correction.action == "mark":
        return
    values = np.full(len(rows), np.nan)
    if correction.action == "replace":
        period = frame.loc[rows, "period_start"]
        sold = frame.loc[rows, "observed_sold"].astype(float)
        total, count = sold.groupby(period).transform("sum"), sold.groupby(period).transform("size")
        share = np.where(total > 0, sold / total.where(total > 0), 1.0 / count)
        values = share * float(correction.quantity or 0.0)
    frame.loc[rows, ["quantity", "sold"]] = np.stack([values, values], axis=1)
    frame.loc[rows, "censored"] = False
    frame.loc[rows, "lost"] = 0.0
