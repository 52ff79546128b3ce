"""The policy, a `Model` over planning frames, and what it shares with its baselines."""

import inspect
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from models.replenishment import replay
from models.replenishment.cover import Floats, combined, lost_sales_level, safety
from models.replenishment.curve import Depth, depth
from models.replenishment.lines import Lines, Texts
from models.replenishment.order import Flags, Target, economic_lot, longest, price_lot
from models.replenishment.panel import Panel
from models.replenishment.plan import Options, Planned, plan
from models.replenishment.position import Outlook, Position
from models.replenishment.reorder import Reorder, reorder
from models.replenishment.replay import Aim, Decide, Trace

_FILE = "policy.json"
_Z_LIMITS = (-2.5, 4.5)
# Share of a promotion's demand kept for a lift that nobody has seen yet.
LIFT_BUFFER = 0.15
_KNOWN_LIFT = 3  # promotions after which the lift is known


class Policy(ABC):
    """What the policies share: a level for each line, learned numbers, the plan with its reasons.

    `fit` takes planning frames of several origins with `demand` (float[]: the real demand of each
    period from the origin to the next one); without any the policy keeps its defaults.
    """

    learned: Mapping[str, Any]

    @abstractmethod
    def aim(self, lines: Lines, *, later: float = 0.0) -> Aim:
        """From a position to the level of every line, `later` periods after the lines' moment."""

    @abstractmethod
    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn by replaying the past."""

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """One line for every warehouse and product, ordered or not, with its reasons."""
        return self.plan(frame).lines

    def plan(self, frame: pd.DataFrame, options: Options | None = None) -> Planned:
        """The same with its transfers, under caps on what all orders take together."""
        lines = Lines.of(frame)
        return plan(lines, self.aim(lines), options or Options())

    def depth(self, frame: pd.DataFrame, quantity: float) -> Depth:
        """The cost of other quantities, and the stock ahead, of the one pair of a frame."""
        lines = Lines.of(frame)
        return depth(lines, self.aim(lines)(Position.of(lines)), quantity)

    def save(self, folder: Path) -> None:
        """The constructor's arguments and what was learned, as JSON."""
        given = {k: v for k, v in vars(self).items() if k != "learned"}
        text = json.dumps({"given": given, "learned": self.learned}, indent=2)
        (folder / _FILE).write_text(text)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; arguments of an older version that are gone are left out."""
        stored = json.loads((folder / _FILE).read_text())
        known = inspect.signature(cls).parameters
        policy = cls(**{name: value for name, value in stored["given"].items() if name in known})
        policy.learned = stored["learned"]
        return policy

    def replay(self, panel: Panel) -> Trace:
        """What this policy would have cost on a panel of the past, with stock of its own."""
        return replay.run(panel, self.decide(panel), warm_up_days=replay.WARM_UP_DAYS)

    def decide(self, panel: Panel) -> Decide:
        """What this policy orders on a panel of the past."""
        aims = [self.aim(lines, later=later) for lines, later in panel.reviews()]
        return replay.follow(panel, aims)


class OrderUpTo(Policy):
    """Order up to the level where one more unit costs as much to hold as it saves in lost sales.

    The level is a quantile of demand over lead time + review period: the best one where what is not
    there is lost (`cover.lost_sales_level`; without a lead time the newsvendor's p / (p + h), p the
    cost of a lost sale, h that of holding a unit for a review period: Zipkin, Foundations of
    Inventory Management, 2000, 6.2), or at the merchant's service level. Demand that will be lost
    before an order can arrive is left out of it. Where an order costs money, the best (s, S) around
    that level (`reorder.best_policy`): order only from s down, and then up to S.
    `fit` learns by replay, for each class of demand, how far to shift the quantile (in normal
    scores), to answer forecasts that are too sure of themselves.
    default_service_level: where neither costs nor a service level are known.
    service_levels: promises by class of demand, `smooth=0.97,lumpy=0.9`, where a line has none.
    largest_shift, shift_step: the scores tried. theory_weight: the expected cost counts like so
        many replayed periods of a pair; a short past without a shortage must not teach that there
        are none. fit_pairs: at most so many are replayed.
    """

    def __init__(
        self,
        *,
        default_service_level: float = 0.95,
        service_levels: str = "",
        largest_shift: float = 1.2,
        shift_step: float = 0.2,
        theory_weight: float = 1000.0,
        fit_pairs: int = 4000,
        seed: int = 7,
    ) -> None:
        self.default_service_level = default_service_level
        self.service_levels = service_levels
        self.largest_shift = largest_shift
        self.shift_step = shift_step
        self.theory_weight = theory_weight
        self.fit_pairs = fit_pairs
        self.seed = seed
        self.learned = {"shift": {}}

    def aim(self, lines: Lines, *, later: float = 0.0) -> Aim:
        """The critical quantile, shifted as learned for the line's class of demand."""
        shifts = _by_class(self.learned["shift"], lines.demand_class, 0.0)
        return partial(_level, self._seen(lines, later), shifts)

    def fit(self, frame: pd.DataFrame) -> Self:
        """Choose each class's shift by the cost of replaying the frame with it."""
        panel = Panel.of(frame, seed=self.seed, most_pairs=self.fit_pairs)
        seen = [self._seen(lines, later) for lines, later in panel.reviews()]
        classes = panel.demand_class
        weight = self.theory_weight / _size(classes) / panel.demand.shape[1]

        def cost(shift: float) -> Floats:
            aims = [partial(_level, each, np.full(panel.pairs, shift)) for each in seen]
            decide = replay.follow(panel, aims)
            trace = replay.run(panel, decide, warm_up_days=replay.WARM_UP_DAYS)
            expected = panel.expected(aims[0](panel.plenty))
            return np.asarray(trace.by_period + expected[:, None] * weight[:, None])

        shifts = _centred(self.largest_shift, self.shift_step)
        self.learned = {"shift": _cheapest(shifts, classes, cost, usual=0.0)}
        return self

    def _seen(self, lines: Lines, later: float) -> "_Seen":
        outlook = Outlook.of(lines, later=later)
        pace = outlook.cover.mean / np.maximum(lines.cover_days, 1e-9)
        ratio, promise = self._ratio(lines)
        share = np.clip(lines.review_days / np.maximum(lines.cover_days, 1e-9), 0.0, 1.0)
        best = np.where(promise, ratio, lost_sales_level(outlook.cover, ratio, share))
        score = ndtri(np.clip(best, 0.01, 0.9985))
        lot = np.where(promise, economic_lot(lines, pace), price_lot(lines, pace))
        before, demand = (
            combined(each, pace=pace, lead_sd=lines.lead_sd)
            for each in (outlook.parts[-1], outlook.cover)
        )
        batch = ~promise & (lines.order_cost > 0) & (lines.holding > 0)
        policy = reorder(
            before,
            demand,
            demand.at(score),
            ratio=ratio,
            order_cost=np.where(batch, _in_losses(lines, lines.order_cost, ratio), 0.0),
            least=np.maximum.reduce([lines.minimum, lines.pack, lot]),
            most=longest(lines, pace),
        )
        order_cost = _in_losses(lines, lines.order_cost * pace * lines.review_days, best)
        return _Seen(lines, outlook, pace, score, promise, lot, order_cost, batch, policy)

    def _ratio(self, lines: Lines) -> tuple[Floats, Flags]:
        """Each line's critical ratio, and whether it is a promised service level."""
        holding = lines.holding * lines.review_days
        ratio = lines.shortage / (lines.shortage + holding)
        ratio = np.where(np.isnan(ratio), self.default_service_level, ratio)
        level = np.where(np.isnan(lines.service_level), self._levels(lines), lines.service_level)
        promise = (level > 0) & (level < 1)
        return np.where(promise, level, ratio), promise

    def _levels(self, lines: Lines) -> Floats:
        """The service level that is set for each line's class of demand; NaN: none."""
        level = np.full(len(lines), np.nan)
        for name, text in (pair.split("=") for pair in self.service_levels.split(",") if pair):
            level[lines.demand_class == name.strip()] = float(text)
        return level


@dataclass(frozen=True)
class _Seen:
    """What is known of the lines whatever their position. score: of the level, normal; lot,
    order_cost: see `Target`; batch: the lines that follow `reorder`."""

    lines: Lines
    outlook: Outlook
    pace: Floats
    score: Floats
    promise: Flags
    lot: Floats
    order_cost: Floats
    batch: Flags
    reorder: Reorder


def _level(seen: _Seen, shifts: Floats, position: Position) -> Target:
    lines, faced = seen.lines, seen.outlook.facing(position)
    z = np.clip(np.where(seen.promise, seen.score, seen.score + shifts), *_Z_LIMITS)
    extra = safety(faced.demand, z, pace=seen.pace, lead_sd=lines.lead_sd)
    target = Target(
        mean=faced.demand.mean,
        safety=extra,
        display=np.maximum(lines.display - np.maximum(extra, 0.0), 0.0),
        buffer=promotion_buffer(lines, seen.pace),
        pace=seen.pace,
        lost=faced.lost,
        at=np.full(len(lines), np.inf),
        beyond=seen.reorder.beyond,
        ratio=ndtr(z),
        promise=seen.promise,
        lot=seen.lot,
        order_cost=seen.order_cost,
        demand=combined(faced.demand, pace=seen.pace, lead_sd=lines.lead_sd),
    )
    # The reorder point is that of a shelf which lasts until the order arrives; an empty one, or one
    # below its display minimum, is below every reorder point.
    cover, never = seen.outlook.cover, seen.reorder.under == np.inf
    level = cover.mean + safety(cover, z, pace=seen.pace, lead_sd=lines.lead_sd)
    level = level + target.display + target.buffer
    at = np.maximum(np.where(never, 0.0, level - seen.reorder.under), lines.display)
    at = np.where(never & (lines.display == 0), -np.inf, at)
    return replace(target, at=np.where(seen.batch, at, np.inf))


def promotion_buffer(lines: Lines, pace: Floats) -> Floats:
    """Units kept for a planned promotion whose lift is uncertain (the lift itself is forecast).

    A share of the demand while it runs within the cover: LIFT_BUFFER where the product was never
    promoted before, two thirds of it after one or two promotions, none after more.
    """
    begins, ends = np.maximum(lines.promotion[:, 0], 0.0), lines.promotion[:, 1]
    days = np.maximum(np.minimum(ends, lines.cover_days) - begins, 0.0)
    share = np.select(
        [lines.promotions_before < 1, lines.promotions_before < _KNOWN_LIFT],
        [LIFT_BUFFER, LIFT_BUFFER * 2 / 3],
        0.0,
    )
    return np.asarray(share * days * np.maximum(pace, 0.0))


def _in_losses(lines: Lines, money: Floats, ratio: Floats) -> Floats:
    """Money over the cost of a unit short and a unit left for a review period together; 0 where
    holding costs are unknown."""
    together = lines.holding * lines.review_days / np.maximum(1.0 - ratio, 1e-6)
    return np.where(together > 0, money / np.where(together > 0, together, 1.0), 0.0)


def _centred(largest: float, step: float) -> list[float]:
    """Numbers from −largest to largest in steps, 0 among them."""
    count = int(largest / step + 1e-9)
    return [round(step * number, 6) for number in range(-count, count + 1)]


def _by_class(learned: Mapping[str, float], classes: Texts, default: float) -> Floats:
    """The learned number of each line's class; that of all lines where the class is new."""
    other = learned.get("", default)
    return np.array([learned.get(name, other) for name in classes], dtype=float)


def _size(classes: Texts) -> Floats:
    """How many lines each line's class has."""
    _, codes, counts = np.unique(classes.astype(str), return_inverse=True, return_counts=True)
    return np.asarray(counts[codes], dtype=np.float64)


def _cheapest(
    choices: Sequence[float], classes: Texts, cost: Callable[[float], Floats], *, usual: float
) -> dict[str, float]:
    """The best choice for each class, and for all lines under the name "".

    cost: of a choice, lines × periods. Among the choices no more than one standard error (over the
    periods) dearer than the cheapest, the nearest to the usual one is taken (Breiman et al.,
    Classification and Regression Trees, 1984, 3.4.3): a few weeks' luck moves nothing.
    """
    costs = np.stack([cost(choice) for choice in choices])
    distance = np.abs(np.array(choices) - usual)
    groups = {"": np.ones(len(classes), dtype=bool)}
    groups |= {str(name): classes == name for name in sorted(set(classes)) if name}
    answer = {}
    for name, members in groups.items():
        total = costs[:, members].sum(axis=1)
        dearer = total - total[np.argmin(total.sum(axis=1))]
        error = dearer.std(axis=1) / np.sqrt(dearer.shape[1])
        near = np.where(dearer.mean(axis=1) <= error, distance, np.inf)
        answer[name] = choices[int(np.argmin(near))]
    return answer
