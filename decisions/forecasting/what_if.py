"""Forecasts under other prices and promotions, beside those under what is planned."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd

from data.overrides import EVERY
from decisions.forecasting.known_corrections import known_corrections, with_successors
from decisions.forecasting.override_layer import KEYS, pair_attributes
from decisions.runtime import Runtime
from features import forecasting as features
from models.base import Model, ModelError, Release

# Pairs of one question: each is forecast twice.
MOST_PAIRS = 500
# Pairs of the history that effects are learned from, those asked for among them: an answer is
# waited for. Of a shop with more, those most like them count.
MOST_LEARNED = 500
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class PriceChange:
    """A price from `first` to `last`: `price`, or `factor` times the one that holds without it.

    product_id: of this product alone; None: of all that are asked for.
    """

    first: date
    last: date
    price: float | None = None
    factor: float | None = None
    product_id: str | None = None


@dataclass(frozen=True)
class PromotionPlan:
    """A promotion from `first` to `last`; kind and discount as in the table `promotions`.

    product_id: of this product alone; None: of all that are asked for.
    """

    first: date
    last: date
    kind: str | None = None
    discount: float | None = None
    product_id: str | None = None


@dataclass(frozen=True)
class ForecastQuestion:
    """Which pairs, and what changes for them. without_planned: what is planned of promotions in the
    coming periods is left out; category: it and those in it.
    """

    warehouse_id: str | None = None
    product_id: str | None = None
    category: str | None = None
    brand: str | None = None
    prices: tuple[PriceChange, ...] = ()
    promotions: tuple[PromotionPlan, ...] = ()
    without_planned: bool = False

    @property
    def moves_promotions(self) -> bool:
        """Whether the promotions are others than planned."""
        return bool(self.promotions) or self.without_planned

    def chosen(self, pairs: pd.DataFrame, attributes: features.PairAttributes) -> "pd.Series[bool]":
        """Which rows of `pairs` (the keys among its columns) are asked for.

        attributes: category, brand and country of pairs.
        """
        wanted = features.Override(
            override_id="",
            warehouse_id=self.warehouse_id or EVERY,
            product_id=self.product_id or EVERY,
            category=self.category,
            brand=self.brand,
            first=date.min,
            last=date.max,
            author="",
            reason="",
            created_at=_ALWAYS,
            expires_at=_ALWAYS,
        )
        keys = pairs[KEYS].drop_duplicates()
        inside = [attributes.is_within(wanted, *pair) for pair in keys.itertuples(index=False)]
        index = pd.MultiIndex.from_frame(keys[np.asarray(inside, dtype=bool)])
        return pd.Series(pd.MultiIndex.from_frame(pairs[KEYS]).isin(index), index=pairs.index)


@dataclass(frozen=True)
class WhatIfForecast:
    """baseline, changed: the long answers of the model, the same pairs and periods in the same
    order; notes: what the reader has to know.
    """

    frequency: str
    baseline: pd.DataFrame
    changed: pd.DataFrame
    notes: tuple[str, ...]


def forecast_what_if(
    runtime: Runtime, release: Release, question: ForecastQuestion, as_of: datetime
) -> WhatIfForecast:
    """The model's forecasts of some pairs as planned, and under other prices and promotions.

    Nothing is stored. Overrides are not in it: both are what the model says. Raises ModelError
    where nothing, or more than MOST_PAIRS, is asked for.

    runtime: the settings, the lake and the store; release: the forecaster in use; question: which
    pairs, and what changes; as_of: nothing known later is used.
    """
    model = release.model
    tables = {name: runtime.lake.read(name, as_of=as_of) for name in features.TABLES}
    attributes = pair_attributes(runtime)
    history = with_successors(runtime, runtime.store.history("demand", as_of), as_of)
    own = history[question.chosen(history, attributes)]
    horizon: int = model.horizon_  # type: ignore[attr-defined]
    known = known_corrections(runtime, as_of)

    def coming(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        ahead = features.future(own, tables, as_of, horizon=horizon)
        ahead = features.handed_over(ahead, history, known, as_of)
        return ahead[question.chosen(ahead, attributes)].reset_index(drop=True)

    planned = coming(tables)
    pairs = len(planned[KEYS].drop_duplicates())
    if not 0 < pairs <= MOST_PAIRS:
        raise ModelError(f"{pairs} forecasts are asked for; there can be 1 to {MOST_PAIRS}.")
    products = sorted(set(planned["product_id"]))
    promotions = _promotions(tables["promotions"], question, products, as_of)
    other = coming(tables | {"promotions": promotions}) if question.moves_promotions else planned
    every, history = history, most_like(history, planned, MOST_LEARNED)
    baseline = _predicted(model, history, planned)
    is_announced = bool(history["list_price"].notna().any())
    if is_announced or not question.prices:
        other = _priced(other, question.prices)
        changed = _predicted(model, history, other)
    else:
        # No prices are announced: what customers paid tells by how much a price moves demand.
        history = history.assign(list_price=history["price"])
        planned, other = (_with_newest_price(one, history) for one in (planned, other))
        other = _priced(other, question.prices)
        changed = _moved(
            baseline, _predicted(model, history, planned), _predicted(model, history, other)
        )
    notes = _notes(question, history, planned, other)
    if len(history) < len(every):
        notes.append(
            f"The effects are learned from the {MOST_LEARNED:,} products and warehouses most like "
            "these, so that the baseline may differ a little from the forecast in use."
        )
    return WhatIfForecast(str(planned["frequency"].iloc[0]), baseline, changed, tuple(notes))


def most_like(history: pd.DataFrame, own: pd.DataFrame, most: int) -> pd.DataFrame:
    """The history of the pairs asked for and of those most like them, `most` in all: the same
    product first, then the same category, then what sells most.

    history: rows of `demand`; own: rows of the pairs asked for, at most `most`, which are kept;
    most: how many pairs.
    """
    pairs = history.groupby(KEYS, sort=False, observed=True).agg(
        category=("category", "last"), quantity=("quantity", "sum")
    )
    if len(pairs) <= most:
        return history
    asked = pairs.index.isin(pd.MultiIndex.from_frame(own[KEYS].drop_duplicates()))
    product = pairs.index.get_level_values("product_id").isin(own["product_id"].unique())
    category = pairs["category"].isin(own["category"].dropna().unique()).to_numpy()
    near = np.select([asked, product, category], [0, 1, 2], default=3)
    order = np.lexsort((-pairs["quantity"].to_numpy(dtype=float), near))
    kept = pairs.index[order[:most]]
    return history[pd.MultiIndex.from_frame(history[KEYS]).isin(kept)]


def _predicted(model: Model, history: pd.DataFrame, ahead: pd.DataFrame) -> pd.DataFrame:
    whole = features.priced_alike(pd.concat([history, ahead], ignore_index=True))
    return model.predict(whole).sort_values([*KEYS, "period_start"], ignore_index=True)


def _moved(baseline: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The baseline moved by as much as one forecast differs from another: means and quantiles."""
    top, bottom = after["mean"].to_numpy(dtype=float), before["mean"].to_numpy(dtype=float)
    ratio = np.divide(top, bottom, out=np.ones(len(top)), where=bottom > 0)
    names = [n for n in baseline.columns if n == "mean" or (n[0] == "q" and n[1:].isdigit())]
    return baseline.assign(**{name: baseline[name].to_numpy(float) * ratio for name in names})


def _promotions(
    planned: pd.DataFrame, question: ForecastQuestion, products: Sequence[str], as_of: datetime
) -> pd.DataFrame:
    """The table of promotions with those of the question; what is over does not change."""
    rows = planned
    if question.without_planned:
        now = pd.Timestamp(as_of)
        rows = rows[rows["starts_on"] <= now]
        rows = rows.assign(ends_on=rows["ends_on"].where(~(rows["ends_on"] > now), now))
    new = [
        {
            "promotion_id": f"what-if-{number}",
            "product_id": product,
            "warehouse_id": question.warehouse_id,
            "starts_on": pd.Timestamp(one.first, tz="UTC"),
            "ends_on": pd.Timestamp(one.last, tz="UTC"),
            "discount": one.discount,
            "kind": one.kind,
        }
        for number, one in enumerate(question.promotions)
        for product in ([one.product_id] if one.product_id else products)
    ]
    if not new:
        return rows
    both = pd.concat([rows, pd.DataFrame(new).reindex(columns=rows.columns)], ignore_index=True)
    return both.astype({"discount": float})  # a column of nothing but None is none of numbers


def _with_newest_price(ahead: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """Periods ahead at the newest price that each pair was sold at."""
    known = history[history["list_price"].notna()].drop_duplicates(KEYS, keep="last")
    newest = ahead[KEYS].merge(known[[*KEYS, "list_price"]], how="left", on=KEYS)
    return ahead.assign(list_price=newest["list_price"].to_numpy(dtype=float))


def _priced(ahead: pd.DataFrame, changes: Sequence[PriceChange]) -> pd.DataFrame:
    """Periods ahead with other prices, in the periods that start from `first` to `last`."""
    price = ahead["list_price"].to_numpy(dtype=float).copy()
    for one in changes:
        inside = ahead["period_start"].between(one.first.isoformat(), one.last.isoformat())
        if one.product_id is not None:
            inside &= ahead["product_id"] == one.product_id
        at = inside.to_numpy()
        price[at] = one.price if one.price is not None else price[at] * float(one.factor or 1.0)
    return ahead.assign(list_price=price)


def _notes(
    question: ForecastQuestion,
    history: pd.DataFrame,
    planned: pd.DataFrame,
    other: pd.DataFrame,
) -> list[str]:
    """What the answer cannot know."""
    notes = []
    touched = ["list_price", "promotion", "promotion_discount", "promotion_kinds"]
    if planned[touched].equals(other[touched]):
        notes.append("Nothing of it lies in the periods of the forecast: both are the same.")
    if question.prices:
        prices = history.groupby("product_id", observed=True)["list_price"]
        if not (prices.max() > 1.005 * prices.min()).any():
            notes.append("No price has changed so far: what a price does is not known.")
    seen = set(_kinds(history))
    new = sorted({one.kind or "" for one in question.promotions} - seen)
    if new:
        names = ", ".join(name or "without a kind" for name in new)
        notes.append(f"Never seen so far: promotions {names}; the mean of the others is taken.")
    return notes


def _kinds(history: pd.DataFrame) -> list[str]:
    """The kinds of promotions that the history knows."""
    texts = history["promotion_kinds"].dropna().unique()
    return sorted({kind for text in texts for kind in json.loads(text)})
