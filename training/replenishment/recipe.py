"""How the ordering policy is made: the past replayed, forecasts as of each origin only."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from data.zones import zones_of
from features.replenishment import FEATURES, PAIR, TRIPLE
from models.base import Model, parameters
from models.replenishment import MinMax, MovingAverage, OrderUpTo
from models.replenishment.panel import ReplayPanel
from models.replenishment.policy import Policy
from models.replenishment.replay import ReplayTrace
from training.job import Context, Recipe, Split, override
from training.replenishment import plots as pictures

# Replays of fewer periods say more of chance than of a policy.
LEAST_PERIODS = 4
DRAWS = 1000  # of the pairs, for an interval
# Past origins where there are no forecasts: sales of the eight weeks before are carried on.
ORIGINS = 8
NOTHING_TO_REPLAY = (
    "No product and warehouse of `supply_terms` has sales in `orders` over several closed periods: "
    "ingest older orders, or supply_terms of what sells."
)


def frame(context: Context) -> pd.DataFrame:
    """A planning row for each past origin, warehouse, product and supplier, with what came after.

    `demand` (float[]): units asked for in each period from the origin to the next origin, lost
    sales estimated where the shelf was empty. Where the store has no forecasts of the past, the
    last ORIGINS closed periods are planned by the sales before them.
    """
    forecasts = context.store.history("forecast", context.as_of)
    real = context.store.history("demand", context.as_of)
    terms = context.store.latest("supply", context.as_of)[list(TRIPLE)]
    origins = forecasts[[*PAIR, "event_timestamp", "period_start"]]
    if not len(origins):
        context.progress("replenishment: no past forecasts; recent sales are carried on")
        origins = _plain_origins(real)
    asked = _demand(origins, real)
    entities = asked.merge(terms, on=list(PAIR))
    columns = [*TRIPLE, "event_timestamp"]
    known = context.store.training_frame("replenishment", entities[columns], context.as_of)
    sites = context.lake.read("warehouses", as_of=context.as_of)
    zones = zones_of(known["warehouse_id"], sites)
    rows = known.assign(demand=entities["demand"].to_numpy(dtype=object), time_zone=zones)
    if len(real):
        rows = rows.assign(frequency=rows["frequency"].fillna(str(real["frequency"].iloc[0])))
    sold = rows["window_mean"].notna() | (rows["weekly_sales"] > 0)
    usable = rows["lead_time_days"].notna() & sold
    return rows.loc[usable, [*columns, "time_zone", *FEATURES, "demand"]].reset_index(drop=True)


def _plain_origins(real: pd.DataFrame) -> pd.DataFrame:
    """Every pair at the ends of the last closed periods but the newest: the moments at which a plan
    could have been made. real: the history of the `demand` view."""
    ends = np.sort(real["event_timestamp"].unique())[-ORIGINS - 1 : -1]
    rows = real[real["event_timestamp"].isin(ends)][[*PAIR, "event_timestamp"]]
    starts = rows["event_timestamp"].dt.strftime("%Y-%m-%d")
    return rows.assign(period_start=starts.astype(object)).reset_index(drop=True)


def _demand(origins: pd.DataFrame, real: pd.DataFrame) -> pd.DataFrame:
    """Each origin's rows with the demand of the closed periods up to the next origin, as a list."""
    table = real.assign(units=real["sold"].fillna(0.0) + real["lost"].fillna(0.0)).pivot_table(
        index=list(PAIR), columns="period_start", values="units", aggfunc="sum", fill_value=0.0
    )
    periods = np.array(table.columns, dtype=object)
    firsts = np.sort(origins["period_start"].unique())
    parts = []
    for first, following in zip(firsts, [*firsts, None][1:], strict=True):
        inside = (periods >= first) & ((periods < following) if following else True)
        rows = origins[origins["period_start"] == first]
        found = table.reindex(pd.MultiIndex.from_frame(rows[list(PAIR)])).to_numpy()[:, inside]
        if inside.any() and len(rows):
            parts.append(rows.assign(demand=np.nan_to_num(found).tolist()))
    empty = origins.iloc[:0].assign(demand=pd.Series(dtype=object))
    whole = pd.concat(parts) if parts else empty
    # Two runs of one period (a later as-of in the same week) would count its demand twice.
    newest = whole.sort_values("event_timestamp").drop_duplicates([*PAIR, "period_start"])
    return newest.reset_index(drop=True)


def check(rows: pd.DataFrame) -> list[str]:
    """What is missing for a replay."""
    if not len(rows):
        return [NOTHING_TO_REPLAY]
    periods = sum(len(part["demand"].iloc[0]) for _, part in rows.groupby("event_timestamp"))
    if periods < LEAST_PERIODS or rows["event_timestamp"].nunique() < 2:
        moments = rows["event_timestamp"].nunique()
        told = f"{periods} of at least {LEAST_PERIODS}, from {moments} of at least 2 moments"
        return [
            f"Closed periods of `orders` to replay: {told}; ingest older orders, or train later."
        ]
    return []


def split(rows: pd.DataFrame, context: Context) -> Split:
    """Earlier origins to tune on, the later half to judge on.

    rows: as `frame` gives them; context: of the run, which changes nothing here.
    """
    origins = np.sort(rows["event_timestamp"].unique())
    cut = pd.Timestamp(origins[len(origins) // 2])
    early = rows["event_timestamp"] < cut
    return Split(rows[early].reset_index(drop=True), rows[~early].reset_index(drop=True), cut)


def model(context: Context) -> Model:
    """Ours, with `--set`."""
    defaults = parameters(OrderUpTo(seed=context.settings.seed))
    return OrderUpTo(**override(defaults, context.overrides))


def baselines(context: Context) -> Mapping[str, Model]:
    """Plain policies over recent sales, each with its own numbers tuned by the same replay."""
    seed = context.settings.seed
    return {"moving average": MovingAverage(seed=seed), "min-max": MinMax(seed=seed)}


def score(fitted: Model, parts: Split) -> Mapping[str, float]:
    """Cost of the later periods, replayed once with the stock the policy would have had.

    cost_ratio: to the tuned moving-average policy; cost_ratio_low, cost_ratio_high: its 95%
    interval, the pairs drawn again. cost: a pair and period, in the base currency. fill_rate: share
    of units served. stock_value: money in stock, mean over the periods.

    fitted: the policy; parts: train, on which the moving average is tuned, and test, which is
    replayed.
    """
    assert isinstance(fitted, Policy)
    panel = ReplayPanel.of(parts.test, seed=_seed(fitted))
    trace = fitted.replay(panel)
    plain = MovingAverage(seed=_seed(fitted)).fit(parts.train).replay(panel)
    low, high = ratio_interval(trace, plain, seed=_seed(fitted))
    return {
        "cost_ratio": trace.cost_a_period / max(plain.cost_a_period, 1e-12),
        "cost_ratio_low": low,
        "cost_ratio_high": high,
        **figures(trace),
        "pairs": float(panel.pairs),
        "periods": float(panel.demand.shape[1]),
    }


def ratio_interval(trace: ReplayTrace, plain: ReplayTrace, *, seed: int) -> tuple[float, float]:
    """The 95% interval of the ratio of two policies' costs, the pairs drawn again (Efron, 1979).

    trace, plain: replays of one panel; seed: of the draws.
    """
    draws = np.random.default_rng(seed).integers(0, len(trace.cost), (DRAWS, len(trace.cost)))
    ratio = trace.cost[draws].sum(axis=1) / np.maximum(plain.cost[draws].sum(axis=1), 1e-12)
    low, high = np.quantile(ratio, [0.025, 0.975])
    return float(low), float(high)


def lost_to(metrics: Mapping[str, float], baselines: Mapping[str, Mapping[str, float]]) -> str:
    """Why a baseline plans in our place; "" where none is better beyond chance.

    metrics, baselines: of `score`. A few weeks say little of a policy: ours gives way only to a
    baseline that is cheaper than the lower end of the interval around our own ratio.
    """
    lost = [
        f"{name} ({other['cost_ratio']:.4g})"
        for name, other in baselines.items()
        if other["cost_ratio"] < metrics["cost_ratio_low"]
    ]
    interval = f"{metrics['cost_ratio_low']:.3g} to {metrics['cost_ratio_high']:.3g}"
    ours = f"cost_ratio {metrics['cost_ratio']:.4g} (95%: {interval})"
    return f"{ours} does not beat {', '.join(lost)}" if lost else ""


def figures(trace: ReplayTrace) -> Mapping[str, float]:
    """What a replay is described by."""
    counted = trace.counted
    total = max(float(counted.sum()), 1.0)
    return {
        "cost": trace.cost_a_period,
        "cost_holding": float((trace.holding * counted).sum() / total),
        "cost_lost_sales": float((trace.lost * counted).sum() / total),
        "cost_ordering": float((trace.ordering.sum() - trace.carried.sum()) / total),
        "fill_rate": trace.fill_rate,
        "stock_value": trace.mean_stock_value,
    }


def plots(fitted: Model, parts: Split, folder: Path) -> None:
    """What the cost is made of, stock against fill rate, and one line explained.

    fitted: the policy; parts: train, on which the plain policies are tuned, and test, which is
    replayed; folder: where the pictures are written.
    """
    assert isinstance(fitted, Policy)
    seed = _seed(fitted)
    panel = ReplayPanel.of(parts.test, seed=seed)
    policies: dict[str, Policy] = {
        "argosy": fitted,
        "moving average": MovingAverage(seed=seed).fit(parts.train),
        "min-max": MinMax(seed=seed).fit(parts.train),
    }
    traces = {name: policy.replay(panel) for name, policy in policies.items()}
    pictures.costs(folder / "cost_parts.png", {n: figures(t) for n, t in traces.items()})
    pictures.trade_off(folder / "stock_and_fill.png", panel, fitted, parts.train)
    last = parts.test["event_timestamp"].max()
    lines = fitted.predict(parts.test[parts.test["event_timestamp"] == last])
    pictures.waterfall(folder / "one_line_explained.png", lines)


def sample(rows: pd.DataFrame) -> pd.DataFrame:
    """A few pairs of the newest origin."""
    newest = rows[rows["event_timestamp"] == rows["event_timestamp"].max()]
    few: pd.DataFrame = newest.drop(columns="demand").head(12)
    return few.reset_index(drop=True)


def _seed(policy: Policy) -> int:
    return int(getattr(policy, "seed", 7))


RECIPE = Recipe(
    use_case="replenishment",
    metric="cost_ratio",
    better="lower",
    features=FEATURES,
    frame=frame,
    check=check,
    split=split,
    model=model,
    baselines=baselines,
    score=score,
    plots=plots,
    sample=sample,
    servable=("moving average", "min-max"),
    lost_to=lost_to,
)
