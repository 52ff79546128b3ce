"""Pictures of a policy: what its cost is made of, stock against fill rate, one line explained."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from models.replenishment import MovingAverage
from models.replenishment.panel import ReplayPanel
from models.replenishment.plan import WATERFALL
from models.replenishment.policy import Policy
from models.replenishment.replay import ReplayTrace
from training.plots import OURS, THEIRS, drawing

_PARTS = {
    "cost_holding": "holding",
    "cost_lost_sales": "lost sales",
    "cost_ordering": "ordering",
}
# Parts of the waterfall that are shown although they are 0.
_ALWAYS = ("demand_mean", "safety_stock", "on_hand", "on_order", "rounding")
_NAMES = {
    "demand_mean": "demand over cover",
    "promotion_lift": "promotion",
    "safety_stock": "safety",
    "surplus": "above the level",
    "minimum": "smallest order",
}
_COLOURS = (THEIRS, "#c0392b", "#e0a458")


def costs(path: Path, figures: Mapping[str, Mapping[str, float]]) -> None:
    """Stacked bars: the cost of a pair and period by policy, in its three parts.

    path: the picture to write; figures: policy -> figure -> value, with cost_holding,
    cost_lost_sales and cost_ordering.
    """
    names = list(figures)
    with drawing(path, "Cost of a warehouse × product and period, replayed") as axes:
        start = np.zeros(len(names))
        for (part, label), colour in zip(_PARTS.items(), _COLOURS, strict=True):
            width = np.array([figures[name][part] for name in names])
            axes.barh(names, width, left=start, label=label, color=colour)
            start = start + width
        axes.invert_yaxis()
        axes.legend(frameon=False)


def trade_off(path: Path, panel: ReplayPanel, ours: Policy, train: pd.DataFrame) -> None:
    """Fill rate against the money in stock: ours as it is, recent sales with ever more safety.

    path: the picture to write; panel: the past to replay; ours: the fitted policy; train: planning
    frames with `demand`, on which the moving average is tuned.
    """
    plain = MovingAverage().fit(train)
    days = plain.safety_days
    curve = []
    for each in days:
        plain.learned = {"safety_days": each}
        curve.append(_point(plain.replay(panel)))
    stock, fill = _point(ours.replay(panel))
    title = "Money in stock against the share of demand served"
    with drawing(path, title, x="stock value", y="fill rate") as axes:
        axes.plot(*zip(*curve, strict=True), marker="o", color=THEIRS, label="moving average")
        axes.plot([stock], [fill], "D", color=OURS, markersize=10, label="argosy")
        axes.legend(frameon=False)


def _point(trace: ReplayTrace) -> tuple[float, float]:
    return trace.mean_stock_value, trace.fill_rate


def weeks(path: Path, table: pd.DataFrame) -> None:
    """Lines: the cost of each period by policy.

    path: the picture to write; table: a row a period and policy, with columns period, policy and
    cost.
    """
    title = "Cost of each period, all pairs together"
    with drawing(path, title, x="period", y="cost") as axes:
        for name, part in table.groupby("policy", sort=False):
            colour = OURS if name == "argosy" else None
            axes.plot(part["period"], part["cost"], label=name, color=colour)
        axes.legend(frameon=False)


def waterfall(path: Path, lines: pd.DataFrame) -> None:
    """The parts of the largest order, from demand to quantity.

    path: the picture to write; lines: the lines of a plan, a row each.
    """
    line = lines.sort_values("order_value", ascending=False, na_position="last").iloc[0]
    parts = {
        _NAMES.get(name, name.replace("_", " ")): sign * line[name]
        for name, sign in WATERFALL.items()
        if name in _ALWAYS or line[name] != 0
    }
    names, steps = list(parts), np.nan_to_num(np.array(list(parts.values()), dtype=float))
    title = f"{line['warehouse_id']} × {line['product_id']}: order {line['order_quantity']:g}"
    with drawing(path, title, y="units") as axes:
        ends = np.cumsum(steps)
        colours = [OURS if step >= 0 else THEIRS for step in steps]
        axes.bar(names, steps, bottom=ends - steps, color=colours)
        axes.bar(["order"], [line["order_quantity"]], color="#1f2933")
        axes.tick_params(axis="x", rotation=30)
