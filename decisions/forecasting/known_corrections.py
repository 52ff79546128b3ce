"""The demand signal with planners' corrections of history put on."""

import logging
from datetime import datetime

import pandas as pd

from data.records import DatabaseError
from decisions.forecasting.override_layer import pair_attributes
from decisions.runtime import Runtime
from features import forecasting as features

_LOG = logging.getLogger(__name__)


def with_corrections(runtime: Runtime, demand: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """Rows of `demand` with the corrections known at a moment (see `features.corrected`).

    Where the database does not answer, the rows as they are, which the log tells.

    runtime: whose records and lake are read; demand: rows of the view; now: the moment.
    """
    try:
        known = runtime.records.history_corrections.known_at(now)
    except DatabaseError as error:
        _LOG.warning("planners' corrections of history are left out: %s", error)
        known = []
    return features.corrected(demand, known, now, pair_attributes(runtime))
