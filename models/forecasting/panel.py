"""The panel: long frames of demand as matrices, series × periods; missing is NaN."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import ModelError
from models.forecasting.conditions import Conditions, conditions, no_conditions, read_kinds

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int64]
T = TypeVar("T")

KEYS = ["warehouse_id", "product_id"]
_STEPS = {"day": "D", "week": "7D", "month": "MS"}
# Periods that come round: the shorter first. The last is a year.
SEASONS = {"day": (7, 364), "week": (52,), "month": (12,)}
# A week of days; a quarter of weeks until a year is known; a year of months.
NAIVE_SEASONS = {"day": (7,), "week": (13, 52), "month": (12,)}
# How many periods the usual level of a series is read from.
MEMORY = {"day": 56, "week": 26, "month": 12}


@dataclass(frozen=True)
class DemandPanel:
    """S series over `now` closed periods and, after them, periods to come.

    dates: starts of all periods. demand: S × now, NaN where unknown. known: S × now, True where
    demand was seen in full (not censored): what is judged and learned as it is.
    price, list_price, promotion, promotion_discount, offered: S × all periods; list_price is the
    announced one, NaN where none is; price is that, else the one of the newest sale, NaN before the
    first: a price unknown ahead is taken to stay. offered: share of the period in which the
    product can be ordered, 0 where it is gone or the warehouse closed.
    default: S; the level of a series that has neither history nor look-alikes in the panel.
    conditions: the kinds of promotions of each series and period.
    """

    series: pd.DataFrame
    frequency: str
    dates: pd.DatetimeIndex
    now: int
    demand: Floats
    known: Bools
    price: Floats
    promotion: Floats
    promotion_discount: Floats
    offered: Floats
    default: Floats
    list_price: Floats
    conditions: Conditions
    computed: dict[str, object] = field(default_factory=dict, compare=False, repr=False)
    grouped: dict[tuple[str, ...], Codes] = field(default_factory=dict, compare=False, repr=False)

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What `make` computes of this panel, kept under a name and computed once."""
        if name not in self.computed:
            self.computed[name] = make()
        return cast("T", self.computed[name])

    def groups(self, *names: str) -> Codes:
        """The number of each series' group, from 0 on, in the order of the sorted columns: S.

        names: the columns that the series of a group have in common; none: all are one group.
        """
        if not names:
            return np.zeros(self.size, dtype=np.int64)
        if names not in self.grouped:
            number = self.series.groupby([*names], sort=True).ngroup()
            self.grouped[names] = np.asarray(number, dtype=np.int64)
        return self.grouped[names]

    @property
    def size(self) -> int:
        """How many series there are."""
        return len(self.series)

    @property
    def season(self) -> int:
        """What a naive forecaster calls a season: the longest known in full and a quarter more."""
        fitting = [m for m in NAIVE_SEASONS[self.frequency] if self.now >= 1.25 * m]
        return fitting[-1] if fitting else 1

    @property
    def memory(self) -> int:
        """Periods the usual level is read from."""
        return MEMORY[self.frequency]

    @cached_property
    def filled(self) -> Floats:
        """Demand with gaps after the first sight filled by the mean before them (0 before it)."""
        seen = ~np.isnan(self.demand)
        values = np.where(seen, self.demand, 0.0)
        mean = running_mean(values, seen, self.memory)
        return np.where(seen, values, np.nan_to_num(mean, nan=0.0))

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """The first period with known demand; `now` where there is none."""
        seen = ~np.isnan(self.demand)
        if not self.now:
            return np.zeros(self.size, dtype=np.int64)
        return np.where(seen.any(axis=1), seen.argmax(axis=1), self.now).astype(np.int64)

    def at(self, origin: int) -> "DemandPanel":
        """The panel as it was known at the end of `origin` periods; all periods ahead kept."""
        if origin == self.now:
            return self
        return replace(
            self,
            now=origin,
            demand=self.demand[:, :origin],
            known=self.known[:, :origin],
            computed={},
        )

    def rows(self, chosen: NDArray[np.int64]) -> "DemandPanel":
        """The panel of some series."""
        grouped = {
            names: np.unique(codes[chosen], return_inverse=True)[1].astype(np.int64)
            for names, codes in self.grouped.items()
        }
        return replace(
            self,
            series=self.series.iloc[chosen].reset_index(drop=True),
            demand=self.demand[chosen],
            known=self.known[chosen],
            price=self.price[chosen],
            promotion=self.promotion[chosen],
            promotion_discount=self.promotion_discount[chosen],
            offered=self.offered[chosen],
            default=self.default[chosen],
            list_price=self.list_price[chosen],
            conditions=self.conditions.rows(chosen),
            computed={},
            grouped=grouped,
        )


def running_mean(values: Floats, seen: Bools, window: int) -> Floats:
    """Mean of the seen values among the `window` columns before each column; NaN for none."""
    total, count = running_sums(values, seen)
    columns = np.arange(values.shape[1])
    oldest = np.maximum(columns - window, 0)
    many = count[:, columns] - count[:, oldest]
    some = np.full(values.shape, np.nan)
    mean = np.divide(total[:, columns] - total[:, oldest], many, out=some, where=many > 0)
    return np.asarray(mean)


def running_sums(values: Floats, seen: Bools) -> tuple[Floats, Floats]:
    """Sum and count of the seen values before each column, from 0 to all: S × (T + 1)."""
    zero = np.zeros((len(values), 1))
    total = np.concatenate([zero, np.cumsum(np.where(seen, values, 0.0), axis=1)], axis=1)
    return total, np.concatenate([zero, np.cumsum(seen, axis=1, dtype=np.float64)], axis=1)


def panel(frame: pd.DataFrame, *, horizon: int, correct_stockouts: bool = True) -> DemandPanel:
    """The panel of a long frame: rows of `demand`, and rows of what is known ahead.

    frame: warehouse_id, product_id, period_start, quantity; optional: frequency, sold, in_stock,
    censored, lost, price, list_price, promotion, promotion_discount, promotion_kinds, category,
    country, markets, continues (of what a successor inherited: its predecessor), and horizon
    (1 … for periods ahead, missing or 0 for history) with offered (share of the period in which
    the product can be ordered; 0 where it will be gone).
    horizon: periods ahead that the panel holds at least.
    correct_stockouts: an empty shelf is a gap, a half-empty one is made up; else sales are demand.
    Raises ModelError for a frame with no rows, or two rows of one series and period.
    """
    if frame.empty:
        raise ModelError("No series to forecast: the frame has no rows.")
    frequency = str(frame["frequency"].iloc[0]) if "frequency" in frame else "week"
    step = np.nan_to_num(_column(frame, "horizon", 0.0))
    codes, series = _series(frame, step)
    period, dates, now = _periods(frame, step, frequency, horizon)
    shape = (len(series), len(dates))
    if (np.bincount(codes * shape[1] + period) > 1).any():
        raise ModelError("Two rows of one warehouse, product and period: aggregate them first.")
    grid = _Scatter(codes, period, shape)
    series["own_from"] = _own_from(frame, grid)
    demand, full = _demand(frame, corrected=correct_stockouts)
    past = step == 0
    return DemandPanel(
        series=series,
        frequency=frequency,
        dates=dates,
        now=now,
        demand=grid.put(np.where(past, demand, np.nan), np.nan)[:, :now],
        known=grid.put((past & full).astype(float), 0.0)[:, :now] > 0,
        price=_carried_on(grid, frame),
        promotion=grid.put(np.nan_to_num(_column(frame, "promotion", 0.0)), 0.0),
        promotion_discount=grid.put(np.nan_to_num(_column(frame, "promotion_discount", 0.0)), 0.0),
        offered=grid.put(np.nan_to_num(_column(frame, "offered", 1.0), nan=1.0), 1.0),
        default=np.zeros(len(series)),
        list_price=grid.put(_column(frame, "list_price", np.nan), np.nan),
        conditions=_conditions(frame, grid, frequency),
    )


def _own_from(frame: pd.DataFrame, grid: "_Scatter") -> Codes:
    """The first period of a successor's own demand, after what it inherited; 0 of all others: S."""
    own = np.zeros(grid.shape[0], dtype=np.int64)
    if "continues" in frame:
        taken = frame["continues"].notna().to_numpy(dtype=bool)
        np.maximum.at(own, grid.row[taken], grid.column[taken] + 1)
    return own


def _carried_on(grid: "_Scatter", frame: pd.DataFrame) -> Floats:
    """Prices with gaps filled by the newest one before: S × periods; announced ones come first."""
    sold = grid.put(_column(frame, "price", np.nan), np.nan)
    listed = grid.put(_column(frame, "list_price", np.nan), np.nan)
    announced = ~np.isnan(listed).all(axis=1, keepdims=True)
    price = np.where(announced, listed, sold)
    place = np.where(~np.isnan(price), np.arange(price.shape[1])[None, :], 0)
    newest = np.maximum.accumulate(place, axis=1)
    return np.asarray(np.take_along_axis(price, newest, axis=1))


def _conditions(frame: pd.DataFrame, grid: "_Scatter", frequency: str) -> Conditions:
    share = np.nan_to_num(_column(frame, "promotion", 0.0))
    unknown = pd.Series(None, index=frame.index, dtype=object)
    given = frame.get("promotion_kinds", unknown)
    if not (share > 0).any() and given.isna().all():
        return no_conditions(*grid.shape)
    codes, texts = pd.factorize(read_kinds(given, share))
    cells = np.full(grid.shape, -1, dtype=np.int64)
    cells[grid.row, grid.column] = codes
    return conditions(cells, [str(text) for text in texts], frequency)


@dataclass(frozen=True)
class _Scatter:
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    shape: tuple[int, int]

    def put(self, values: Floats, empty: float) -> Floats:
        matrix = np.full(self.shape, empty)
        matrix[self.row, self.column] = values
        return matrix


def _column(frame: pd.DataFrame, name: str, missing: float) -> Floats:
    if name not in frame:
        return np.full(len(frame), missing)
    return np.asarray(pd.to_numeric(frame[name]).to_numpy(dtype=np.float64, na_value=np.nan))


def _series(frame: pd.DataFrame, step: Floats) -> tuple[NDArray[np.int64], pd.DataFrame]:
    """The series of each row; all series: keys, category, country, whether asked for."""
    outer, warehouses = pd.factorize(frame["warehouse_id"], sort=True)
    inner, products = pd.factorize(frame["product_id"], sort=True)
    joint = outer.astype(np.int64) * len(products) + inner
    distinct, first, codes = np.unique(joint, return_index=True, return_inverse=True)
    series = pd.DataFrame(
        {
            "warehouse_id": np.asarray(warehouses, dtype=object)[distinct // len(products)],
            "product_id": np.asarray(products, dtype=object)[distinct % len(products)],
        }
    )
    for name in ("category", "country", "markets"):
        values = frame[name].iloc[first] if name in frame else pd.Series([None] * len(first))
        series[name] = values.astype(object).where(values.notna(), "").to_numpy(dtype=object)
    series["asked"] = np.bincount(codes, weights=step > 0) > 0 if (step > 0).any() else True
    return codes.astype(np.int64), series


def _periods(
    frame: pd.DataFrame, step: Floats, frequency: str, horizon: int
) -> tuple[NDArray[np.int64], pd.DatetimeIndex, int]:
    codes, texts = pd.factorize(frame["period_start"])
    moments = pd.DatetimeIndex(pd.to_datetime(pd.Series(texts), format="ISO8601"))
    first, last = moments.min(), moments.max()
    dates = pd.date_range(first, last, freq=_STEPS[frequency])
    ahead = np.unique(step[step > 0])
    now = len(dates) if not len(ahead) else _origin(moments, codes, step, dates)
    need = max(now + horizon, len(dates))
    dates = pd.date_range(first, periods=need, freq=_STEPS[frequency])
    place = dates.get_indexer(moments)
    if (place < 0).any():
        wrong = texts[int(np.argmax(place < 0))]
        raise ModelError(f"period_start {wrong!r} is not the start of a {frequency} of this frame.")
    return place[codes].astype(np.int64), dates, now


def _origin(
    moments: pd.DatetimeIndex, codes: NDArray[np.int64], step: Floats, dates: pd.DatetimeIndex
) -> int:
    """How many periods lie before the first one ahead."""
    row = int(np.argmax(step > 0))
    place = int(dates.get_indexer(moments[[codes[row]]])[0])
    return place - int(step[row]) + 1


def _demand(frame: pd.DataFrame, *, corrected: bool) -> tuple[Floats, Bools]:
    """Demand of each row, and whether it was seen in full."""
    quantity = _column(frame, "quantity", np.nan)
    sold = _column(frame, "sold", np.nan)
    everything = np.where(np.isnan(quantity), sold, quantity)
    if not corrected:
        return np.maximum(everything, 0.0), ~np.isnan(everything)
    censored = np.nan_to_num(_column(frame, "censored", 0.0)) > 0
    lost = np.where(censored, np.nan_to_num(_column(frame, "lost", 0.0)), 0.0)
    return np.maximum(quantity + lost, 0.0), ~np.isnan(quantity) & ~censored
