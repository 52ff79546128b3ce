"""The policies: ours and the baselines, all `Model`s over planning frames."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from models.replenishment import replay
from models.replenishment.cover import GRID, Demand, Floats, combined, safety
from models.replenishment.explain import plan
from models.replenishment.lines import Lines, Texts
from models.replenishment.order import Flags, Target, economic_lot
from models.replenishment.replay import Panel, Trace

_FILE = "policy.json"
_Z_LIMITS = (-2.5, 3.0)


class Policy(ABC):
    """What the policies share: a level for each line, learned numbers, the plan with its reasons.

    `fit` takes planning frames of several origins with `demand` (float[]: the real demand of each
    period from the origin to the next one); without any the policy keeps its defaults.
    """

    learned: Mapping[str, Any]

    @abstractmethod
    def targets(self, lines: Lines, *, later: float = 0.0) -> Target:
        """The level of every line, `later` periods after the lines' moment."""

    @abstractmethod
    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn by replaying the past."""

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """One line for every warehouse and product, ordered or not, with its reasons."""
        lines = Lines.of(frame)
        return plan(lines, self.targets(lines))

    def save(self, folder: Path) -> None:
        """The constructor's arguments and what was learned, as JSON."""
        given = {k: v for k, v in vars(self).items() if k != "learned"}
        text = json.dumps({"given": given, "learned": self.learned}, indent=2)
        (folder / _FILE).write_text(text)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        stored = json.loads((folder / _FILE).read_text())
        policy = cls(**stored["given"])
        policy.learned = stored["learned"]
        return policy

    def replay(self, panel: Panel) -> Trace:
        """What this policy would have cost on a panel of the past, with stock of its own."""
        decide = replay.follow(panel, self.targets)
        return replay.run(panel, decide, warm_up_days=replay.WARM_UP_DAYS)


class OrderUpTo(Policy):
    """Order up to the level where one more unit costs as much to hold as it saves in lost sales.

    The level is the quantile of demand over lead time + review period at the critical ratio
    p / (p + h), p the cost of a lost sale, h that of holding a unit for as long as a lot lasts: the
    review period, or the economic lot's time where ordering costs money (Hadley & Whitin, Analysis
    of Inventory Systems, 1963, 4-2, lost sales). Or it is at the merchant's service level.
    `fit` learns by replay, for each class of demand, what makes the realised cost smallest: first a
    factor on the economic lot, then how far to shift the quantile (in normal scores). The first
    answers packs and reviews that the lot's formula does not know, the second forecasts that are
    too sure of themselves and sales that are lost rather than waited for.
    default_service_level: where neither costs nor a service level are known.
    lot_factors: the factors tried. largest_shift, shift_step: the scores tried. fit_pairs: at most
        so many pairs are replayed.
    """

    def __init__(
        self,
        *,
        default_service_level: float = 0.95,
        lot_factors: Sequence[float] = (0.5, 0.7, 1.0, 1.4, 2.0),
        largest_shift: float = 1.2,
        shift_step: float = 0.2,
        fit_pairs: int = 4000,
        seed: int = 7,
    ) -> None:
        self.default_service_level = default_service_level
        self.lot_factors = list(lot_factors)
        self.largest_shift = largest_shift
        self.shift_step = shift_step
        self.fit_pairs = fit_pairs
        self.seed = seed
        self.learned = {"lot": {}, "shift": {}}

    def targets(self, lines: Lines, *, later: float = 0.0) -> Target:
        """The critical quantile, shifted as learned for the line's class of demand."""
        return self._level(
            lines,
            lines.windows.over(lines.cover_days, later=later),
            lots=_by_class(self.learned["lot"], lines.demand_class, 1.0),
            shifts=_by_class(self.learned["shift"], lines.demand_class, 0.0),
        )

    def fit(self, frame: pd.DataFrame) -> Self:
        """Choose each class's factor and shift by the cost of replaying the frame with them."""
        panel = Panel.of(frame, seed=self.seed, most_pairs=self.fit_pairs)
        own = [
            lines.windows.over(lines.cover_days, later=later) for lines, later in panel.reviews()
        ]

        def cost(lots: Floats, shifts: Floats) -> Floats:
            levels = [
                self._level(lines, demand, lots=lots, shifts=shifts)
                for (lines, _), demand in zip(panel.reviews(), own, strict=True)
            ]
            decide = replay.towards(panel, levels)
            return replay.run(panel, decide, warm_up_days=replay.WARM_UP_DAYS).cost

        classes, every = panel.demand_class, np.ones(panel.pairs)
        factors = list(self.lot_factors) if panel.orders_cost else [1.0]
        lot = _cheapest(factors, classes, lambda factor: cost(every * factor, every * 0.0))
        lots = _by_class(lot, classes, 1.0)
        shifts = _centred(self.largest_shift, self.shift_step)
        shift = _cheapest(shifts, classes, lambda score: cost(lots, every * score))
        self.learned = {"lot": lot, "shift": shift}
        return self

    def _level(self, lines: Lines, demand: Demand, *, lots: Floats, shifts: Floats) -> Target:
        pace = demand.mean / np.maximum(lines.cover_days, 1e-9)
        lot = economic_lot(lines, pace) * lots
        z, promise = self._score(lines, np.maximum(lines.review_days, lot / np.maximum(pace, 1e-9)))
        z = np.clip(np.where(promise, z, z + shifts), *_Z_LIMITS)
        extra = safety(demand, z, pace=pace, lead_sd=lines.lead_sd)
        return Target(
            mean=demand.mean,
            safety=extra,
            at=np.full(len(lines), np.inf),
            ratio=ndtr(z),
            promise=promise,
            lot=lot,
            demand=combined(demand, pace=pace, lead_sd=lines.lead_sd),
        )

    def _score(self, lines: Lines, lot_days: Floats) -> tuple[Floats, Flags]:
        """Normal score of each line's critical ratio, and whether it is a promised level."""
        holding = lines.holding * lot_days
        ratio = lines.shortage / (lines.shortage + holding)
        ratio = np.where(np.isnan(ratio), self.default_service_level, ratio)
        promise = (lines.service_level > 0) & (lines.service_level < 1)
        ratio = np.where(promise, lines.service_level, ratio)
        return ndtri(np.clip(ratio, 0.01, 0.9985)), promise


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

    def targets(self, lines: Lines, *, later: float = 0.0) -> Target:
        """Recent sales, carried on."""
        return _by_pace(lines, extra_days=self.learned["safety_days"], trigger_days=None)

    def fit(self, frame: pd.DataFrame) -> Self:
        """Replay the frame with each choice; keep the cheapest."""
        panel = Panel.of(frame, seed=self.seed)
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

    def targets(self, lines: Lines, *, later: float = 0.0) -> Target:
        """Recent sales, carried on."""
        return _by_pace(
            lines,
            extra_days=self.learned["max_days"] - lines.review_days,
            trigger_days=self.learned["min_days"],
        )

    def fit(self, frame: pd.DataFrame) -> Self:
        """Replay the frame with each choice; keep the cheapest."""
        panel = Panel.of(frame, seed=self.seed)
        choices = [(s, most) for s in self.min_days for most in self.max_days if s < most]
        costs = []
        for least, most in choices:
            self.learned = {"min_days": least, "max_days": most}
            costs.append(self.replay(panel).cost.sum())
        least, most = choices[int(np.argmin(costs))]
        self.learned = {"min_days": least, "max_days": most}
        return self


def _by_pace(lines: Lines, *, extra_days: Floats | float, trigger_days: float | None) -> Target:
    pace = lines.weekly_sales / 7.0
    mean, extra = pace * lines.cover_days, pace * extra_days
    trigger = np.inf if trigger_days is None else pace * (lines.lead_days + trigger_days)
    level = mean + extra
    # Symmetric about the level itself: a plain policy rounds to the nearest pack.
    around = level[:, None] + GRID * np.sqrt(np.maximum(level, 0.25))[:, None]
    return Target(
        mean=mean,
        safety=np.broadcast_to(extra, mean.shape).astype(float),
        at=np.broadcast_to(trigger, mean.shape).astype(float),
        ratio=np.full(len(lines), 0.5),
        promise=np.zeros(len(lines), dtype=bool),
        lot=np.zeros(len(lines)),
        demand=Demand(level, around),
    )


def _centred(largest: float, step: float) -> list[float]:
    """Numbers from −largest to largest in steps, 0 among them."""
    count = int(largest / step + 1e-9)
    return [round(step * number, 6) for number in range(-count, count + 1)]


def _by_class(learned: Mapping[str, float], classes: Texts, default: float) -> Floats:
    """The learned number of each line's class; that of all lines where the class is new."""
    other = learned.get("", default)
    return np.array([learned.get(name, other) for name in classes], dtype=float)


def _cheapest(
    choices: Sequence[float], classes: Texts, cost: Callable[[float], Floats]
) -> dict[str, float]:
    """The choice of least cost for each class, and for all lines under the name ""."""
    costs = np.stack([cost(choice) for choice in choices])
    groups = {"": np.ones(len(classes), dtype=bool)}
    groups |= {str(name): classes == name for name in sorted(set(classes)) if name}
    return {
        name: choices[int(np.argmin(costs[:, members].sum(axis=1)))]
        for name, members in groups.items()
    }
