"""The demand signal with planners' corrections of history put on, and what successors inherit."""

import logging
from datetime import datetime

import pandas as pd

from data.records import DatabaseError
from decisions.forecasting.override_layer import pair_attributes
from decisions.runtime import Runtime
from features import forecasting as features

_LOG = logging.getLogger(__name__)


def known_corrections(runtime: Runtime, now: datetime) -> list[features.HistoryCorrection]:
    """Planners' corrections known at a moment, and variants that continue their parents; without
    the former, which the log tells, where the database does not answer.

    runtime: whose records and lake are read; now: the moment.
    """
    try:
        told = runtime.records.history_corrections.known_at(now)
    except DatabaseError as error:
        _LOG.warning("planners' corrections of history are left out: %s", error)
        told = []
    products = runtime.lake.read("products", as_of=now, columns=features.VARIANTS)
    return features.with_variants(told, products)


def with_successors(
    runtime: Runtime, demand: pd.DataFrame, now: datetime, *, whole: bool = False
) -> pd.DataFrame:
    """The rows of `with_corrections`, each successor with the history that it continues (see
    `features.inherited`): what forecasts are made from.

    runtime: whose records and lake are read; demand: rows of the view, of every pair that is
    continued too; now: the moment; whole: with what predecessors sold since, of which no forecast
    learns.
    """
    known, attributes = known_corrections(runtime, now), pair_attributes(runtime)
    frame = features.corrected(demand, known, now, attributes)
    frame = features.inherited(frame, known, now, attributes)
    return frame if whole else features.without_succeeded(frame, known, now)


def with_corrections(runtime: Runtime, demand: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """Rows of `demand` with the corrections known at a moment (see `features.corrected`).

    runtime: whose records and lake are read; demand: rows of the view; now: the moment.
    """
    known = known_corrections(runtime, now)
    return features.corrected(demand, known, now, pair_attributes(runtime))
