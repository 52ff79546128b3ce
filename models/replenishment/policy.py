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

from models.replenishment import breaks, replay
from models.replenishment.cost import CostModel
from models.replenishment.curve import Depth, depth
from models.replenishment.lines import Flags, Lines, Texts
from models.replenishment.order import Target, economic_lot, longest, price_lot, smallest_order
from models.replenishment.panel import ReplayPanel
from models.replenishment.plan import Options, Planned, plan, plan_transfers
from models.replenishment.position import Position, StockOutlook
from models.replenishment.protection_interval import GRID, Floats, combined, lost_sales_level
from models.replenishment.reorder import Reorder, reorder
from models.replenishment.replay import Decide, ReplayTrace, TargetLevel
from models.replenishment.transfers import Moves

_FILE = "policy.json"
_Z_LIMITS = (float(GRID[0]), float(GRID[-1]))
# Share of a promotion's demand kept for a lift that nobody has seen yet.
LIFT_BUFFER = 0.15
# Days after the protection interval whose demand says how fast a surplus is sold.
LATER_DAYS = 42.0
# A price rise is never bought ahead for longer.
AHEAD_DAYS = 365.0
# Demand that falls to less than one in so many is the end of a season; what it leaves waits for the
# next one at most. Share of the landed cost that a unit still brings after its end of life.
SEASON_END, SEASON_DAYS, SALVAGE = 4.0, 365.0, 0.5
_KNOWN_LIFT = 3  # promotions after which the lift is known


class Policy(ABC):
    """What the policies share: a level for each line, learned numbers, the plan with its reasons.

    `fit` takes planning frames of several origins with `demand` (float[]: the real demand of each
    period from the origin to the next one); without any the policy keeps its defaults.
    """

    learned: Mapping[str, Any]

    @abstractmethod
    def target_level(self, lines: Lines, *, later: float = 0.0) -> TargetLevel:
        """From a position to the level of every line, `later` periods after the lines' moment."""

    @abstractmethod
    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn by replaying the past."""

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """One line for every warehouse and product, ordered or not, with its reasons."""
        return self.plan(frame).lines

    def plan(
        self,
        frame: pd.DataFrame,
        options: Options | None = None,
        *,
        standing: Moves | None = None,
    ) -> Planned:
        """The lines of a planning frame with their transfers.

        options: caps on what all orders take together, and more; standing: transfers that are
        planned already and kept.
        """
        lines = Lines.of(frame)
        return plan(lines, self.target_level(lines), options or Options(), standing=standing)

    def plan_transfers(self, frame: pd.DataFrame, options: Options) -> Moves:
        """The transfers alone of `plan`. frame: planning frame; options: what a transfer takes."""
        lines = Lines.of(frame)
        return plan_transfers(lines, self.target_level(lines), options)

    def depth(self, frame: pd.DataFrame, quantity: float, *, moved: float = 0.0) -> Depth:
        """The cost of other quantities, and the stock ahead, of the one pair of a frame.

        quantity: units that were chosen; moved: units that a transfer brings (below 0: takes).
        """
        lines = Lines.of(frame)
        return depth(lines, self.target_level(lines)(Position.of(lines)), quantity, moved=moved)

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

    def replay(self, panel: ReplayPanel) -> ReplayTrace:
        """What this policy would have cost on a panel of the past, with stock of its own."""
        target_levels = [self.target_level(lines, later=later) for lines, later in panel.reviews()]
        start = replay.steady_state(panel, target_levels[0](panel.plenty))
        return replay.run(panel, replay.follow(panel, target_levels), start=start)

    def decide(self, panel: ReplayPanel) -> Decide:
        """What this policy orders on a panel of the past."""
        target_levels = [self.target_level(lines, later=later) for lines, later in panel.reviews()]
        return replay.follow(panel, target_levels)


class OrderUpTo(Policy):
    """Order up to the level where one more unit costs as much to hold as it saves in lost sales.

    The level is a quantile of demand over lead time + review period: the best one where what is not
    there is lost (`protection_interval.lost_sales_level`; without a lead time the newsvendor's p /
    (p + h), p the cost of a lost sale, h that of holding a unit for a review period: Zipkin,
    Foundations of Inventory Management, 2000, 6.2), or at the merchant's service level. Demand
    that will be lost before an order can arrive is left out of it. Where an order costs money, the
    best (s, S) around that level (`reorder.best_policy`): order only from s down, and then up to S.
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

    def target_level(self, lines: Lines, *, later: float = 0.0) -> TargetLevel:
        """The critical quantile, shifted as learned for the line's class of demand.

        lines: the pairs, a line each; later: periods since the lines' moment.
        """
        shifts = _by_class(self.learned["shift"], lines.demand_class, 0.0)
        return partial(_level, self._seen(lines, later), shifts)

    def fit(self, frame: pd.DataFrame) -> Self:
        """Choose each class's shift by the cost of replaying the frame with it."""
        panel = ReplayPanel.of(frame, seed=self.seed, most_pairs=self.fit_pairs)
        seen = [self._seen(lines, later) for lines, later in panel.reviews()]
        classes = panel.demand_class
        weight = self.theory_weight / _size(classes) / panel.demand.shape[1]

        def cost(shift: float) -> Floats:
            target_levels = [partial(_level, each, np.full(panel.pairs, shift)) for each in seen]
            target = target_levels[0](panel.plenty)
            start = replay.steady_state(panel, target)
            trace = replay.run(panel, replay.follow(panel, target_levels), start=start)
            expected = panel.expected(target)
            return np.asarray(trace.by_period + expected[:, None] * weight[:, None])

        shifts = _centred(self.largest_shift, self.shift_step)
        self.learned = {"shift": _cheapest(shifts, classes, cost, usual=0.0)}
        return self

    def _seen(self, lines: Lines, later: float) -> "_Seen":
        outlook = StockOutlook.of(lines, later=later)
        demand_rate, later_rate = outlook.demand_rate, later_demand_rate(lines)
        leftover = leftover_cost(lines, now=demand_rate, later=later_rate)
        ratio, promise = self._ratio(lines, leftover)
        level = lost_sales_level(outlook.protection, ratio, outlook.share)
        # Before the end of life no later order makes up for this one: the newsvendor's ratio.
        best = np.where(promise | is_last_order(lines), ratio, level)
        lot = np.where(promise, economic_lot(lines, demand_rate), price_lot(lines, demand_rate))
        before, demand = (
            combined(each, demand_rate=demand_rate, lead_sd=lines.lead_sd)
            for each in (outlook.parts[-1], outlook.protection)
        )
        score = ndtri(np.clip(best, 0.01, 0.9985))
        order_cost = _in_losses(leftover, lines.order_cost, ratio)
        policy = reorder(
            before,
            demand,
            demand.at(score),
            ratio=ratio,
            order_cost=order_cost,
            least=np.maximum.reduce([smallest_order(lines), np.minimum(lot, lines.most)]),
            most=longest(lines, demand_rate),
            held=promise,
        )
        return _Seen(
            lines=lines,
            outlook=outlook,
            demand_rate=demand_rate,
            later_demand_rate=later_rate,
            leftover=leftover,
            score=score,
            ratio=ratio,
            promise=promise,
            lot=lot,
            order_cost=order_cost,
            reorder=policy,
        )

    def _ratio(self, lines: Lines, leftover: Floats) -> tuple[Floats, Flags]:
        """Each line's critical ratio, and whether it is a promised service level. leftover: n, what
        a unit costs that the protection interval leaves."""
        ratio = lines.shortage / (lines.shortage + leftover)
        ratio = np.where(np.isnan(ratio), self.default_service_level, ratio)
        level = np.where(np.isnan(lines.service_level), self._levels(lines), lines.service_level)
        promise = (level > 0) & (level < 1)
        return np.where(promise, level, ratio), promise

    def _levels(self, lines: Lines) -> Floats:
        """The service level that is set for each line's class of demand; NaN: none."""
        level = np.full(len(lines), np.nan)
        for name, text in (pair.split("=") for pair in self.service_levels.split(",") if pair):
            level[_as_new(lines.demand_class) == name.strip()] = float(text)
        return level


@dataclass(frozen=True)
class _Seen:
    """What is known of the lines whatever their position. score: of the level, normal; ratio: p /
    (p + h), or the promise; later_demand_rate: units a day after the protection interval;
    leftover: what a unit costs that it leaves; lot: the least worth ordering for its price;
    order_cost: in losses."""

    lines: Lines
    outlook: StockOutlook
    demand_rate: Floats
    later_demand_rate: Floats
    leftover: Floats
    score: Floats
    ratio: Floats
    promise: Flags
    lot: Floats
    order_cost: Floats
    reorder: Reorder


def _level(seen: _Seen, shifts: Floats, position: Position) -> Target:
    lines, faced = seen.lines, seen.outlook.facing(position)
    z = np.clip(np.where(seen.promise, seen.score, seen.score + shifts), *_Z_LIMITS)
    extra = faced.demand.at(z) - faced.demand.mean
    display = np.maximum(lines.display - np.maximum(extra, 0.0), 0.0)
    buffer = promotion_buffer(lines, seen.demand_rate)
    policy, batch = seen.reorder, np.zeros(len(lines), dtype=bool)
    batch[policy.rows] = True
    # The reorder point is that of a shelf which lasts until the order arrives; one below its
    # display minimum is below every reorder point.
    whole = combined(seen.outlook.protection, demand_rate=seen.demand_rate, lead_sd=lines.lead_sd)
    plain, never = whole.at(z) + display + buffer, policy.under == np.inf
    at = np.maximum(np.where(never, 0.0, plain - np.where(never, 0.0, policy.under)), lines.display)
    at = np.where(never & (lines.display == 0), -np.inf, at)
    ratio = np.where(batch, seen.ratio, ndtr(z))
    target = Target(
        mean=faced.demand.mean,
        safety=extra,
        display=display,
        buffer=buffer,
        demand_rate=seen.demand_rate,
        lost=faced.lost,
        at=np.where(batch, at, faced.demand.at(z) + display + buffer),
        # What the supplier's minimum alone adds is no lot: it is added to a small order only.
        order_up_to_gap=np.where(
            (seen.order_cost > 0) | (seen.lot > 0), policy.order_up_to_gap, 0.0
        ),
        never=never,
        ahead=np.zeros(len(lines)),
        ratio=ndtr(z),
        promise=seen.promise,
        demand=faced.demand,
        costs=None,
    )
    unit = _loss_money(lines, seen.leftover, ratio)
    rise = np.where(unit > 0, lines.rise / np.where(unit > 0, unit, 1.0), 0.0)
    mean = seen.later_demand_rate * lines.review_days
    days = np.minimum(AHEAD_DAYS, np.maximum(lines.end_days - lines.lead_days, 0.0))
    ahead = np.minimum(rise / np.maximum(1 - ratio, 1e-6) * mean, seen.demand_rate * days)
    place = np.full(len(lines), -1)
    place[policy.rows] = np.arange(len(policy.rows))
    costs = CostModel(
        demand=faced.demand,
        ratio=ratio,
        level=target.up_to,
        plain=plain,
        shelf=display + buffer,
        mean=mean,
        reorder=policy,
        place=place,
        order_cost=seen.order_cost,
        unit=unit,
        break_quantity=lines.break_quantity,
        break_price=_break_prices(lines, seen.lot, unit) - rise[:, None],
        obliged=seen.promise
        | (position.stock + position.coming(lines.protection_days) < lines.display),
    )
    return replace(target, ahead=ahead, costs=costs)


def _break_prices(lines: Lines, lot: Floats, unit: Floats) -> Floats:
    """n × k, in losses: what a unit costs at each price step above the step of the usual lot."""
    usual = breaks.share_at(lines.break_quantity, lines.break_share, lot)
    money = np.nan_to_num(lines.goods_cost)[:, None] * (lines.break_share - usual[:, None])
    known = unit[:, None] > 0
    return np.where(known, money / np.where(known, unit[:, None], 1.0), 0.0)


def _loss_money(lines: Lines, leftover: Floats, ratio: Floats) -> Floats:
    """Money of a unit of loss: a unit short and a unit left together; NaN where it is unknown."""
    by_leftover = leftover / np.maximum(1.0 - ratio, 1e-6)
    by_shortage = lines.shortage / np.maximum(ratio, 1e-6)
    return np.where(by_leftover > 0, by_leftover, by_shortage)


def later_demand_rate(lines: Lines) -> Floats:
    """Units asked for a day in the weeks after the protection interval; 0 after the end of life."""
    start = lines.protection_days
    first, after = lines.windows.means_until(np.stack([start, start + LATER_DAYS], axis=1)).T
    demand_rate = np.maximum(after - first, 0.0) / LATER_DAYS
    return np.where(lines.end_days <= start, 0.0, demand_rate)


def is_last_order(lines: Lines) -> Flags:
    """True where the next order would come too late to be sold before the end of life."""
    return np.asarray(lines.end_days < lines.lead_days + 2 * lines.review_days, dtype=np.bool_)


def leftover_cost(lines: Lines, *, now: Floats, later: Floats) -> Floats:
    """What a unit costs that the protection interval leaves: holding for a review period, for
    longer where demand falls away after it, and what is lost on it at the end of life.

    lines: the n lines, with their costs; now, later: n, units asked for a day within the interval
    and after it. The answer: n, money; NaN where the unit cost is unknown.
    """
    falling = now / np.maximum(later, 1e-9)
    longest_wait = np.maximum(SEASON_DAYS / lines.review_days, 1.0)
    periods = np.where(falling > SEASON_END, np.minimum(falling, longest_wait), 1.0)
    last = is_last_order(lines)
    unsold = np.where(last, (1 - SALVAGE) * np.nan_to_num(lines.landed_cost), 0.0)
    return lines.holding * lines.review_days * np.where(last, 1.0, periods) + unsold


def promotion_buffer(lines: Lines, demand_rate: Floats) -> Floats:
    """Units kept for a planned promotion whose lift is uncertain (the lift itself is forecast).

    A share of the demand while it runs within the protection interval: LIFT_BUFFER where the
    product was never promoted before, two thirds of it after one or two promotions, none after
    more.

    lines: the n lines, with their next promotions; demand_rate: n, units asked for a day.
    """
    begins, ends = np.maximum(lines.promotion[:, 0], 0.0), lines.promotion[:, 1]
    days = np.maximum(np.minimum(ends, lines.protection_days) - begins, 0.0)
    share = np.select(
        [lines.promotions_before < 1, lines.promotions_before < _KNOWN_LIFT],
        [LIFT_BUFFER, LIFT_BUFFER * 2 / 3],
        0.0,
    )
    return np.asarray(share * days * np.maximum(demand_rate, 0.0))


def _in_losses(leftover: Floats, money: Floats, ratio: Floats) -> Floats:
    """Money over the cost of a unit short and a unit left together (leftover: n, of the latter); 0
    where holding costs are unknown."""
    together = leftover / np.maximum(1.0 - ratio, 1e-6)
    return np.where(together > 0, money / np.where(together > 0, together, 1.0), 0.0)


def _centred(largest: float, step: float) -> list[float]:
    """Numbers from −largest to largest in steps, 0 among them."""
    count = int(largest / step + 1e-9)
    return [round(step * number, 6) for number in range(-count, count + 1)]


def _by_class(learned: Mapping[str, float], classes: Texts, default: float) -> Floats:
    """The learned number of each line's class; that of all lines where the class is new."""
    other = learned.get("", default)
    return np.array([learned.get(name, other) for name in _as_new(classes)], dtype=float)


def _as_new(classes: Texts) -> Texts:
    """The classes by which is planned: what was never sold is planned as what is new."""
    return np.where(classes == "unseen", "new", classes).astype(object)


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
    classes = _as_new(classes)
    groups |= {str(name): classes == name for name in sorted(set(classes)) if name}
    answer = {}
    for name, members in groups.items():
        total = costs[:, members].sum(axis=1)
        dearer = total - total[np.argmin(total.sum(axis=1))]
        error = dearer.std(axis=1) / np.sqrt(dearer.shape[1])
        near = np.where(dearer.mean(axis=1) <= error, distance, np.inf)
        answer[name] = choices[int(np.argmin(near))]
    return answer
