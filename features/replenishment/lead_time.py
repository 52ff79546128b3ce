"""`lead_time`: how long each supplier really takes, learned from received purchase orders."""

from datetime import datetime

import numpy as np
import pandas as pd

from features.contracts import Frames, View
from features.replenishment.ledger import Floats, Ints, Keys, Ledger, moments, seconds
from features.replenishment.supply import EVERY, TRIPLE, WEEKS

# The declared lead time weighs as much as this many received orders.
DECLARED_WEIGHT = 4.0
_SUPPLIER = ("warehouse_id", "supplier_id")


def build(tables: Frames, as_of: datetime) -> pd.DataFrame:
    """Mean and standard deviation of the lead time in days, as known at each moment.

    What is learned is the delay: real less declared days. A supplier's delay at a warehouse is
    shrunk to none, a product's delay to its supplier's, both by DECLARED_WEIGHT. The deviation is
    the supplier's around its own mean, shrunk to the declared one where one is declared.
    lead_time_orders: received lines of the product behind it.
    """
    grid = moments(as_of, weeks=WEEKS, every=EVERY)
    terms = tables["supply_terms"].sort_values("valid_from", kind="stable")
    received = _received(tables["purchase_orders"], terms)
    keys = Keys.of(TRIPLE, terms)
    parts = [_at(received, terms, keys, moment) for moment in grid]
    return pd.concat(parts, ignore_index=True)[[*TRIPLE, "event_timestamp", *VIEW.features]]


def _received(bought: pd.DataFrame, terms: pd.DataFrame) -> pd.DataFrame:
    """Received lines with their delay: real days less the days declared when they were ordered."""
    done = bought[bought["received_at"].notna()].sort_values("ordered_at", kind="stable")
    declared = terms[[*TRIPLE, "valid_from", "lead_time_days"]]
    lines = pd.merge_asof(
        done,
        declared.sort_values("valid_from", kind="stable"),
        left_on="ordered_at",
        right_on="valid_from",
        by=list(TRIPLE),
    )
    took = (lines["received_at"] - lines["ordered_at"]).dt.total_seconds() / 86_400
    return lines.assign(delay=took - lines["lead_time_days"]).dropna(subset=["delay"])


def _at(
    received: pd.DataFrame, terms: pd.DataFrame, keys: Keys, moment: pd.Timestamp
) -> pd.DataFrame:
    known = terms[terms["valid_from"].fillna(moment) <= moment]
    rows = known.drop_duplicates(list(TRIPLE), keep="last").reset_index(drop=True)
    orders = received.groupby(["po_id", *_SUPPLIER], as_index=False).agg(
        delay=("delay", "mean"), received_at=("received_at", "max")
    )
    count, total, squares = _sums(orders, rows, _SUPPLIER, moment)
    supplier = total / (count + DECLARED_WEIGHT)
    variance = _variance(rows["lead_time_sd"].fillna(0.0).to_numpy(), count, total, squares)
    lines, late, _ = _sums(received, rows, TRIPLE, moment)
    delay = (late + DECLARED_WEIGHT * supplier) / (lines + DECLARED_WEIGHT)
    return rows[list(TRIPLE)].assign(
        event_timestamp=moment,
        lead_time_mean=np.maximum(rows["lead_time_days"].to_numpy() + delay, 0.0),
        lead_time_spread=np.sqrt(variance),
        lead_time_orders=lines,
    )


def _sums(
    received: pd.DataFrame, rows: pd.DataFrame, columns: tuple[str, ...], moment: pd.Timestamp
) -> tuple[Floats, Floats, Floats]:
    """Count, sum and sum of squares of the delays known at `moment`, one a row."""
    keys = Keys.of(columns, rows)
    codes, at = keys.codes(received), seconds(received["received_at"])
    asked = keys.codes(rows)
    until: Ints = np.full(len(rows), seconds(pd.Series([moment]))[0])
    delay = received["delay"].to_numpy(dtype=float)
    count, total, squares = (
        Ledger.of(codes, at, values).until(asked, until)
        for values in (np.ones(len(delay)), delay, delay**2)
    )
    return count, total, squares


def _variance(declared: Floats, count: Floats, total: Floats, squares: Floats) -> Floats:
    around = np.maximum(squares - total**2 / np.maximum(count, 1.0), 0.0)
    weight = np.where(declared > 0, DECLARED_WEIGHT, 0.0)
    degrees = weight + np.maximum(count - 1.0, 0.0)
    return np.where(degrees > 0, (weight * declared**2 + around) / np.maximum(degrees, 1.0), 0.0)


VIEW = View(
    name="lead_time",
    keys=TRIPLE,
    features={
        "lead_time_mean": "float",
        "lead_time_spread": "float",
        "lead_time_orders": "float",
    },
    tables=("supply_terms", "purchase_orders"),
    build=build,
)
