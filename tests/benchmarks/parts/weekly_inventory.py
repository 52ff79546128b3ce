"""The competition's files as frames of the product: sales, past forecasts, planning rows."""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from parts.terms import TERMS

from features.forecasting import packed
from features.replenishment import FORECAST
from models.forecasting import LEVELS, Forecaster

Floats = NDArray[np.float64]

EVERY = 8  # weeks between two fits of the forecaster
HOLDING, LOST = 0.2, 1.0


@dataclass(frozen=True)
class Sales:
    """pairs: warehouse_id, product_id, category; weeks: Mondays; units, in_stock: pairs × weeks."""

    pairs: pd.DataFrame
    weeks: pd.DatetimeIndex
    units: Floats
    in_stock: NDArray[np.bool_]


def read(folder: Path, newer: Path | None = None) -> Sales:
    """The files of the competition, or newer sales; of weeks that the in-stock mask does not have
    the shelf counts as full."""
    keys = ["Store", "Product"]
    # Ids are text, here and in the plan: sorted so, all rows stand in one order.
    text = dict.fromkeys(keys, str)
    file = newer or next(folder.glob("Week 0 - *Sales.csv.gz"))
    sales = pd.read_csv(file, dtype=text).sort_values(keys)
    mask = pd.read_csv(folder / "Week 0 - In Stock.csv.gz", dtype=text).sort_values(keys)
    master = pd.read_csv(folder / "Week 0 - Master.csv.gz", dtype=text)
    dates = [name for name in sales.columns if name not in keys]
    heads = sales[keys].merge(master, on=keys, how="left")
    pairs = pd.DataFrame(
        {
            "warehouse_id": heads["Store"],
            "product_id": heads["Product"],
            "category": heads["Department"].astype(str) + "/" + heads["ProductGroup"].astype(str),
        }
    )
    return Sales(
        pairs,
        pd.DatetimeIndex(dates, tz="UTC"),
        sales[dates].to_numpy(dtype=float),
        mask.reindex(columns=dates, fill_value=True).to_numpy(dtype=bool),
    )


def initial(sales: Sales, folder: Path) -> tuple[Floats, Floats]:
    """Stock at the end of week 0, and what arrives in the two weeks after it: n and n × 2."""
    keys = ["Store", "Product"]
    state = pd.read_csv(
        next(folder.glob("Week 0 - *Initial State.csv.gz")), dtype=dict.fromkeys(keys, str)
    )
    columns = ["End Inventory", "In Transit W+1", "In Transit W+2"]
    pairs = pd.MultiIndex.from_frame(sales.pairs[["warehouse_id", "product_id"]])
    values = state.set_index(keys)[columns].reindex(pairs).to_numpy(dtype=float)
    return values[:, 0], values[:, 1:]


def demand(sales: Sales, until: int) -> pd.DataFrame:
    """The first `until` weeks in the form of the `demand` view."""
    count = len(sales.pairs)
    units = sales.units[:, :until].ravel()
    stocked = sales.in_stock[:, :until].ravel()
    rows = sales.pairs.loc[np.repeat(np.arange(count), until)].reset_index(drop=True)
    return rows.assign(
        event_timestamp=np.tile(sales.weeks[:until] + pd.Timedelta(days=7), count),
        frequency="week",
        period_start=np.tile(sales.weeks[:until].strftime("%Y-%m-%d"), count),
        quantity=np.where(stocked | (units > 0), units, np.nan),
        sold=units,
        in_stock=stocked.astype(float),
        censored=~stocked,
        price=np.nan,
        discount=0.0,
        promotion=0.0,
        promotion_discount=0.0,
        country="XX",
    )


def forecasts(sales: Sales, model: Forecaster, origin: int) -> pd.DataFrame:
    """Rows of the `forecast` view, made when `origin` weeks were known."""
    history = demand(sales, origin)
    steps = model.horizon_
    ahead = sales.pairs.loc[np.repeat(np.arange(len(sales.pairs)), steps)].reset_index(drop=True)
    monday = sales.weeks[origin - 1] + pd.Timedelta(days=7)
    weeks = pd.DatetimeIndex([monday + pd.Timedelta(days=7 * n) for n in range(steps)])
    ahead = ahead.assign(
        event_timestamp=np.tile(weeks + pd.Timedelta(days=7), len(sales.pairs)),
        frequency="week",
        period_start=np.tile(weeks.strftime("%Y-%m-%d"), len(sales.pairs)),
        quantity=np.nan,
        promotion=0.0,
        promotion_discount=0.0,
        country="XX",
        horizon=np.tile(np.arange(1, steps + 1), len(sales.pairs)),
        offered=1.0,
    )
    answer = model.predict(pd.concat([history, ahead], ignore_index=True)).assign(origin=monday)
    rows = packed(answer, LEVELS, frequency="week", model_version="benchmark")
    listed = {name: rows[name].map(list) for name in ("levels", "window_mean", "window_quantiles")}
    return rows.assign(**listed)


def all_forecasts(sales: Sales, first: int, last: int, *, methods: str) -> pd.DataFrame:
    """Forecasts of the weeks first … last, by a model fitted every eight weeks; index: weeks."""
    parts = []
    for fitted in range(first, last + 1, EVERY):
        model = Forecaster(horizon=8, methods=methods).fit(demand(sales, fitted))
        for origin in range(fitted, min(fitted + EVERY, last + 1)):
            rows = forecasts(sales, model, origin)
            parts.append(rows.set_index(pd.Index([origin] * len(rows))))
        print(f"forecasts from week {fitted} made", file=sys.stderr, flush=True)
    return pd.concat(parts)


def planning(sales: Sales, rows: pd.DataFrame, origin: int, weeks: int) -> pd.DataFrame:
    """Planning rows at an origin: nothing in stock, the competition's costs, `weeks` of demand."""
    recent = np.nanmean(
        np.where(sales.in_stock, sales.units, np.nan)[:, origin - 8 : origin], axis=1
    )
    asked = [list(row) for row in sales.units[:, origin : origin + weeks]]
    own = sales.pairs[["warehouse_id", "product_id"]].assign(
        weekly_sales=np.nan_to_num(recent), demand=asked
    )
    frame = own.merge(rows[["warehouse_id", "product_id", "event_timestamp", *FORECAST]])
    return frame.assign(**TERMS, holding_cost_rate=HOLDING * 365 / 7, stockout_cost=LOST)
