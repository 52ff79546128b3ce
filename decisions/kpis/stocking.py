"""What lies in the warehouses at the end of each day, beside what they sell."""

import numpy as np
import pandas as pd

from data.views import Frames
from data.zones import local_days, zones_of
from decisions.kpis.cells import Span
from decisions.kpis.selling import stock_costs
from features.order_margins import first_category
from features.replenishment.stock import movements

PAIR = ["warehouse_id", "product_id"]
SALES_DAYS, SELLING_DAYS, DEAD_DAYS = 28, 56, 90
_RECENT_DAYS = 6  # beside the day of the count: so long a shelf is known to be empty or not


def stock_facts(
    tables: Frames, lines: pd.DataFrame, span: Span, base_currency: str
) -> pd.DataFrame:
    """The measures of every warehouse × product × day of the span from its first count on.

    tables: stock, orders, purchase_orders, transfers, products, supply_terms, fx_rates, warehouses;
    lines: of `priced_lines`; span: the days; base_currency: ISO 4217. The last count of a day
    holds; later days have it less what was sold or sent and plus what came, in a shop that tells no
    receipts as it was. Whether a place is empty is told for a week after a count.
    """
    stock = tables["stock"]
    zones = zones_of(stock["warehouse_id"], tables["warehouses"])
    counted = stock.assign(day=local_days(stock["observed_at"], zones))
    days = pd.date_range(span.first - pd.Timedelta(days=DEAD_DAYS), span.last, freq="D")
    counted = counted[counted["day"] <= days[-1]]
    if counted.empty:
        return pd.DataFrame({"day": pd.to_datetime([])})
    pairs = counted[PAIR].drop_duplicates(ignore_index=True)
    grid = _Grid(pairs, days)
    ordered = counted.sort_values("observed_at", kind="stable")
    last = ordered.drop_duplicates([*PAIR, "day"], keep="last")
    last = last.assign(r=_reserved(last))
    moves = _moves(tables)
    on_hand = grid.carried(_carried_to(days[0], last, moves), moves)
    free = on_hand - np.nan_to_num(grid.recent(last, "r"))
    recent = ~np.isnan(grid.recent(last, "on_hand"))
    sold_lines = lines[lines["counts"]]
    units = grid.summed(sold_lines, "quantity")
    revenue = grid.summed(sold_lines, "revenue")
    cost = stock_costs(tables, pairs, base_currency)[:, None]
    sold_28, revenue_28 = _trailing(units, SALES_DAYS), _trailing(revenue, SALES_DAYS)
    selling = recent & (_trailing(units, SELLING_DAYS) > 0)
    there = np.maximum(on_hand, 0.0)
    daily = sold_28 / SALES_DAYS
    lost = np.where((on_hand <= 0) & selling, daily, 0.0)
    price = np.divide(revenue_28, sold_28, out=np.zeros_like(sold_28), where=sold_28 > 0)
    dead = (_trailing((there > 0).astype(float), DEAD_DAYS) >= DEAD_DAYS) & (
        _trailing(units, DEAD_DAYS) == 0
    )
    measures = {
        "units": there,
        # A place without stock is worth nothing, whatever a unit costs.
        "value": np.where(there > 0, there * cost, 0.0),
        "daily_units": daily,
        "sold_28d": sold_28,
        "sold_and_on_hand": sold_28 + there,
        "selling": selling.astype(float),
        "in_stock": (selling & (free > 0)).astype(float),
        "sold": np.where(recent, units, 0.0),
        "wanted": np.where(recent, units + lost, 0.0),
        # On a day without any young count nothing is known of empty places.
        "lost_revenue": np.where(recent.any(axis=0), lost * price, np.nan),
        "cost_of_sales": np.where(units > 0, units * cost, 0.0),
        "dead_value": np.where(dead, there * cost, 0.0),
    }
    return grid.rows(measures, ~np.isnan(on_hand), DEAD_DAYS).assign(
        category=lambda frame: first_category(tables["products"], frame["product_id"])
    )


def _reserved(stock: pd.DataFrame) -> pd.Series:
    return stock["reserved"].astype(float).fillna(0.0)


def _moves(tables: Frames) -> pd.DataFrame:
    """What came to and left each warehouse × product a day: day, units; none without receipts."""
    moved = movements(tables)
    if not tables["purchase_orders"]["received_at"].notna().any():
        moved = moved.iloc[:0]
    day = local_days(moved["at"], zones_of(moved["warehouse_id"], tables["warehouses"]))
    return moved.assign(day=day)


def _carried_to(day: pd.Timestamp, counts: pd.DataFrame, moves: pd.DataFrame) -> pd.DataFrame:
    """The counts from a day on, and the newest of each pair before it, moved on to that day."""
    before = counts[counts["day"] < day].drop_duplicates(PAIR, keep="last")
    later = moves[moves["day"] <= day].merge(
        before[[*PAIR, "day"]], on=PAIR, suffixes=("", "_counted")
    )
    since = later[later["day"] > later["day_counted"]].groupby(PAIR)["units"].sum()
    change = since.reindex(pd.MultiIndex.from_frame(before[PAIR])).fillna(0.0).to_numpy()
    moved = before.assign(on_hand=before["on_hand"].astype(float) + change, day=day)
    # Of the two counts that a pair may then have on the day, its own is the last.
    both = pd.concat([moved, counts[counts["day"] >= day]], ignore_index=True)
    return both.drop_duplicates([*PAIR, "day"], keep="last")


def _trailing(values: np.ndarray, days: int) -> np.ndarray:
    """The sum of each day and those before it, `days` in all; days lie along the second axis."""
    total = np.cumsum(values, axis=1)
    total[:, days:] -= total[:, :-days].copy()
    return total


class _Grid:
    """Arrays of pairs × days."""

    def __init__(self, pairs: pd.DataFrame, days: pd.DatetimeIndex) -> None:
        self.pairs, self.days = pairs, days
        self._places = pd.MultiIndex.from_frame(pairs.astype(object))

    def _place(self, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of rows inside the grid: which they are, their pair's place and their day's."""
        pair = self._places.get_indexer(pd.MultiIndex.from_frame(rows[PAIR].astype(object)))
        day = (rows["day"] - self.days[0]).dt.days.to_numpy(dtype=float)
        inside = (pair >= 0) & (day >= 0) & (day < len(self.days))
        return inside, pair[inside], day[inside].astype(int)

    def carried(self, counts: pd.DataFrame, moves: pd.DataFrame) -> np.ndarray:
        """Units of each pair and day: the last count, and what moved since; NaN before the first.

        counts: on_hand of at most one count of each pair and day; moves: day, units.
        """
        moved = np.cumsum(self.summed(moves, "units"), axis=1)
        # A count less all that moved until then; the days after it add what moved until they end.
        start = pd.DataFrame(self._placed(counts, "on_hand") - moved).ffill(axis=1).to_numpy()
        return np.asarray(start + moved)

    def recent(self, counts: pd.DataFrame, name: str) -> np.ndarray:
        """A column of counts of each pair and day, kept for a week; NaN where none is so young.

        counts: at most one of each pair and day; name: of the column.
        """
        return pd.DataFrame(self._placed(counts, name)).ffill(axis=1, limit=_RECENT_DAYS).to_numpy()

    def _placed(self, rows: pd.DataFrame, name: str) -> np.ndarray:
        inside, pair, day = self._place(rows)
        values = np.full((len(self.pairs), len(self.days)), np.nan)
        values[pair, day] = rows[name].to_numpy(dtype=float)[inside]
        return values

    def summed(self, rows: pd.DataFrame, name: str) -> np.ndarray:
        """The sum of each pair and day; 0 where there is no row."""
        inside, pair, day = self._place(rows)
        values = np.zeros((len(self.pairs), len(self.days)))
        np.add.at(values, (pair, day), rows[name].to_numpy(dtype=float)[inside])
        return values

    def rows(self, measures: dict[str, np.ndarray], known: np.ndarray, skip: int) -> pd.DataFrame:
        """Arrays as a row each pair and day where `known`, without the first `skip` days."""
        known = known.copy()
        known[:, :skip] = False
        pair, day = np.nonzero(known)
        named = {name: self.pairs[name].to_numpy(dtype=object)[pair] for name in PAIR}
        values = {name: array[pair, day] for name, array in measures.items()}
        return pd.DataFrame({"day": self.days[day], **named, **values})
