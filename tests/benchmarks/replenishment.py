"""Ordering for 599 store × product pairs, against a moving-average policy and perfect foresight.

    python tests/benchmarks/replenishment.py DIR
    python tests/benchmarks/replenishment.py DIR --orders OUT.csv [--sales FILE]
    python tests/benchmarks/replenishment.py --scale 200000 [--budget 0.5]

DIR holds the public files (`Week 0 - … Sales.csv.gz`, `In Stock`, `Master`), or is the folder above
them. Rules: an order placed at the end of week w is on the shelf for the sales of week w+3; 0.2 a
unit left at a week's end, 1.0 a unit of lost sale; six weekly orders, the cost of weeks 3 … 8
counts. The answer weeks are not public: the rules are replayed from earlier weeks, each with
forecasts and a policy made from what was known then. The forecaster and the policy are the
product's own, as they are; the forecaster is fitted anew every eight weeks.

With --orders, the orders for the real start (2024-04-08) are written instead: the first from the
files of DIR, each later one from the sales up to its week, as far as FILE (the sales so far, in the
form of the sales of week 0) goes; six with five weeks more. With --scale, nothing is read: so many
lines are planned, explained and written, and the time and memory are told.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from features.forecasting import packed
from features.replenishment import FORECAST
from models.forecasting import LEVELS, Forecaster
from models.replenishment import OrderUpTo
from models.replenishment.budget import Caps
from models.replenishment.panel import Panel
from models.replenishment.plan import Options
from models.replenishment.replay import Decide, foresight, run

Floats = NDArray[np.float64]

# Weeks known at each start; the last leaves eight weeks to be scored.
STARTS = (109, 117, 125, 133, 141, 149)
EVERY = 8  # weeks between two fits of the forecaster
BACK = 16  # weeks of past forecasts that the policy is tuned on
ORDERS, SCORED = 6, 8
DRAWS = 400
WARM_UP = 16
HOLDING, LOST = 0.2, 1.0
START = pd.Timestamp("2024-04-08", tz="UTC")
PUBLISHED = {"winner": 3763 / 4334, "tenth": 4039 / 4334, "organisers' benchmark": 1.0}


# What every planning row has in common.
TERMS: dict[str, object] = {
    "supplier_id": "S",
    "observed_at": None,
    "on_hand": 0.0,
    "reserved": 0.0,
    "on_order": 0.0,
    "open_quantities": None,
    "open_due_days": None,
    "open_age_days": None,
    "lead_time_days": 14.0,
    "lead_time_sd": 0.0,
    "lead_time_mean": 14.0,
    "lead_time_spread": 0.0,
    "lead_time_orders": 0.0,
    "review_period_days": 7.0,
    "min_order_quantity": 0.0,
    "pack_size": 1.0,
    "order_cost": 0.0,
    "unit_cost": 1.0,
    "currency": "EUR",
    "fx_rate": 1.0,
    "price_breaks": None,
    "duty_rate": 0.0,
    "freight_per_unit": 0.0,
    "service_level": np.nan,
    "display_minimum": np.nan,
    "blocked": None,
    "price": np.nan,
    "price_currency": "EUR",
    "price_fx_rate": 1.0,
    "discontinued": False,
    "days_to_end": np.nan,
    "weight_kg": np.nan,
    "capacity_units": np.nan,
    "country": None,
    "promotion_from": np.nan,
    "promotion_until": np.nan,
    "promotions_before": 0.0,
}


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
    return frame.assign(**TERMS, holding_cost_rate=HOLDING * 365 / 7, stockout_cost=LOST)


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
        **_draws(ours.cost, theirs.cost),
        "fill": ours.fill_rate,
        "fill of moving average": theirs.fill_rate,
    }


def _draws(ours: Floats, theirs: Floats) -> dict[str, float]:
    """The costs with the pairs drawn again: what the interval of the ratio is made of."""
    random = np.random.default_rng(7)
    answer = {}
    for draw in range(DRAWS):
        rows = random.integers(0, len(ours), len(ours))
        answer[f"_ours{draw}"], answer[f"_theirs{draw}"] = ours[rows].sum(), theirs[rows].sum()
    return {name: float(value) for name, value in answer.items()}


def interval(table: pd.DataFrame) -> tuple[float, float]:
    """95 % of the ratio over all origins, the pairs drawn again (the same at each origin)."""
    sums = table.sum()
    ratios = [sums[f"_ours{draw}"] / sums[f"_theirs{draw}"] for draw in range(DRAWS)]
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(low), float(high)


def all_forecasts(sales: Sales, first: int, last: int) -> pd.DataFrame:
    """Forecasts of the weeks first … last, by a model fitted every eight weeks; index: weeks."""
    parts = []
    for fitted in range(first, last + 1, EVERY):
        model = Forecaster(horizon=8).fit(demand(sales, fitted))
        for origin in range(fitted, min(fitted + EVERY, last + 1)):
            rows = forecasts(sales, model, origin)
            parts.append(rows.set_index(pd.Index([origin] * len(rows))))
        print(f"forecasts from week {fitted} made", file=sys.stderr, flush=True)
    return pd.concat(parts)


def real_orders(sales: Sales, folder: Path) -> pd.DataFrame:
    """The orders of the real start: Store, Product, and a column an order, named by its week."""
    start = int(sales.weeks.get_indexer([START])[0]) + 1
    keys = ["warehouse_id", "product_id"]
    known = min(len(sales.weeks), start + ORDERS - 1)
    made = all_forecasts(sales, start - BACK, known)
    earlier = range(start - BACK, start)
    history = pd.concat([planning(sales, made.loc[n], n, 1) for n in earlier], ignore_index=True)
    policy = OrderUpTo().fit(history)
    stock, coming = initial(sales, folder)
    answer = sales.pairs[keys].rename(columns={"warehouse_id": "Store", "product_id": "Product"})
    for now in range(start, known + 1):
        if now > start:  # the week's arrivals, then its sales
            stock = np.maximum(stock + coming[:, 0] - sales.units[:, now - 1], 0.0)
            coming = np.column_stack([coming[:, 1:], answer.iloc[:, -1]])
        frame = planning(sales, made.loc[now], now, 0).assign(
            on_hand=stock,
            open_quantities=[list(row) for row in coming],
            open_due_days=[[0.0, 7.0]] * len(stock),
            open_age_days=[[14.0, 7.0]] * len(stock),
        )
        plan = policy.predict(frame).set_index(keys)["order_quantity"]
        wanted = plan.reindex(pd.MultiIndex.from_frame(sales.pairs[keys])).to_numpy()
        answer[str(sales.weeks[now - 1].date())] = wanted.astype(int)
    return answer


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


def replayed(folder: Path) -> dict[str, float]:
    """The table of all origins, printed; its figures."""
    sales = read(folder)
    made = all_forecasts(sales, STARTS[0] - BACK, STARTS[-1] + ORDERS - 1)
    table = pd.DataFrame({str(sales.weeks[n - 1].date()): once(sales, n, made) for n in STARTS}).T
    ratio = table["ours"].sum() / table["moving average"].sum()
    low, high = interval(table)
    shown = table[[name for name in table if not name.startswith("_")]]
    print(shown.assign(ratio=table["ours"] / table["moving average"]).round(3).to_string())
    print(f"\ncost to the moving average's: {ratio:.3f} (95 %: {low:.3f} … {high:.3f}), published:")
    for name, published in PUBLISHED.items():
        print(f"  {name:22s} {published:.3f}")
    return {
        "cost_ratio_benchmark": round(ratio, 4),
        "cost_ratio_low": round(low, 4),
        "cost_ratio_high": round(high, 4),
        "cost_ratio_mean_of_origins": round(
            float((table["ours"] / table["moving average"]).mean()), 4
        ),
        "cost_ratio_perfect": round(table["ours"].sum() / table["perfect"].sum(), 4),
        "origins": len(STARTS),
        "mean_cost": round(float(table["ours"].mean()), 1),
    }


def scaled(lines: int, budget: float | None) -> dict[str, float]:
    """So many lines planned, explained and written; with a budget, a share of what all would cost.

    Only the plan is timed: the frame is what the feature store would have given.
    """
    frame = synthetic(lines)
    began = time.perf_counter()
    planned = OrderUpTo().plan(frame)
    caps = Caps()
    if budget is not None:
        caps = Caps(money=budget * planned.lines["order_value"].sum())
        began = time.perf_counter()
        planned = OrderUpTo().plan(frame, Options(caps))
    with tempfile.TemporaryDirectory() as folder:
        planned.lines.to_parquet(Path(folder) / "plan.parquet", index=False)
        planned.transfers.to_parquet(Path(folder) / "transfers.parquet", index=False)
    taken = time.perf_counter() - began
    ordered = int((planned.lines["order_quantity"] > 0).sum())
    print(f"{lines:,} lines: {ordered:,} ordered, {len(planned.transfers):,} transfers")
    answer = {"lines": lines, "ordered": ordered, "plan_seconds": round(taken, 1)}
    if planned.filled is not None:
        answer["proven_gap"] = round(planned.filled.gap, 6)
        answer["spent_share"] = round(planned.lines["order_value"].sum() / caps.money, 4)
    return answer


def synthetic(lines: int) -> pd.DataFrame:
    """Planning rows of products at four warehouses each, paces spread over three magnitudes."""
    random = np.random.default_rng(7)
    steps = np.arange(1, 14)
    levels = [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99]
    pace = random.gamma(0.6, 8.0, lines) + 0.05
    spread = np.sqrt(pace[:, None] * steps * 1.5)
    means = pace[:, None] * steps
    curve = np.maximum(means[:, :, None] + spread[:, :, None] * ndtri(levels), 0.0)
    number = np.arange(lines)
    moment = pd.Timestamp("2024-04-08", tz="UTC")
    frame = pd.DataFrame(
        {
            "warehouse_id": np.char.add("W", (number % 4).astype(str)),
            "product_id": np.char.add("P", (number // 4).astype(str)),
            "window_mean": list(means),
            "window_quantiles": list(curve.reshape(lines, -1)),
            "on_hand": np.floor(pace * random.gamma(2.0, 2.0, lines)),
            "unit_cost": random.lognormal(1.5, 0.8, lines).round(2) + 0.1,
            "weekly_sales": pace,
            "pack_size": random.choice([1.0, 6.0, 12.0], lines),
        }
    ).assign(event_timestamp=moment, period_start="2024-04-08", frequency="week")
    frame["levels"] = [levels] * lines
    other = {"holding_cost_rate": 0.25, "lead_time_spread": 3.0, "country": "DE", "order_cost": 1.5}
    terms = {name: value for name, value in (TERMS | other).items() if name not in frame}
    money = {"stockout_cost": frame["unit_cost"] * 0.6, "price": frame["unit_cost"] * 1.6}
    frame = frame.assign(**(terms | money), demand_class="smooth")
    return frame.assign(weight_kg=0.4)


def main(arguments: argparse.Namespace) -> None:
    """Run, print the table, end with one line of JSON."""
    began = time.perf_counter()
    if arguments.scale:
        answer = scaled(arguments.scale, arguments.budget)
    else:
        inner = arguments.folder / "weekly-inventory"
        folder = inner if inner.is_dir() else arguments.folder
        if arguments.orders:
            orders = real_orders(read(folder, arguments.sales), folder)
            orders.to_csv(arguments.orders, index=False)
            answer = {"orders": orders.shape[1] - 2, "units": int(orders.iloc[:, 2:].sum().sum())}
        else:
            answer = replayed(folder)
    answer |= {
        "seconds": round(time.perf_counter() - began, 1),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }
    print(json.dumps(answer))


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", help="of the public files")
    parser.add_argument("--orders", type=Path, help="write the orders of the real start here")
    parser.add_argument("--sales", type=Path, help="the sales so far; else those of week 0")
    parser.add_argument("--scale", type=int, help="plan so many synthetic lines instead")
    parser.add_argument("--budget", type=float, help="with --scale: a share of what all would cost")
    given = parser.parse_args()
    if not given.scale and given.folder is None:
        parser.error("say a folder, or --scale")
    return given


if __name__ == "__main__":
    main(parsed())
