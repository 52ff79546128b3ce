"""Ordering for 599 store × product pairs, against a moving-average policy and perfect foresight.

    python tests/benchmarks/replenishment.py DIR

DIR holds the public files (`Week 0 - … Sales.csv.gz`, `In Stock`, `Master`), or is the folder above
them. Rules: an order placed at the end of week w is on the shelf for the sales of week w+3; 0.2 a
unit left at a week's end, 1.0 a unit of lost sale; six weekly orders, the cost of weeks 3 … 8
counts. The answer weeks are not public: the rules are replayed from earlier weeks, each with
forecasts and a policy made from what was known then. The forecaster and the policy are the
product's own, as they are; the forecaster is fitted anew every eight weeks.
"""

import json
import resource
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.forecasting import packed
from features.replenishment import FORECAST
from models.forecasting import LEVELS, Forecaster
from models.replenishment import OrderUpTo
from models.replenishment.panel import Panel
from models.replenishment.replay import Decide, foresight, run

Floats = NDArray[np.float64]

# Weeks known at each start; the last leaves eight weeks to be scored.
STARTS = (109, 117, 125, 133, 141, 149)
EVERY = 8  # weeks between two fits of the forecaster
BACK = 16  # weeks of past forecasts that the policy is tuned on
ORDERS, SCORED = 6, 8
WARM_UP = 16
HOLDING, LOST = 0.2, 1.0
PUBLISHED = {"winner": 3763 / 4334, "tenth": 4039 / 4334, "organisers' benchmark": 1.0}


@dataclass(frozen=True)
class Sales:
    """pairs: warehouse_id, product_id, category; weeks: Mondays; units, in_stock: pairs × weeks."""

    pairs: pd.DataFrame
    weeks: pd.DatetimeIndex
    units: Floats
    in_stock: NDArray[np.bool_]


def read(folder: Path) -> Sales:
    """The files of the competition; the in-stock mask is cut to the weeks of sales."""
    keys = ["Store", "Product"]
    # Ids are text, here and in the plan: sorted so, all rows stand in one order.
    text = dict.fromkeys(keys, str)
    sales = pd.read_csv(next(folder.glob("Week 0 - *Sales.csv.gz")), dtype=text).sort_values(keys)
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
        mask[dates].to_numpy(dtype=bool),
    )


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
    return frame.assign(
        supplier_id="S",
        observed_at=None,
        on_hand=0.0,
        reserved=0.0,
        on_order=0.0,
        open_quantities=None,
        open_due_days=None,
        open_age_days=None,
        lead_time_days=14.0,
        lead_time_sd=0.0,
        lead_time_mean=14.0,
        lead_time_spread=0.0,
        lead_time_orders=0.0,
        review_period_days=7.0,
        min_order_quantity=0.0,
        pack_size=1.0,
        order_cost=0.0,
        unit_cost=1.0,
        currency="EUR",
        fx_rate=1.0,
        price_breaks=None,
        duty_rate=0.0,
        freight_per_unit=0.0,
        holding_cost_rate=HOLDING * 365 / 7,
        stockout_cost=LOST,
        service_level=np.nan,
        price=np.nan,
        price_currency="EUR",
        price_fx_rate=1.0,
        discontinued=False,
        display_minimum=np.nan,
        blocked=None,
        days_to_end=np.nan,
        weight_kg=np.nan,
        country=None,
        promotion_from=np.nan,
        promotion_until=np.nan,
        promotions_before=0.0,
        capacity_units=np.nan,
    )


def moving_average(sales: Sales, start: int) -> Decide:
    """The organisers' policy: order up to four weeks of a 13-week average, seasons taken out."""

    def decide(t: int, stock: Floats, pipeline: Floats) -> Floats:
        known = start + t
        units = np.where(sales.in_stock, sales.units, np.nan)[:, :known]
        season = _season(sales, known)
        week = np.arange(known - 13, known) % 52
        plain = np.nanmean(units[:, -13:] / season[week], axis=1)
        level = np.nan_to_num(plain) * season[np.arange(known, known + 4) % 52].sum()
        return np.maximum(np.rint(level - stock - pipeline.sum(axis=1)), 0.0)

    return decide


def _season(sales: Sales, known: int) -> Floats:
    """Weekly factors of all pairs together over the years known, mean 1."""
    total = np.nanmean(np.where(sales.in_stock, sales.units, np.nan)[:, :known], axis=0)
    factors = np.array([total[n::52].mean() for n in range(52)])
    return factors / factors.mean()


def state(sales: Sales, panel: Panel, start: int) -> Panel:
    """The panel with the stock that the organisers' policy would have had at its start."""
    before = start - WARM_UP
    early = replace(
        panel,
        origin=np.zeros(WARM_UP, dtype=int),
        later=np.arange(WARM_UP),
        demand=sales.units[:, before:start],
        lead=np.full((panel.pairs, WARM_UP), 2.0),
        stock=sales.units[:, before - 4 : before].sum(axis=1) / 2,
        pipeline=np.zeros((panel.pairs, 3)),
        delay=np.zeros((panel.pairs, 3)),
    )
    policy = moving_average(sales, before)
    seen: list[tuple[Floats, Floats]] = []

    def watched(t: int, stock: Floats, pipeline: Floats) -> Floats:
        quantity = policy(t, stock, pipeline)
        after = pipeline.copy()
        after[:, 2] += quantity
        seen.append((stock, after))
        return quantity

    trace = run(early, watched)
    coming = seen[-1][1][:, 1:]
    return replace(panel, stock=trace.stock[:, -1], pipeline=coming, delay=np.zeros_like(coming))


def once(sales: Sales, start: int, made: pd.DataFrame) -> dict[str, float]:
    """The costs of weeks 3 … 8 after `start` known weeks: ours, the organisers', foresight's."""
    origins = range(start - BACK, start)
    tuned = OrderUpTo().fit(
        pd.concat([planning(sales, made.loc[n], n, 1) for n in origins], ignore_index=True)
    )
    last = start + ORDERS - 1
    rows = [
        planning(sales, made.loc[n], n, SCORED - ORDERS + 1 if n == last else 1)
        for n in range(start, last + 1)
    ]
    panel = state(sales, Panel.of(pd.concat(rows, ignore_index=True), seed=7), start)
    ours = run(panel, tuned.decide(panel))
    untuned = run(panel, OrderUpTo().decide(panel))
    theirs = run(panel, moving_average(sales, start))
    return {
        "ours": float(ours.cost.sum()),
        "ours, nothing learned": float(untuned.cost.sum()),
        "moving average": float(theirs.cost.sum()),
        "perfect": float(run(panel, foresight(panel)).cost.sum()),
        "fill": ours.fill_rate,
        "fill of moving average": theirs.fill_rate,
    }


def all_forecasts(sales: Sales) -> pd.DataFrame:
    """Forecasts of every week that is needed, by a model fitted every eight weeks; index: weeks."""
    parts = []
    for fitted in range(STARTS[0] - BACK, STARTS[-1] + 1, EVERY):
        model = Forecaster(horizon=8).fit(demand(sales, fitted))
        for origin in range(fitted, min(fitted + EVERY, STARTS[-1] + ORDERS)):
            rows = forecasts(sales, model, origin)
            parts.append(rows.set_index(pd.Index([origin] * len(rows))))
        print(f"forecasts from week {fitted} made", file=sys.stderr, flush=True)
    return pd.concat(parts)


def main(folder: Path) -> None:
    """Run, print the table, end with one line of JSON."""
    began = time.perf_counter()
    sales = read(folder)
    made = all_forecasts(sales)
    table = pd.DataFrame({str(sales.weeks[n - 1].date()): once(sales, n, made) for n in STARTS}).T
    ratio = table["ours"].sum() / table["moving average"].sum()
    print(table.round(3).to_string())
    print(f"\ncost to the moving average's: {ratio:.3f}; published on the answer weeks:")
    for name, published in PUBLISHED.items():
        print(f"  {name:22s} {published:.3f}")
    answer = {
        "cost_ratio_benchmark": round(ratio, 4),
        "cost_ratio_perfect": round(table["ours"].sum() / table["perfect"].sum(), 4),
        "origins": len(STARTS),
        "mean_cost": round(table["ours"].mean(), 1),
        "seconds": round(time.perf_counter() - began, 1),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    given = Path(sys.argv[1])
    inner = given / "weekly-inventory"
    main(inner if inner.is_dir() else given)
