"""What was found in the history of a series and changes how it is read: pauses, level shifts."""

import json
from collections.abc import Mapping

import numpy as np
import pandas as pd

from models.forecasting.level_shifts import without_shifts
from models.forecasting.panel import KEYS, DemandPanel, panel

Event = Mapping[str, object]

PAUSE, SHIFT, UNIT = "pause", "level_shift", "unit_change"


def history_events(frame: pd.DataFrame, *, correct_stockouts: bool = True) -> pd.DataFrame:
    """The events of each series that has any: the keys, and `history_events` (JSON), oldest first.

    An event has kind (pause, level_shift or unit_change), first (ISO date of the first period of
    it), last (of a pause, of its last period) and factor (of the others: how many times as much is
    sold since).

    frame: history and periods ahead, as `Forecaster.predict` reads them, with `paused` where it is
    known; correct_stockouts: as of the forecaster.
    """
    past = panel(frame, horizon=0, correct_stockouts=correct_stockouts)
    _, shifts = without_shifts(past)
    dates = past.dates.strftime("%Y-%m-%d")
    rows: list[tuple[str, str, Event]] = [
        (
            str(past.series["warehouse_id"].iloc[one.row]),
            str(past.series["product_id"].iloc[one.row]),
            {
                "kind": UNIT if one.is_unit else SHIFT,
                "first": str(dates[one.since]),
                "last": None,
                "factor": round(one.factor, 4),
            },
        )
        for one in shifts
    ]
    rows += _pauses(frame, past)
    found: dict[tuple[str, str], list[Event]] = {}
    for warehouse, product, event in rows:
        found.setdefault((warehouse, product), []).append(event)
    keys = pd.DataFrame(list(found), columns=KEYS, dtype=object)
    events = [
        json.dumps(sorted(all_, key=lambda one: str(one["first"]))) for all_ in found.values()
    ]
    return keys.assign(history_events=np.array(events, dtype=object))


def _pauses(frame: pd.DataFrame, past: DemandPanel) -> list[tuple[str, str, Event]]:
    """Each run of paused periods of one series."""
    if "paused" not in frame:
        return []
    rows = frame[frame["paused"].eq(True)].sort_values([*KEYS, "period_start"], kind="stable")
    place = past.dates.get_indexer(pd.DatetimeIndex(pd.to_datetime(rows["period_start"])))
    new = np.append(True, np.diff(place) != 1)[: len(rows)]
    same = rows[KEYS].eq(rows[KEYS].shift()).all(axis=1).to_numpy()
    run = np.cumsum(new | ~same)
    spans = rows.groupby(run, sort=False).agg(
        warehouse_id=("warehouse_id", "first"),
        product_id=("product_id", "first"),
        first=("period_start", "first"),
        last=("period_start", "last"),
    )
    return [
        (warehouse, product, {"kind": PAUSE, "first": first, "last": last, "factor": None})
        for warehouse, product, first, last in spans.itertuples(index=False, name=None)
    ]
