"""What lies in the warehouses at the end of each day, beside what they sell."""

import numpy as np
import pandas as pd

from data.views import Frames
from data.zones import local_days, zones_of
from decisions.kpis.cells import Span, first_category
from decisions.kpis.selling import stock_costs

PAIR = ["warehouse_id", "product_id"]
SALES_DAYS, SELLING_DAYS, DEAD_DAYS = 28, 56, 90
_CARRIED_DAYS = 6  # a count holds for a week, unless there is a newer one


def stock_facts(
    tables: Frames, lines: pd.DataFrame, span: Span, base_currency: str
) -> pd.DataFrame:
    """The measures of every warehouse × product × day of the span that has a count.

    tables: stock, products, supply_terms, fx_rates, warehouses; lines: of `priced_lines`; span:
    the days; base_currency: ISO 4217. The last count of a day holds, and for a week after.
    """
    stock = tables["stock"]
    zones = zones_of(stock["warehouse_id"], tables["warehouses"])
    counted = stock.assign(day=local_days(stock["observed_at"], zones))
    days = pd.date_range(span.first - pd.Timedelta(days=DEAD_DAYS), span.last, freq="D")
    counted = counted[counted["day"].between(days[0], days[-1])]
    if counted.empty:
        return pd.DataFrame({"day": pd.to_datetime([])})
    pairs = counted[PAIR].drop_duplicates(ignore_index=True)
    grid = _Grid(pairs, days)
    ordered = counted.sort_values("observed_at", kind="stable")
    last = ordered.drop_duplicates([*PAIR, "day"], keep="last")
    on_hand = grid.carried(last, "on_hand")
    free = on_hand - np.nan_to_num(grid.carried(last.assign(r=_reserved(last)), "r"))
    sold_lines = lines[lines["counts"]]
    units = grid.summed(sold_lines, "quantity")
    revenue = grid.summed(sold_lines, "revenue")
    cost = stock_costs(tables, pairs, base_currency)[:, None]
    sold_28, revenue_28 = _trailing(units, SALES_DAYS), _trailing(revenue, SALES_DAYS)
    selling = _trailing(units, SELLING_DAYS) > 0
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
        "sold": units,
        "wanted": units + lost,
        "lost_revenue": lost * price,
        "cost_of_sales": np.where(units > 0, units * cost, 0.0),
        "dead_value": np.where(dead, there * cost, 0.0),
    }
    return grid.rows(measures, ~np.isnan(on_hand), DEAD_DAYS).assign(
        category=lambda frame: first_category(tables["products"], frame["product_id"])
    )


def _reserved(stock: pd.DataFrame) -> pd.Series:
    return stock["reserved"].astype(float).fillna(0.0)


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

    def carried(self, rows: pd.DataFrame, name: str) -> np.ndarray:
        """The value of each pair and day, carried for a week; NaN where none is known.

        rows: at most one of each pair and day; name: of the column.
        """
        inside, pair, day = self._place(rows)
        values = np.full((len(self.pairs), len(self.days)), np.nan)
        values[pair, day] = rows[name].to_numpy(dtype=float)[inside]
        return pd.DataFrame(values).ffill(axis=1, limit=_CARRIED_DAYS).to_numpy()

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
