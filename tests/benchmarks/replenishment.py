"""Ordering for 599 store × product pairs, against a moving-average policy and perfect foresight.

    python tests/benchmarks/replenishment.py DIR
    python tests/benchmarks/replenishment.py DIR --orders OUT.csv [--sales FILE]
    python tests/benchmarks/replenishment.py --scale 200000 [--budget 0.5]
    python tests/benchmarks/replenishment.py --shops 20

DIR holds the public files (`Week 0 - … Sales.csv.gz`, `In Stock`, `Master`), or is the folder above
them. Rules: an order placed at the end of week w is on the shelf for the sales of week w+3; 0.2 a
unit left at a week's end, 1.0 a unit of lost sale; six weekly orders, the cost of weeks 3 … 8
counts. The answer weeks are not public: the rules are replayed from earlier weeks, each with
forecasts and a policy made from what was known then. The forecaster and the policy are the
product's own, as they are; the forecaster is fitted anew every eight weeks.

With --orders, the orders for the real start (2024-04-08) are written instead: the first from the
files of DIR, each later one from the sales up to its week, as far as FILE (the sales so far, in the
form of the sales of week 0) goes; six with five weeks more. With --scale, nothing is read: so many
lines are planned, explained and written, and the time and memory are told. With --shops, so many
made-up shops of ordinary costs are run for five years, beside the best (s, S) found by search.
"""

import argparse
import json
import resource
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from parts.made_up_shops import compared
from parts.many_lines import scaled
from parts.weekly_inventory import Floats, Sales, all_forecasts, initial, planning, read

from models.forecasting import Forecaster
from models.replenishment import OrderUpTo
from models.replenishment.panel import ReplayPanel
from models.replenishment.replay import Decide, foresight, run

# Weeks known at each start; the last leaves eight weeks to be scored.
STARTS = (109, 117, 125, 133, 141, 149)
BACK = 16  # weeks of past forecasts that the policy is tuned on
ORDERS, SCORED = 6, 8
DRAWS = 400
WARM_UP = 16
START = pd.Timestamp("2024-04-08", tz="UTC")
PUBLISHED = {"winner": 3763 / 4334, "tenth": 4039 / 4334, "organisers' benchmark": 1.0}


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


def state(sales: Sales, panel: ReplayPanel, start: int) -> ReplayPanel:
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
    panel = state(sales, ReplayPanel.of(pd.concat(rows, ignore_index=True), seed=7), start)
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


def replayed(folder: Path, *, methods: str) -> dict[str, float]:
    """The table of all origins, printed; its figures."""
    sales = read(folder)
    last = STARTS[-1] + ORDERS - 1
    made = all_forecasts(sales, STARTS[0] - BACK, last, methods=methods)
    table = pd.DataFrame({str(sales.weeks[n - 1].date()): once(sales, n, made) for n in STARTS}).T
    ratio = table["ours"].sum() / table["moving average"].sum()
    low, high = interval(table)
    shown = table[[name for name in table if not str(name).startswith("_")]]
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


def real_orders(sales: Sales, folder: Path, *, methods: str) -> pd.DataFrame:
    """The orders of the real start: Store, Product, and a column an order, named by the week after
    which it is placed."""
    start = int(sales.weeks.get_indexer([START])[0]) + 1
    keys = ["warehouse_id", "product_id"]
    known = min(len(sales.weeks), start + ORDERS - 1)
    made = all_forecasts(sales, start - BACK, known, methods=methods)
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
    # In the order of the template.
    return answer.sort_values(["Store", "Product"], key=pd.to_numeric)


def main(arguments: argparse.Namespace) -> None:
    """Run, print the table, end with one line of JSON."""
    began = time.perf_counter()
    if arguments.scale:
        answer = scaled(arguments.scale, arguments.budget)
    elif arguments.shops:
        table = compared(arguments.shops)
        print(table.round(3).to_string(), flush=True)
        answer = {"ratio": round(float(table["policy"].sum() / table["best"].sum()), 4)}
        answer |= {"ratio_mean": round(float(table["ratio"].mean()), 4)}
    else:
        inner = arguments.folder / "weekly-inventory"
        folder = inner if inner.is_dir() else arguments.folder
        if arguments.orders:
            orders = real_orders(read(folder, arguments.sales), folder, methods=arguments.methods)
            orders.to_csv(arguments.orders, index=False)
            answer = {"orders": orders.shape[1] - 2, "units": int(orders.iloc[:, 2:].sum().sum())}
        else:
            answer = replayed(folder, methods=arguments.methods)
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
    parser.add_argument(
        "--methods", default=Forecaster().methods, help="of the forecaster; fewer are faster"
    )
    parser.add_argument("--scale", type=int, help="plan so many synthetic lines instead")
    parser.add_argument("--budget", type=float, help="with --scale: a share of what all would cost")
    parser.add_argument("--shops", type=int, help="run so many made-up shops instead")
    given = parser.parse_args()
    if not given.scale and not given.shops and given.folder is None:
        parser.error("say a folder, --scale or --shops")
    return given


if __name__ == "__main__":
    main(parsed())
