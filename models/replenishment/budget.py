"""Money or a container shared among the lines: what brings most for what it takes, gap proven."""

from dataclasses import dataclass

import numpy as np

from models.replenishment.cover import Floats, Ints
from models.replenishment.lines import Lines
from models.replenishment.order import Target, loss

# Quantities tried between none and all of a line's order.
_LEVELS = 6
_TRADE_OFFS: Floats = np.linspace(0.05, 0.95, 7)


@dataclass(frozen=True)
class Caps:
    """What all orders together may take: money in the base currency, kilograms; inf: no limit."""

    money: float = np.inf
    weight: float = np.inf

    @property
    def bind(self) -> bool:
        """Whether there is a limit at all."""
        return bool(np.isfinite(self.money) or np.isfinite(self.weight))


@dataclass(frozen=True)
class Filled:
    """The quantities kept, what all gain in money, and an upper bound on any choice's gain."""

    quantity: Floats
    gain: float
    bound: float

    @property
    def gap(self) -> float:
        """Share by which the best choice can at most be better."""
        return max(self.bound - self.gain, 0.0) / self.bound if self.bound > 0 else 0.0


@dataclass(frozen=True)
class _Choices:
    """n × k quantities of each line (rising, the first 0, the last its order), with what they take
    and gain: shortage and leftover avoided over the cover, less what ordering costs a period."""

    quantity: Floats
    money: Floats
    weight: Floats
    gain: Floats


def fill(lines: Lines, target: Target, quantity: Floats, have: Floats, caps: Caps) -> Filled:
    """The choice among parts of each line's order that gains most within the caps.

    A multiple-choice knapsack: the steps along each line's upper hull are taken in the order of
    gain per unit of what is short, as in its linear relaxation, whose value is the bound (Sinha &
    Zoltners, 1979); two caps are joined by a weight that is tried out (a surrogate constraint:
    Glover, 1968), each giving a bound. A whole order is never worth less than a part of it: what
    a lot holds beyond the cover is bought last, with what the caps leave. Lines of unknown cost or
    weight get nothing where that is capped.
    """
    rows = np.flatnonzero(quantity > 0)
    choices = _choices(lines, target, quantity, have)
    known = _known(choices, rows, caps)
    best = Filled(np.zeros(len(lines)), 0.0, np.inf)
    for share in _shares(caps):
        kept, gain, bound = _greedy(choices, known, caps, share)
        tighter = min(best.bound, bound)
        best = Filled(kept, gain, tighter) if gain >= best.gain else _bounded(best, tighter)
    return best


def _bounded(filled: Filled, bound: float) -> Filled:
    return Filled(filled.quantity, filled.gain, bound)


def _shares(caps: Caps) -> Floats:
    """Weights of money against kilograms to try."""
    if not np.isfinite(caps.weight):
        return np.ones(1)
    return _TRADE_OFFS if np.isfinite(caps.money) else np.zeros(1)


def _choices(lines: Lines, target: Target, quantity: Floats, have: Floats) -> _Choices:
    pack = lines.pack
    first = np.minimum(np.maximum(np.ceil(lines.minimum / pack - 1e-9) * pack, pack), quantity)
    steps = np.linspace(0.0, 1.0, _LEVELS)[None, :]
    inner = first[:, None] + (quantity - first)[:, None] * steps
    inner = np.minimum(np.floor(inner / pack[:, None] + 1e-9) * pack[:, None], quantity[:, None])
    table = np.concatenate([np.zeros((len(lines), 1)), inner], axis=1)
    price = lines.holding * lines.review_days / np.maximum(1.0 - target.ratio, 1e-3)
    worth = np.where(price > 0, price, np.nan_to_num(lines.shortage))
    now = loss(target, have)
    columns = range(table.shape[1])
    ordering = np.where(table > 0, target.order_cost[:, None] / np.maximum(table, 1e-9), 0.0)
    gains = [worth * (now - loss(target, have + table[:, k]) - ordering[:, k]) for k in columns]
    spent = [
        np.where(lines.rate_known, lines.unit_cost(table[:, k]), np.nan) * table[:, k]
        for k in columns
    ]
    return _Choices(
        table, np.stack(spent, axis=1), table * lines.weight[:, None], np.stack(gains, axis=1)
    )


def _known(choices: _Choices, rows: Ints, caps: Caps) -> Ints:
    """The ordered lines whose use of every capped thing is known."""
    money = ~np.isnan(choices.money[rows]).any(axis=1) | ~np.isfinite(caps.money)
    weight = ~np.isnan(choices.weight[rows]).any(axis=1) | ~np.isfinite(caps.weight)
    answer: Ints = rows[money & weight]
    return answer


def _greedy(choices: _Choices, rows: Ints, caps: Caps, share: float) -> tuple[Floats, float, float]:
    """Quantities, their gain, and the bound, by one weighting of the caps (together 1)."""
    money, weight = choices.money[rows], choices.weight[rows]
    joint = np.zeros(money.shape)
    if share > 0:
        joint = joint + share * money / max(caps.money, 1e-12)
    if share < 1:
        joint = joint + (1 - share) * weight / max(caps.weight, 1e-12)
    gains = np.maximum.accumulate(choices.gain[rows], axis=1)
    line, level, cost, gain = _steps(joint, gains)
    order = np.argsort(-gain / np.maximum(cost, 1e-15), kind="stable")
    line, level, cost, gain = line[order], level[order], cost[order], gain[order]
    bound = _relaxed(cost, gain)
    chosen = _take(line, level, cost, money=money, weight=weight, caps=caps)
    reached = float(gains[np.arange(len(rows)), chosen].sum())
    chosen = _completed(chosen, joint, choices.gain[rows], money=money, weight=weight, caps=caps)
    kept = np.zeros(len(choices.quantity))
    kept[rows] = choices.quantity[rows, chosen]
    return kept, reached, bound


def _relaxed(cost: Floats, gain: Floats) -> float:
    """The value of the linear relaxation: whole steps while they fit, and a part of the next."""
    total = np.cumsum(cost)
    fitting = int(np.searchsorted(total, 1.0 + 1e-12, side="right"))
    value = float(gain[:fitting].sum())
    if fitting < len(cost):
        left = 1.0 - (total[fitting - 1] if fitting else 0.0)
        value += float(gain[fitting] * left / cost[fitting])
    return value


def _steps(cost: Floats, gain: Floats) -> tuple[Ints, Ints, Floats, Floats]:
    """The steps along each line's upper hull of (cost, gain): line, level reached, both rises."""
    count, levels = cost.shape
    at, rows = np.zeros(count, dtype=np.int64), np.arange(count)
    parts = []
    for _ in range(levels - 1):
        rise = gain - gain[rows, at][:, None]
        run = cost - cost[rows, at][:, None]
        usable = (run > 0) & (rise > 0) & (np.arange(levels)[None, :] > at[:, None])
        slope = np.where(usable, rise / np.where(run > 0, run, 1.0), -np.inf)
        to = levels - 1 - np.argmax(slope[:, ::-1], axis=1)
        found = np.flatnonzero(slope[rows, to] > 0)
        if not len(found):
            break
        parts.append((found, to[found], run[found, to[found]], rise[found, to[found]]))
        at = np.where(slope[rows, to] > 0, to, at)
    if not parts:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, np.zeros(0), np.zeros(0)
    line, level, run_, rise_ = (np.concatenate(table) for table in zip(*parts, strict=True))
    return line, level, run_, rise_


def _take(
    line: Ints, level: Ints, cost: Floats, *, money: Floats, weight: Floats, caps: Caps
) -> Ints:
    """The level each line reaches: steps taken in order while both caps hold, others skipped."""
    chosen = np.zeros(len(money), dtype=np.int64)
    fitting = int(np.searchsorted(np.cumsum(cost), 1.0, side="right"))
    spent = carried = 0.0
    dead = np.zeros(len(money), dtype=bool)
    rows = zip(line.tolist(), level.tolist(), strict=True)
    for place, (row, to) in enumerate(rows):
        if dead[row]:
            continue
        now = chosen[row]
        more = money[row, to] - money[row, now] if np.isfinite(caps.money) else 0.0
        heavier = weight[row, to] - weight[row, now] if np.isfinite(caps.weight) else 0.0
        if spent + more <= caps.money and carried + heavier <= caps.weight:
            chosen[row], spent, carried = to, spent + more, carried + heavier
        else:
            dead[row] = True
            if place > fitting + 50_000:
                break
    return chosen


def _completed(
    chosen: Ints, joint: Floats, gain: Floats, *, money: Floats, weight: Floats, caps: Caps
) -> Ints:
    """The levels with as many orders made whole as what is left allows, least loss for it first."""
    rows, last = np.arange(len(chosen)), money.shape[1] - 1
    loss_of = (gain[rows, chosen] - gain[:, last]) / np.maximum(
        joint[:, last] - joint[rows, chosen], 1e-15
    )
    order = np.argsort(loss_of, kind="stable")
    fits = np.ones(len(order), dtype=bool)
    for table, cap in ((money, caps.money), (weight, caps.weight)):
        if np.isfinite(cap):
            taken = table[rows, chosen]
            more = np.cumsum((table[:, last] - taken)[order])
            fits &= taken.sum() + more <= cap * (1 + 1e-12)
    whole = order[np.logical_and.accumulate(fits)]
    answer = chosen.copy()
    answer[whole] = last
    return answer
