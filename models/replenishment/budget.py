"""Money or a container shared among the lines: what brings most for what it takes, gap proven."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from models.replenishment.lines import Lines
from models.replenishment.order import Target
from models.replenishment.protection_interval import Floats, Ints

# Quantities tried between none and all of a line's order.
_LEVELS = 6
# Steps tried after the first that does not fit.
_TRIED_AFTER = 50_000
# Weights of the caps against one another that are tried.
_TRADE_OFFS = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)


@dataclass(frozen=True)
class Caps:
    """What all orders together may take: money in the base currency, kilograms, cubic metres; inf:
    no limit."""

    money: float = np.inf
    weight: float = np.inf
    volume: float = np.inf

    @property
    def bind(self) -> bool:
        """Whether there is a limit at all."""
        return bool(np.isfinite([self.money, self.weight, self.volume]).any())

    @property
    def name(self) -> str:
        """What they are called in a sentence; "" without a limit.

        >>> Caps(money=5.0, volume=2.0).name
        'budget or volume limit'
        """
        limits = {"budget": self.money, "weight limit": self.weight, "volume limit": self.volume}
        return " or ".join(name for name, most in limits.items() if np.isfinite(most))


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
    """n × k quantities of each line (rising, the first 0, the last its order), with the money they
    save beside ordering nothing; and what they take of each thing that is capped, as shares of its
    cap: c × n × k."""

    quantity: Floats
    gain: Floats
    uses: Floats

    def at(self, rows: Ints) -> "_Choices":
        """The choices of some lines."""
        return _Choices(self.quantity[rows], self.gain[rows], self.uses[:, rows])


@dataclass(frozen=True)
class _Steps:
    """Steps along the lines' upper hulls, the best first: line, level reached, what it takes (c ×
    steps), its joint use and its gain. Those of a line stand in their order."""

    line: Ints
    level: Ints
    uses: Floats
    cost: Floats
    gain: Floats


def fill(lines: Lines, target: Target, quantity: Floats, have: Floats, caps: Caps) -> Filled:
    """The choice among parts of each line's order that gains most within the caps.

    A multiple-choice knapsack: the steps along each line's upper hull are taken in the order of
    gain per unit of what is short, as in its linear relaxation, whose value is the bound (Sinha &
    Zoltners, 1979); several caps are joined by weights that are tried out (a surrogate constraint:
    Glover, 1968), each giving a bound. A whole order is never worth less than a part of it: what
    a lot holds beyond the protection interval is bought last, with what the caps leave. Lines of
    unknown cost, weight or volume get nothing where that is capped.

    lines: the n lines; target: where the policy wants them; quantity: n, units of each line's whole
    order; have: n, units there, coming or moved here; caps: what all orders together may take.
    """
    choices = _choices(lines, target, quantity, have, caps)
    known = np.flatnonzero((quantity > 0) & ~np.isnan(choices.uses).any(axis=(0, 2)))
    mine = choices.at(known)
    best, kept = Filled(np.zeros(len(lines)), 0.0, np.inf), np.zeros(len(lines))
    for weights in _weights(len(choices.uses)):
        chosen, gain, bound = _greedy(mine, weights)
        kept[known] = mine.quantity[np.arange(len(known)), chosen]
        tighter = min(best.bound, bound)
        taken = kept.copy() if gain >= best.gain else best.quantity
        best = Filled(taken, max(gain, best.gain), tighter)
    return best


def _weights(count: int) -> list[Floats]:
    """Weightings of so many caps, each adding up to 1."""
    if count == 1:
        return [np.ones(1)]
    tried = _TRADE_OFFS if count == 2 else _TRADE_OFFS[::2]
    parts = [np.array([*some, 1.0 - sum(some)]) for some in product(tried, repeat=count - 1)]
    return [each for each in parts if each[-1] > 0.01]


def _choices(lines: Lines, target: Target, quantity: Floats, have: Floats, caps: Caps) -> _Choices:
    pack = lines.pack
    first = np.minimum(np.maximum(np.ceil(lines.minimum / pack - 1e-9) * pack, pack), quantity)
    steps = np.linspace(0.0, 1.0, _LEVELS)[None, :]
    inner = first[:, None] + (quantity - first)[:, None] * steps
    inner = np.minimum(np.floor(inner / pack[:, None] + 1e-9) * pack[:, None], quantity[:, None])
    table = np.concatenate([np.zeros((len(lines), 1)), inner], axis=1)
    worth = target.worth(lines)
    gains = [worth * target.gain(have, quantity) for quantity in table.T]
    return _Choices(table, np.stack(gains, axis=1), _uses(lines, table, caps))


def _uses(lines: Lines, table: Floats, caps: Caps) -> Floats:
    """What the quantities take of each cap, as shares of it; NaN where that is unknown."""
    answer = []
    if np.isfinite(caps.money):
        cost = [lines.unit_cost(quantity) * quantity for quantity in table.T]
        spent = np.where(lines.rate_known[:, None], np.stack(cost, axis=1), np.nan)
        answer.append(spent / max(caps.money, 1e-12))
    for each, cap in ((lines.weight, caps.weight), (lines.volume, caps.volume)):
        if np.isfinite(cap):
            answer.append(table * each[:, None] / max(cap, 1e-12))
    return np.stack(answer)


def _greedy(choices: _Choices, weights: Floats) -> tuple[Ints, float, float]:
    """The level of each line, their gain, and the bound, by one weighting of the caps."""
    joint = np.tensordot(weights, choices.uses, axes=1)
    gains = np.maximum.accumulate(choices.gain, axis=1)
    steps = _steps(joint, gains, choices.uses)
    chosen = _take(steps, len(gains))
    gain = float(gains[np.arange(len(gains)), chosen].sum())
    return _completed(chosen, joint, choices), gain, _relaxed(steps.cost, steps.gain)


def _relaxed(cost: Floats, gain: Floats) -> float:
    """The value of the linear relaxation: whole steps while they fit, and a part of the next."""
    total = np.cumsum(cost)
    fitting = int(np.searchsorted(total, 1.0 + 1e-12, side="right"))
    value = float(gain[:fitting].sum())
    if fitting < len(cost):
        left = 1.0 - (total[fitting - 1] if fitting else 0.0)
        value += float(gain[fitting] * left / cost[fitting])
    return value


def _steps(cost: Floats, gain: Floats, uses: Floats) -> _Steps:
    """The steps along each line's upper hull of (cost, gain)."""
    count, levels = cost.shape
    at, rows, steepest = np.zeros(count, dtype=np.int64), np.arange(count), np.full(count, np.inf)
    line, level = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    taken, run_, rise_, slopes = [uses[:, :0, 0]], [np.zeros(0)], [np.zeros(0)], [np.zeros(0)]
    for _ in range(levels - 1):
        rise = gain - gain[rows, at][:, None]
        run = cost - cost[rows, at][:, None]
        usable = (run > 0) & (rise > 0) & (np.arange(levels)[None, :] > at[:, None])
        slope = np.where(usable, rise / np.where(run > 0, run, 1.0), -np.inf)
        to = levels - 1 - np.argmax(slope[:, ::-1], axis=1)
        found = np.flatnonzero(slope[rows, to] > 0)
        if not len(found):
            break
        start, end = at[found], to[found]
        # Never steeper than the step before, so that sorting keeps the order of a line's steps.
        steepest[found] = np.minimum(steepest[found], slope[found, end])
        line.append(found)
        level.append(end)
        taken.append(uses[:, found, end] - uses[:, found, start])
        run_.append(run[found, end])
        rise_.append(rise[found, end])
        slopes.append(steepest[found].copy())
        at[found] = end
    order = np.argsort(-np.concatenate(slopes), kind="stable")
    return _Steps(
        np.concatenate(line)[order],
        np.concatenate(level)[order],
        np.concatenate(taken, axis=1)[:, order],
        np.concatenate(run_)[order],
        np.concatenate(rise_)[order],
    )


def _take(steps: _Steps, count: int) -> Ints:
    """The level each line reaches: steps taken in order while all caps hold, then those that still
    fit among the next ones; after a step that does not fit, none of its line."""
    chosen = np.zeros(count, dtype=np.int64)
    total = np.cumsum(steps.uses, axis=1)
    over = (total > 1.0 + 1e-12).any(axis=0)
    fitting = int(np.argmax(over)) if over.any() else len(steps.line)
    # Of a line's steps the last is the highest.
    np.maximum.at(chosen, steps.line[:fitting], steps.level[:fitting])
    left = 1.0 - (total[:, fitting - 1] if fitting else np.zeros(len(total)))
    dead = np.zeros(count, dtype=bool)
    for place in range(fitting, min(fitting + _TRIED_AFTER, len(steps.line))):
        row, more = steps.line[place], steps.uses[:, place]
        if dead[row]:
            continue
        if (more <= left + 1e-12).all():
            chosen[row] = steps.level[place]
            left = left - more
        else:
            dead[row] = True
    return chosen


def _completed(chosen: Ints, joint: Floats, choices: _Choices) -> Ints:
    """The levels with as many orders made whole as what is left allows, least loss for it first."""
    rows, last = np.arange(len(chosen)), joint.shape[1] - 1
    lost = choices.gain[rows, chosen] - choices.gain[:, last]
    order = np.argsort(
        lost / np.maximum(joint[:, last] - joint[rows, chosen], 1e-15), kind="stable"
    )
    taken = choices.uses[:, rows, chosen]
    more = np.cumsum((choices.uses[:, :, last] - taken)[:, order], axis=1)
    fits = (taken.sum(axis=1)[:, None] + more <= 1 + 1e-12).all(axis=0)
    whole = order[np.logical_and.accumulate(fits)]
    answer = chosen.copy()
    answer[whole] = last
    return answer
