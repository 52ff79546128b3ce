"""The training frame: what was known of each customer at past moments, and what came after."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from features.customers import LEDGER_FEATURES, days_since_1970, model_inputs
from features.store import Store

HORIZONS = (30, 90, 365)
STEP_DAYS = 30  # between two origins
ORIGINS_A_HORIZON = 4
FEWEST_HISTORY_DAYS = 2 * HORIZONS[0]
MOST_CUSTOMERS = 30_000

# What came: the name of a target, and the running sum whose growth it is.
_TARGETS = {
    "target_orders": "orders",
    "target_priced_orders": "priced_orders",
    "target_revenue": "revenue",
    "target_costed_revenue": "costed_revenue",
    "target_margin": "margin",
}


def customers_at(store: Store, as_of: datetime, *, most: int, seed: int) -> pd.DataFrame:
    """Everyone who has ordered by a time: customer_id and first_order_day.

    store: of the features; as_of: the time; most: at most so many, drawn by `seed`.
    """
    newest = store.latest("customer_ledger", as_of)
    buyers = newest.loc[newest["first_order_day"].notna(), ["customer_id", "first_order_day"]]
    if len(buyers) > most:
        buyers = buyers.sample(most, random_state=seed)
    return buyers.sort_values("customer_id", ignore_index=True)


def horizons_for(history_days: float) -> list[int]:
    """The horizons to learn from so many days of orders: each leaves as long a past before it.

    Where a year is too long, half the history is the longest one.
    """
    fitting = [days for days in HORIZONS if 2 * days <= history_days]
    half = int(history_days // 2)
    if fitting and fitting[-1] < HORIZONS[-1] and half >= 1.3 * fitting[-1]:
        fitting.append(half)
    return fitting


def test_horizon(history_days: float) -> int:
    """The horizon that models are judged on: the longest that leaves two of it to learn from."""
    fitting = [days for days in HORIZONS if 3 * days <= history_days]
    return fitting[-1] if fitting else HORIZONS[0]


def origins(
    as_of: pd.Timestamp, history_days: float, cut: pd.Timestamp
) -> list[tuple[pd.Timestamp, int]]:
    """Moments to learn from, each with a horizon: the newest whose horizon is over by as_of, the
    newest whose horizon was over by the cut, and both moments themselves.

    as_of: now; history_days: since the first order; cut: where the test begins.
    """
    start = as_of - pd.Timedelta(days=history_days)
    found: dict[tuple[pd.Timestamp, int], None] = {}
    for end in (as_of, cut):
        past = (end - start) / pd.Timedelta(days=1)
        for days in horizons_for(past):
            for back in range(ORIGINS_A_HORIZON):
                origin = end - pd.Timedelta(days=days + STEP_DAYS * back)
                if origin - start >= pd.Timedelta(days=min(days, 90)):
                    found[(origin, days)] = None
    judged = round((as_of - cut) / pd.Timedelta(days=1))
    found[(cut, judged)] = None
    found[(as_of, HORIZONS[-1])] = None
    return sorted(found)


def training_rows(
    store: Store,
    buyers: pd.DataFrame,
    moments: Sequence[tuple[pd.Timestamp, int]],
    as_of: datetime,
) -> pd.DataFrame:
    """One row a customer, origin and horizon: the inputs then, and what came (missing while the
    horizon is not over).

    buyers: of `customers_at`; moments: of `origins`; all point in time, from the
    store; as_of: nothing later is read.
    """
    ends = {origin + pd.Timedelta(days=days) for origin, days in moments}
    times = sorted({origin for origin, _ in moments} | {end for end in ends if end <= as_of})
    ledgers = {time: _known_at(store, buyers, time, as_of) for time in times}
    parts = [_rows_of(ledgers, origin, days) for origin, days in moments]
    return pd.concat(parts, ignore_index=True)


def _known_at(
    store: Store, buyers: pd.DataFrame, time: pd.Timestamp, as_of: datetime
) -> pd.DataFrame:
    """The ledger of those who had ordered by a time, in the buyers' order."""
    day = days_since_1970(pd.Series([time])).iloc[0]
    asked = buyers.loc[buyers["first_order_day"] <= day, ["customer_id"]]
    entities = asked.assign(event_timestamp=time)
    known = store.training_frame("customers", entities, as_of)
    return known[["customer_id", *LEDGER_FEATURES]].set_index("customer_id")


def _rows_of(
    ledgers: dict[pd.Timestamp, pd.DataFrame], origin: pd.Timestamp, days: int
) -> pd.DataFrame:
    known = ledgers[origin]
    rows = model_inputs(known, pd.Series(origin, index=known.index))
    rows.insert(0, "customer_id", known.index.to_numpy(dtype=object))
    rows = rows.assign(origin=origin, horizon_days=days)
    after = ledgers.get(origin + pd.Timedelta(days=days))
    for target, name in _TARGETS.items():
        rows[target] = np.nan if after is None else after[name].reindex(known.index) - known[name]
    return rows.reset_index(drop=True)
