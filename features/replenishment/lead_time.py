"""`lead_time`: how long each supplier really takes, learned from received purchase orders."""

from datetime import datetime

import numpy as np
import pandas as pd
from scipy.special import log_ndtr

from data.views import Frames, Terms, View
from features.replenishment.ledger import Floats, Ints, Keys, Ledger, moments, seconds
from features.replenishment.supply import EVERY, TRIPLE, WEEKS

# The declared lead time weighs as much as this many received orders.
DECLARED_WEIGHT = 4.0
# An order later than this is lost: it says nothing of the time others take.
LOST_DAYS = 90.0
_NO_SPREAD = 1e-6  # days
_SUPPLIER = ("warehouse_id", "supplier_id")


def build(tables: Frames, as_of: datetime, terms: Terms) -> pd.DataFrame:
    """Mean and standard deviation of the lead time in days, as known at each moment.

    What is learned is the delay: real less declared days. A supplier's delay at a warehouse is
    shrunk to none, a product's delay to its supplier's, both by DECLARED_WEIGHT. The deviation is
    the supplier's around its own mean, shrunk to the declared one where one is declared. An overdue
    order counts as censored: with the delay to be expected of one that is already so late (one step
    of Buckley & James, 1979, for normal delays); LOST_DAYS after its time it counts no more.
    lead_time_orders: received lines of the product behind it.
    """
    grid = moments(as_of, weeks=WEEKS, every=EVERY)
    supply_terms = tables["supply_terms"].sort_values("valid_from", kind="stable")
    bought = _declared(tables["purchase_orders"], supply_terms)
    keys = Keys.of(TRIPLE, supply_terms)
    parts = [_at(bought, supply_terms, keys, moment) for moment in grid]
    return pd.concat(parts, ignore_index=True)[[*TRIPLE, "event_timestamp", *VIEW.features]]


def _declared(bought: pd.DataFrame, supply_terms: pd.DataFrame) -> pd.DataFrame:
    """Lines with the days declared when they were ordered, and the delay of the received ones."""
    declared = supply_terms[[*TRIPLE, "valid_from", "lead_time_days"]]
    lines = pd.merge_asof(
        bought.sort_values("ordered_at", kind="stable"),
        declared.sort_values("valid_from", kind="stable"),
        left_on="ordered_at",
        right_on="valid_from",
        by=list(TRIPLE),
    ).dropna(subset=["lead_time_days"])
    took = _days(lines["received_at"] - lines["ordered_at"])
    return lines.assign(delay=took - lines["lead_time_days"])


def _days(span: pd.Series) -> pd.Series:
    days: pd.Series = span.dt.total_seconds() / 86_400
    return days


def _at(
    bought: pd.DataFrame, supply_terms: pd.DataFrame, keys: Keys, moment: pd.Timestamp
) -> pd.DataFrame:
    known = supply_terms[supply_terms["valid_from"].fillna(moment) <= moment]
    rows = known.drop_duplicates(list(TRIPLE), keep="last").reset_index(drop=True)
    received = bought[bought["received_at"] <= moment]
    declared = rows["lead_time_sd"].fillna(0.0).to_numpy()
    count, total, squares = _sums(_orders(received), rows, _SUPPLIER, moment)
    usual = rows[list(TRIPLE)].assign(
        usual=total / (count + DECLARED_WEIGHT),
        spread=np.sqrt(_variance(declared, count, total, squares)),
    )
    seen = pd.concat([received, _awaited(bought, usual, moment)], ignore_index=True)
    count, total, squares = _sums(_orders(seen), rows, _SUPPLIER, moment)
    supplier = total / (count + DECLARED_WEIGHT)
    variance = _variance(declared, count, total, squares)
    lines, late, _ = _sums(seen, rows, TRIPLE, moment)
    delay = (late + DECLARED_WEIGHT * supplier) / (lines + DECLARED_WEIGHT)
    return rows[list(TRIPLE)].assign(
        event_timestamp=moment,
        lead_time_mean=np.maximum(rows["lead_time_days"].to_numpy() + delay, 0.0),
        lead_time_spread=np.sqrt(variance),
        lead_time_orders=_sums(received, rows, TRIPLE, moment)[0],
    )


def _orders(lines: pd.DataFrame) -> pd.DataFrame:
    """One delay an order: its lines travel together."""
    return lines.groupby(["po_id", *_SUPPLIER], as_index=False).agg(
        delay=("delay", "mean"), received_at=("received_at", "max")
    )


def _awaited(bought: pd.DataFrame, usual: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """Overdue lines with the delay to be expected of them, as if they came at the moment."""
    here = (bought["ordered_at"] <= moment) & ~(bought["received_at"] <= moment)
    late = bought[here].merge(usual, on=list(TRIPLE))
    so_far = _days(moment - late["ordered_at"]) - late["lead_time_days"]
    overdue = (so_far > 0) & (so_far <= LOST_DAYS)
    late, least = late[overdue], so_far[overdue].to_numpy(dtype=float)
    mean, spread = late["usual"].to_numpy(dtype=float), late["spread"].to_numpy(dtype=float)
    return late.assign(delay=expected_beyond(least, mean, spread), received_at=moment)


def expected_beyond(least: Floats, mean: Floats, spread: Floats) -> Floats:
    """Mean of a normal variable known to be more than `least`: mean + sd·φ(z)/(1 − Φ(z)).

    >>> [round(float(x), 4) for x in expected_beyond(*np.array([[0.0, 9.0], [0, 0], [1, 0]]))]
    [0.7979, 9.0]
    """
    safe = np.where(spread > _NO_SPREAD, spread, 1.0)
    z = np.clip((least - mean) / safe, -8.0, 8.0)
    mills = np.exp(-(z**2) / 2 - log_ndtr(-z)) / np.sqrt(2 * np.pi)
    varied = np.maximum(mean + spread * mills, least)
    return np.where(spread > _NO_SPREAD, varied, np.maximum(mean, least))


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
