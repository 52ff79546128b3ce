"""What a planner knows better: overrides, layered above the model's forecasts for a while."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.overrides import EVERY, Override
from features.forecasting.grid import PAIR
from features.forecasting.periods import number, starts

Floats = NDArray[np.float64]


class PairChoice(Protocol):
    """Which pairs something is of: EVERY stands for every warehouse or product, None for any."""

    @property
    def warehouse_id(self) -> str:
        """Of the warehouse, or EVERY."""

    @property
    def product_id(self) -> str:
        """Of the product, or EVERY."""

    @property
    def category(self) -> str | None:
        """Its products, and those of categories in it; None: of any."""

    @property
    def brand(self) -> str | None:
        """Of the products; None: any."""

    @property
    def country(self) -> str | None:
        """Of the warehouses; None: any."""


@dataclass(frozen=True)
class PairAttributes:
    """What an override may name of a pair: category and brand by product, country by warehouse."""

    category: Mapping[str, str]
    brand: Mapping[str, str]
    country: Mapping[str, str]

    @classmethod
    def of(cls, products: pd.DataFrame, warehouses: pd.DataFrame) -> "PairAttributes":
        """products, warehouses: the tables of these names; what they lack is not known."""
        return cls(
            _known(products, "product_id", "category"),
            _known(products, "product_id", "brand"),
            _known(warehouses, "warehouse_id", "country"),
        )

    def is_within(self, override: PairChoice, warehouse_id: str, product_id: str) -> bool:
        """Whether an override is of a pair.

        override: an override or a correction, of one pair or of many; warehouse_id,
        product_id: of the pair.
        """
        category = self.category.get(product_id, "")
        return (
            override.warehouse_id in (EVERY, warehouse_id)
            and override.product_id in (EVERY, product_id)
            and override.brand in (None, self.brand.get(product_id))
            and override.country in (None, self.country.get(warehouse_id))
            and (override.category is None or f"{category}/".startswith(f"{override.category}/"))
        )

    def unknown(self, choice: PairChoice) -> str:
        """What is said that no product or warehouse is of, such as `No product is of the category
        "Tea"`; "" where there are some.

        choice: an override or a correction.
        """
        paths = set(self.category.values())
        inside = any(f"{path}/".startswith(f"{choice.category}/") for path in paths)
        if choice.category is not None and not inside:
            return f'No product is of the category "{choice.category}"'
        if choice.brand is not None and choice.brand not in self.brand.values():
            return f'No product is of the brand "{choice.brand}"'
        if choice.country is not None and choice.country not in self.country.values():
            return f"No warehouse is in {choice.country}"
        return ""


def _known(table: pd.DataFrame, key: str, name: str) -> dict[str, str]:
    if name not in table or table.empty:
        return {}
    rows = table[[key, name]].dropna()
    return dict(zip(rows[key].astype(str), rows[name].astype(str), strict=True))


def overridden(
    rows: pd.DataFrame,
    overrides: Sequence[Override],
    now: datetime,
    attributes: PairAttributes,
) -> pd.DataFrame:
    """Rows of the pairs that an override holds for: what `model_forecast` has to keep of them.

    rows: of the `forecast` view, a row a pair; overrides: those that may hold; now: the moment at
    which they have to hold; attributes: of the pairs.
    """
    holding = [one for one in overrides if one.holds(now)]
    return rows[_any_within(rows, holding, attributes)]


def _any_within(
    rows: pd.DataFrame, overrides: Sequence[Override], attributes: PairAttributes
) -> NDArray[np.bool_]:
    named = {(one.warehouse_id, one.product_id) for one in overrides if one.is_of_one_pair}
    wide = [one for one in overrides if not one.is_of_one_pair]
    pairs = zip(*(rows[name] for name in PAIR), strict=True)
    inside = [
        pair in named or any(attributes.is_within(one, *pair) for one in wide) for pair in pairs
    ]
    return np.asarray(inside, dtype=bool)


def layered(
    rows: pd.DataFrame,
    overrides: Sequence[Override],
    now: datetime,
    attributes: PairAttributes,
) -> pd.DataFrame:
    """Rows of the `forecast` view with the overrides that hold now put on, older ones first.

    A factor scales mean and quantiles; a quantity moves the mean there, added units move it by so
    much, and both scale the quantiles with it (where the mean was 0, all quantiles become the
    goal). Units of several pairs are spread by their means of that period, evenly where all are 0.
    Sums follow. `overrides` names those that count.

    rows: a row a pair, all pairs of every override that is of several; overrides: those that may
    hold, in any order; now: the moment at which they have to hold; attributes: of the pairs.
    """
    holding = [one for one in sorted(overrides, key=lambda one: one.created_at) if one.holds(now)]
    answer = rows.reset_index(drop=True)
    places = np.flatnonzero(_any_within(answer, holding, attributes))
    if not len(places):
        return rows
    answer = answer.copy()
    changes = {place: _Change.of(answer.loc[place]) for place in places.tolist()}
    pairs = list(zip(*(answer[name] for name in PAIR), strict=True))
    for one in holding:
        _put_on(one, [changes[at] for at in changes if attributes.is_within(one, *pairs[at])])
    for place, change in changes.items():
        for name, value in change.columns().items():
            answer.at[place, name] = value  # noqa: PD008  # a list in a cell
    return answer


@dataclass
class _Change:
    """One pair's forecast while overrides are put on.

    dates: the first day of each of H periods; before,
    mean: H, as the model said and as it is now; quantiles, window_quantiles: H × levels; counted:
    ids of the overrides that touched it.
    """

    dates: NDArray[np.datetime64]
    before: Floats
    mean: Floats
    quantiles: Floats
    window_quantiles: Floats
    counted: list[str]

    @classmethod
    def of(cls, row: Any) -> "_Change":
        mean = np.asarray(row["mean"], dtype=np.float64)
        shape = (len(mean), len(row["levels"]))
        single, window = (
            np.asarray(row[name], dtype=np.float64).reshape(shape)
            for name in ("quantiles", "window_quantiles")
        )
        return cls(_dates(row, len(mean)), mean, mean.copy(), single, window, [])

    def within(self, override: Override) -> NDArray[np.bool_]:
        """H: the periods that an override is of."""
        first, last = np.datetime64(override.first), np.datetime64(override.last)
        return np.asarray((self.dates >= first) & (self.dates <= last))

    def move(self, override_id: str, goal: Floats) -> None:
        """Move the mean to a goal (H), and the quantiles with it."""
        self.quantiles, self.mean = _scaled(self.quantiles, self.mean, goal), goal
        self.counted.append(override_id)

    def columns(self) -> dict[str, Any]:
        """The columns of the `forecast` view that have changed."""
        sums, windows = np.cumsum(self.before), np.cumsum(self.mean)
        wide = _scaled(self.window_quantiles, sums, windows)
        return {
            "mean": self.mean,
            "quantiles": self.quantiles.ravel(),
            "window_mean": windows,
            "window_quantiles": np.maximum.accumulate(wide, axis=0).ravel(),
            "overrides": ",".join(self.counted) or None,
        }


def _put_on(override: Override, changes: Sequence[_Change]) -> None:
    """Put one override on the pairs that it is of."""
    touched = [(change, inside) for change in changes if (inside := change.within(override)).any()]
    total: dict[np.datetime64, float] = {}
    pairs: dict[np.datetime64, int] = {}
    for change, inside in touched:
        for date, mean in zip(change.dates[inside], change.mean[inside], strict=True):
            total[date] = total.get(date, 0.0) + float(mean)
            pairs[date] = pairs.get(date, 0) + 1
    for change, inside in touched:
        goal = change.mean.copy()
        for place in np.flatnonzero(inside):
            mean, date = float(change.mean[place]), change.dates[place]
            share = mean / total[date] if total[date] > 0 else 1.0 / pairs[date]
            goal[place] = _goal(override, mean, share)
        change.move(override.override_id, goal)


def _goal(override: Override, mean: float, share: float) -> float:
    """What the mean of a pair becomes; share: of the units of all pairs of the override."""
    if override.factor is not None:
        return mean * override.factor
    if override.added is not None:
        return max(mean + share * override.added, 0.0)
    return share * float(override.quantity or 0.0)


def _scaled(quantiles: Floats, mean: Floats, goal: Floats) -> Floats:
    """Quantiles moved with their mean; a mean of 0 leaves nothing to scale: the goal itself."""
    factor = np.divide(goal, mean, out=np.ones(len(mean)), where=mean > 0)
    fixed = (mean <= 0) & (goal > 0)
    return np.where(fixed[:, None], goal[:, None], quantiles * factor[:, None])


def period_dates(row: Any) -> NDArray[np.datetime64]:
    """The first day of each period of a row of the `forecast` view."""
    return _dates(row, len(row["mean"]))


def _dates(row: Any, count: int) -> NDArray[np.datetime64]:
    first = number(pd.Timestamp(row["period_start"], tz="UTC").to_pydatetime(), row["frequency"])
    moments = starts(np.arange(first, first + count), row["frequency"])
    return moments.tz_localize(None).to_numpy(dtype="datetime64[D]")
