"""`lead_time`: how long each supplier really takes, learned from received purchase orders."""

from datetime import datetime

import numpy as np
import pandas as pd
from scipy.special import log_ndtr

from data.views import Frames, Terms, View
from data.zones import wall_clock, zones_of
from features.replenishment.ledger import Floats, Ints, Keys, Ledger, moments, seconds
from features.replenishment.orders import closed_days, order_lines, teaching_lines
from features.replenishment.supply import EVERY, TRIPLE, WEEKS

# The declared lead time weighs as much as this many received orders.
DECLARED_WEIGHT = 4.0
# An order later than this is forgotten: it says nothing of the time others take.
LOST_DAYS = 28.0
# A tenth of a supplier's delays at each end is trimmed to the next one, and never below this share
# of the declared lead time (or a day) around the middle.
TRIMMED, LEAST_SHARE = 0.1, 0.25
_NO_SPREAD = 1e-6  # days
_SUPPLIER = ("warehouse_id", "supplier_id")


def build(tables: Frames, as_of: datetime, terms: Terms) -> pd.DataFrame:
    """Mean and standard deviation of the lead time in days, as known at each moment.

    What is learned is the delay: real less declared days, those on which the supplier was closed
    (table `closures`) left out, of lines that do not contradict themselves (`orders`). Extreme
    delays are trimmed (`_limits`), so that one order moves little. A supplier's delay at a
    warehouse is shrunk to none, a product's delay to its supplier's, both by
    DECLARED_WEIGHT. The deviation is the supplier's around its own mean, shrunk to the declared one
    where one is declared. An overdue order counts as censored: with the delay to be expected of one
    that is already so late (one step of Buckley & James, 1979, for normal delays); LOST_DAYS after
    its time it counts no more. lead_time_orders: received lines of the product behind it.

    Days, of closures and of terms, begin and end in the time zone of the warehouse.

    tables: purchase_orders, supply_terms and warehouses, and closures where there are any, as known
    at `as_of`; as_of: the newest moment, with its time zone; terms: the frozen settings, which
    change nothing here.
    """
    grid = moments(as_of, weeks=WEEKS, every=EVERY)
    supply_terms = tables["supply_terms"].sort_values("valid_from", kind="stable")
    sites = tables["warehouses"]
    supply_terms = supply_terms.assign(zone=zones_of(supply_terms["warehouse_id"], sites))
    bought = order_lines(tables["purchase_orders"])
    bought = bought.assign(zone=zones_of(bought["warehouse_id"], sites))
    bought = _declared(bought, supply_terms, tables.get("closures"))
    parts = [_at(bought, supply_terms, moment) for moment in grid]
    return pd.concat(parts, ignore_index=True)[[*TRIPLE, "event_timestamp", *VIEW.features]]


def _declared(
    bought: pd.DataFrame, supply_terms: pd.DataFrame, closures: pd.DataFrame | None
) -> pd.DataFrame:
    """Lines with the days declared when they were ordered, and the delay of those received; NaN
    where a line teaches nothing."""
    declared = supply_terms[[*TRIPLE, "valid_from", "lead_time_days"]]
    # The clocks on the warehouses' walls, written as UTC, as days are.
    first, last = (_local(bought[name], bought["zone"]) for name in ("ordered_at", "received_at"))
    lines = pd.merge_asof(
        bought.assign(first=first, last=last).sort_values("first", kind="stable"),
        declared.sort_values("valid_from", kind="stable"),
        left_on="first",
        right_on="valid_from",
        by=list(TRIPLE),
    ).dropna(subset=["lead_time_days"])
    closed = closed_days(lines, closures, lines["first"], lines["last"])
    took = _days(lines["received_at"] - lines["ordered_at"]) - closed
    teaches = lines.index.isin(teaching_lines(lines).index)
    return lines.assign(delay=(took - lines["lead_time_days"]).where(teaches))


def _local(times: pd.Series, zones: pd.Series) -> pd.Series:
    local: pd.Series = wall_clock(times, zones).dt.tz_localize("UTC").dt.as_unit(times.dt.unit)
    return local


def _days(span: pd.Series) -> pd.Series:
    days: pd.Series = span.dt.total_seconds() / 86_400
    return days


def _at(bought: pd.DataFrame, supply_terms: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    clock = _local(pd.Series(moment, index=supply_terms.index), supply_terms["zone"])
    known = supply_terms[supply_terms["valid_from"].fillna(clock) <= clock]
    rows = known.drop_duplicates(list(TRIPLE), keep="last").reset_index(drop=True)
    received = bought[(bought["received_at"] <= moment) & bought["delay"].notna()]
    declared = rows["lead_time_sd"].fillna(0.0).to_numpy()
    limits = _limits(_orders(received), rows)
    received = _trimmed(received, limits)
    count, total, squares = _sums(_orders(received), rows, _SUPPLIER, moment)
    usual = rows[list(TRIPLE)].assign(
        usual=total / (count + DECLARED_WEIGHT),
        spread=np.sqrt(_variance(declared, count, total, squares)),
    )
    awaited = _trimmed(_awaited(bought, usual, moment), limits)
    seen = pd.concat([received, awaited], ignore_index=True)
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


def _limits(orders: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Least and largest delay that counts of each warehouse and supplier: `low` and `high`.

    orders: one delay an order; rows: the terms in force, whose declared lead time counts as
    DECLARED_WEIGHT orders on time. A tenth of all at each end is taken as the next one (winsorised:
    Tukey, 1962); what lies within LEAST_SHARE of the lead time around the middle always counts.
    """
    suppliers = rows.groupby(list(_SUPPLIER), as_index=False)["lead_time_days"].median()
    prior = suppliers.loc[np.repeat(suppliers.index, int(DECLARED_WEIGHT)), list(_SUPPLIER)]
    every = pd.concat([orders[[*_SUPPLIER, "delay"]], prior.assign(delay=0.0)], ignore_index=True)
    groups = every.groupby(list(_SUPPLIER))["delay"]
    found = pd.DataFrame(
        {
            "low": groups.quantile(TRIMMED, interpolation="higher"),
            "middle": groups.median(),
            "high": groups.quantile(1 - TRIMMED, interpolation="lower"),
        }
    ).reset_index()
    found = found.merge(suppliers, on=list(_SUPPLIER))
    least = np.maximum(LEAST_SHARE * found["lead_time_days"], 1.0)
    return found.assign(
        low=np.minimum(found["low"], found["middle"] - least),
        high=np.maximum(found["high"], found["middle"] + least),
    )[[*_SUPPLIER, "low", "high"]]


def _trimmed(lines: pd.DataFrame, limits: pd.DataFrame) -> pd.DataFrame:
    """The lines with delays within the limits of their warehouse and supplier."""
    bounds = lines[list(_SUPPLIER)].merge(limits, how="left", on=list(_SUPPLIER))
    low, high = bounds["low"].fillna(-np.inf), bounds["high"].fillna(np.inf)
    delay = np.clip(lines["delay"].to_numpy(dtype=float), low.to_numpy(), high.to_numpy())
    return lines.assign(delay=delay)


def _orders(lines: pd.DataFrame) -> pd.DataFrame:
    """One delay an order: its lines travel together."""
    return lines.groupby(["po_id", *_SUPPLIER], as_index=False).agg(
        delay=("delay", "mean"), received_at=("received_at", "max")
    )


def _awaited(bought: pd.DataFrame, usual: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """Overdue lines with the delay to be expected of them, as if they came at the moment."""
    over = (bought["received_at"] <= moment) | (bought["ended_at"] <= moment)
    here = (bought["ordered_at"] <= moment) & ~over
    late = bought[here].merge(usual, on=list(TRIPLE))
    so_far = _days(moment - late["ordered_at"]) - late["lead_time_days"]
    overdue = (so_far > 0) & (so_far <= LOST_DAYS)
    late, least = late[overdue], so_far[overdue].to_numpy(dtype=float)
    mean, spread = late["usual"].to_numpy(dtype=float), late["spread"].to_numpy(dtype=float)
    return late.assign(delay=expected_beyond(least, mean, spread), received_at=moment)


def expected_beyond(least: Floats, mean: Floats, spread: Floats) -> Floats:
    """Mean of a normal variable known to be more than `least`: mean + sd·φ(z)/(1 − Φ(z)).

    least: what the variable is known to exceed; mean, spread: the variable's mean and standard
    deviation (sd), in the same unit; all n.

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
    tables=("supply_terms", "purchase_orders", "closures", "warehouses"),
    build=build,
)
