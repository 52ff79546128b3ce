"""Plain policies over recent sales, each tuned by the same replay as ours."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd

from models.replenishment.lines import Lines
from models.replenishment.order import Target
from models.replenishment.panel import ReplayPanel
from models.replenishment.policy import Policy
from models.replenishment.protection_interval import GRID, Demand, Floats
from models.replenishment.replay import TargetLevel


class MovingAverage(Policy):
    """Baseline: order up to the mean weekly sales of eight weeks × (lead time + review + safety).

    `fit` chooses the days of safety that cost least over all lines.
    """

    def __init__(
        self,
        *,
        safety_days: Sequence[float] = (0.0, 7.0, 14.0, 21.0, 28.0, 42.0, 56.0, 84.0),
        seed: int = 7,
    ) -> None:
        self.safety_days = list(safety_days)
        self.seed = seed
        self.learned = {"safety_days": 7.0}

    def target_level(self, lines: Lines, *, later: float = 0.0) -> TargetLevel:
        """Recent sales, carried on.

        lines: the pairs, a line each; later: periods since the lines' moment, which change nothing
        here, for the pace of recent sales stays as it is.
        """
        target = _by_demand_rate(lines, extra_days=self.learned["safety_days"], trigger_days=None)
        return lambda position: target

    def fit(self, frame: pd.DataFrame) -> Self:
        """Replay the frame with each choice; keep the cheapest."""
        panel = ReplayPanel.of(frame, seed=self.seed)
        costs = []
        for days in self.safety_days:
            self.learned = {"safety_days": days}
            costs.append(self.replay(panel).cost.sum())
        self.learned = {"safety_days": self.safety_days[int(np.argmin(costs))]}
        return self


class MinMax(Policy):
    """Baseline (s, S): at or below `min` days of recent sales beyond the lead time order up to max.

    `fit` chooses both numbers of days that cost least over all lines.
    """

    def __init__(
        self,
        *,
        min_days: Sequence[float] = (7.0, 14.0, 21.0, 28.0, 42.0),
        max_days: Sequence[float] = (14.0, 28.0, 42.0, 63.0, 91.0, 126.0),
        seed: int = 7,
    ) -> None:
        self.min_days = list(min_days)
        self.max_days = list(max_days)
        self.seed = seed
        self.learned = {"min_days": 7.0, "max_days": 28.0}

    def target_level(self, lines: Lines, *, later: float = 0.0) -> TargetLevel:
        """Recent sales, carried on.

        lines: the pairs, a line each; later: periods since the lines' moment, which change nothing
        here, for the pace of recent sales stays as it is.
        """
        target = _by_demand_rate(
            lines,
            extra_days=self.learned["max_days"] - lines.review_days,
            trigger_days=self.learned["min_days"],
        )
        return lambda position: target

    def fit(self, frame: pd.DataFrame) -> Self:
        """Replay the frame with each choice; keep the cheapest."""
        panel = ReplayPanel.of(frame, seed=self.seed)
        choices = [(s, most) for s in self.min_days for most in self.max_days if s < most]
        costs = []
        for least, most in choices:
            self.learned = {"min_days": least, "max_days": most}
            costs.append(self.replay(panel).cost.sum())
        least, most = choices[int(np.argmin(costs))]
        self.learned = {"min_days": least, "max_days": most}
        return self


def _by_demand_rate(
    lines: Lines, *, extra_days: Floats | float, trigger_days: float | None
) -> Target:
    demand_rate = lines.weekly_sales / 7.0
    mean, extra = demand_rate * lines.protection_days, demand_rate * extra_days
    trigger = np.inf if trigger_days is None else demand_rate * (lines.lead_days + trigger_days)
    level = mean + extra
    # Symmetric about the level itself: a plain policy rounds to the nearest pack.
    around = level[:, None] + GRID * np.sqrt(np.maximum(level, 0.25))[:, None]
    return Target(
        mean=mean,
        safety=np.broadcast_to(extra, mean.shape).astype(float),
        display=np.maximum(lines.display - extra, 0.0) + 0.0 * mean,
        buffer=np.zeros(len(lines)),
        demand_rate=demand_rate,
        lost=np.zeros(len(lines)),
        at=np.broadcast_to(trigger, mean.shape).astype(float),
        order_up_to_gap=np.zeros(len(lines)),
        never=np.zeros(len(lines), dtype=bool),
        ahead=np.zeros(len(lines)),
        ratio=np.full(len(lines), 0.5),
        promise=np.zeros(len(lines), dtype=bool),
        demand=Demand(level, around),
        costs=None,
    )
