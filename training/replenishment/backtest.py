"""The past once more under our policy and plain ones: what each would have cost, and served."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from models.base import TooLittleDataError
from models.registry import Registry, Run
from models.replenishment import MinMax, MovingAverage
from models.replenishment.panel import ReplayPanel
from models.replenishment.policy import Policy
from models.replenishment.replay import ReplayTrace
from training.job import Context, Split, data_hash
from training.replenishment import plots as pictures
from training.replenishment.recipe import RECIPE, figures, ratio_interval


@dataclass(frozen=True)
class Backtest:
    """A replay of the later half of the past forecasts, each policy tuned on the earlier half.

    policies: a row each: cost (of a pair and period, base currency) and its parts, fill_rate,
    stock_value, stockouts (share of pairs and periods with a lost sale), cost_ratio to the moving
    average, with the 95% interval over the pairs. weeks: period, policy, cost, missed, stock.
    """

    cut: pd.Timestamp
    policies: pd.DataFrame
    weeks: pd.DataFrame
    classes: pd.DataFrame
    split: Split
    fitted: Policy
    panel: ReplayPanel


def backtest(context: Context) -> Backtest:
    """Replay with lost sales, forecasts as of each origin only.

    Raises TooLittleDataError, saying what is missing.
    """
    context.progress(f"replenishment: reading the past as of {context.as_of:%Y-%m-%d %H:%M} UTC")
    frame = RECIPE.frame(context)
    if missing := RECIPE.check(frame):
        raise TooLittleDataError("There is nothing to replay yet. " + " ".join(missing))
    split = RECIPE.split(frame, context)
    seed = context.settings.seed
    ours = RECIPE.model(context)
    assert isinstance(ours, Policy)
    policies: dict[str, Policy] = {
        "argosy": ours,
        "moving average": MovingAverage(seed=seed),
        "min-max": MinMax(seed=seed),
    }
    panel = ReplayPanel.of(split.test, seed=seed)
    traces = {}
    for name, policy in policies.items():
        context.progress(f"replenishment: replaying {name} on {panel.pairs:,} pairs")
        traces[name] = policy.fit(split.train).replay(panel)
    return Backtest(
        cut=pd.Timestamp(split.cut),
        policies=_policies(traces, seed=seed),
        weeks=_weeks(traces),
        classes=_classes(traces, panel),
        split=split,
        fitted=ours,
        panel=panel,
    )


def log(done: Backtest, context: Context, registry: Registry) -> str:
    """Keep the figures and pictures in MLflow; the id of the run.

    done: the replay to keep; context: of the run, whose moment and lake version are noted;
    registry: where the run is kept.
    """
    rows = done.policies.set_index("policy")
    table = {str(name): _floats(row) for name, row in rows.iterrows()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        pictures.costs(path / "cost_parts.png", table)
        pictures.trade_off(path / "stock_and_fill.png", done.panel, done.fitted, done.split.train)
        pictures.weeks(path / "weeks.png", done.weeks)
        return registry.log(
            Run(
                use_case="replenishment",
                name=f"replenishment backtest {context.as_of:%Y-%m-%d}",
                params={"pairs": done.panel.pairs, "periods": done.panel.demand.shape[1]},
                metrics=table["argosy"],
                baselines={name: row for name, row in table.items() if name != "argosy"},
                plots=path,
                tags={
                    "kind": "backtest",
                    "as_of": context.as_of.isoformat(),
                    "cut": done.cut.isoformat(),
                    "data_hash": data_hash(done.split.test),
                    "lake_version": context.lake.version(),
                },
            )
        )


def _floats(row: pd.Series) -> Mapping[str, float]:
    return {str(name): float(value) for name, value in row.items()}


def _policies(traces: Mapping[str, ReplayTrace], *, seed: int) -> pd.DataFrame:
    plain = traces["moving average"]
    rows = []
    for name, trace in traces.items():
        low, high = ratio_interval(trace, plain, seed=seed)
        rows.append(
            {
                "policy": name,
                **figures(trace),
                "stockouts": float((trace.missed > 0)[trace.counted].mean()),
                "cost_ratio": trace.cost_a_period / plain.cost_a_period,
                "cost_ratio_low": low,
                "cost_ratio_high": high,
            }
        )
    return pd.DataFrame(rows)


def _weeks(traces: Mapping[str, ReplayTrace]) -> pd.DataFrame:
    """Period by period, all pairs together."""
    parts = [
        pd.DataFrame(
            {
                "period": np.arange(trace.demand.shape[1]),
                "policy": name,
                "cost": trace.by_period.sum(axis=0),
                "missed": trace.missed.sum(axis=0),
                "stock_value": trace.stock_value.sum(axis=0),
            }
        )
        for name, trace in traces.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _classes(traces: Mapping[str, ReplayTrace], panel: ReplayPanel) -> pd.DataFrame:
    """Cost of a pair and fill rate by class of demand."""
    rows = []
    for kind in sorted(set(panel.demand_class)):
        own = panel.demand_class == kind
        for name, trace in traces.items():
            asked = trace.demand[own].sum()
            served = 1 - trace.missed[own].sum() / asked if asked else 1.0
            cost = trace.cost[own].mean() / trace.demand.shape[1]
            row = {"demand_class": kind or "unknown", "policy": name, "pairs": int(own.sum())}
            rows.append(row | {"cost": float(cost), "fill_rate": float(served)})
    return pd.DataFrame(rows)
