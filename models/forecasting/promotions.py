"""What promotions and prices do to demand: factors by kind, phase, weekday, depth and series.

Everything is read from demand over what was to be expected without it. An effect counts as far as
history shows it beyond chance: it is shrunk to 1 (James & Stein, 1961, positive part) by how often
it was seen and by how much all series of a period swing together anyway.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.forecasting.conditions import FIRST, NONE, ON, PART, PHASES
from models.forecasting.panel import Bools, DemandPanel, Floats, running_sums

Ints = NDArray[np.int64]

# Rounds of: the local level with the effects taken out, then the effects over that level.
_TURNS = 3
_SMALLEST, _LARGEST = 0.02, 20.0
# From the series of all to each one: whose own reaction is shrunk to which wider one.
_CHAIN: tuple[tuple[str, ...], ...] = (("category",), ("product_id",))
# A series' reaction to promotions differs from its group's by about so much, as a share, where
# fewer groups than this cannot tell.
_BETWEEN, _FEWEST_GROUPS = 0.3, 8
# Elasticities beyond this are mistakes of the data; how far one is trusted to lie from 0.
_STEEPEST, _USUAL_SLOPE = 6.0, 1.5
_DEAD = 14.0  # expected units: with none sold of so many, nothing is sold at all


@dataclass(frozen=True)
class Effects:
    """Factors of each series and period, 1 where nothing is special: S × periods each.

    by_kind: of each kind of promotion, where the search for them is to go on from here.
    """

    promotion: Floats
    price: Floats
    by_kind: tuple[Floats, ...] = ()

    @property
    def both(self) -> Floats:
        """Promotion and price together."""
        return self.promotion * self.price


def effects(
    past: DemandPanel,
    demand: Floats,
    seen: Bools,
    others: Floats,
    *,
    start: Effects | None = None,
    reach: int | None = None,
) -> Effects | None:
    """Effects of promotions and prices; None where the panel has neither.

    past: the series, with their periods closed and to come. demand: S × now, 0 where unknown; seen:
    S × now, True where known. others: S × periods, the factors of the seasons. start: what was
    found with other seasons, to go on from in one turn. reach: periods on either side that the
    level is read from, half of a memory when left out; a short one is blind to unknown seasons.
    """
    around = reach or max(past.memory // 2, 4)
    change = price_change(past)
    priced = bool(np.abs(change[:, : past.now]).max(initial=0.0) > 1e-3)
    kinds = past.conditions.kinds
    if not past.now or not (priced or kinds):
        return None
    made = start or Effects(np.ones_like(others), np.ones_like(others))
    by_kind = [*made.by_kind] or [np.ones_like(others) for _ in kinds]
    for _ in range(_TURNS if start is None else 1):
        for kind in range(len(kinds)):
            rest = others * made.price * _product_but(by_kind, kind)
            reached = _Expected.of(demand, seen, rest, rest * by_kind[kind], around)
            by_kind[kind] = _of_kind(past, kind, reached)
            made = Effects(np.prod(by_kind, axis=0), made.price)
        if priced:
            rest = others * made.promotion
            reached = _Expected.of(demand, seen, rest, rest * made.price, around)
            made = Effects(made.promotion, _of_price(past, change, reached))
    unseen = [place for place in range(len(kinds)) if not _was_on(past, place)]
    for place in unseen:
        by_kind[place] = _common(past, place, by_kind, unseen)
    if unseen:
        made = Effects(np.prod(by_kind, axis=0), made.price)
    return Effects(np.clip(made.promotion, 0.0, _LARGEST), made.price, tuple(by_kind))


def _product_but(factors: list[Floats], left_out: int) -> Floats:
    """The product of all factors but one; a factor may be 0, so it cannot be divided out."""
    answer = np.ones_like(factors[left_out])
    for place, factor in enumerate(factors):
        if place != left_out:
            answer = answer * factor
    return answer


@dataclass(frozen=True)
class _Expected:
    """Demand beside what is expected of it without one effect: S × now each, 0 where unseen.

    noise: variance over mean of single cells. common: standard deviation of the logarithm of a
    period's demand over its expectation, of all series together.
    """

    demand: Floats
    units: Floats
    noise: float
    common: float

    @classmethod
    def of(
        cls, demand: Floats, seen: Bools, rest: Floats, whole: Floats, reach: int
    ) -> "_Expected":
        """rest: S × periods, the other factors; whole: the effect as known so far included. reach:
        periods on either side that the level is read from.
        """
        now = slice(demand.shape[1])
        level = local_level(demand, seen, whole[:, now], reach)
        units = np.where(seen, level * rest[:, now], 0.0)
        full = np.where(seen, level * whole[:, now], 0.0)
        noise = float(np.square(demand - full).sum() / max(full.sum(), 1e-9))
        top, bottom = demand.sum(axis=0), full.sum(axis=0)
        there = (bottom > 0) & (top > 0)
        swing = np.log(top[there] / bottom[there])
        common = 1.4826 * float(np.median(np.abs(swing))) if there.any() else 0.0
        return cls(demand, units, noise, common)


def local_level(demand: Floats, seen: Bools, factor: Floats, reach: int) -> Floats:
    """The level around each period, demand over factors of `reach` periods on either side: S × now.

    demand: 0 where unknown; seen: True where known; factor: what is taken out; S × now each.
    """
    top, bottom = _around(demand, reach), _around(np.where(seen, factor, 0.0), reach)
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 1e-9)


def _around(values: Floats, reach: int) -> Floats:
    """The sum of `reach` periods on either side of each, and of itself: S × now."""
    now = values.shape[1]
    total = np.zeros((len(values), now + 2 * reach + 1))
    np.cumsum(values, axis=1, out=total[:, reach + 1 : reach + 1 + now])
    total[:, reach + 1 + now :] = total[:, reach + now, None]
    return np.asarray(total[:, 2 * reach + 1 :] - total[:, :now])


def _of_kind(past: DemandPanel, kind: int, reached: _Expected) -> Floats:
    """Factors of one kind: S × periods; by phase, weekday and depth of all series together, then
    by series.
    """
    patterns, now = past.conditions.phase[kind], slice(past.now)
    phase = patterns[past.conditions.pattern]
    if not _was_on(past, kind):
        return np.ones(phase.shape)
    found = _pooled(phase[:, now].astype(np.int64), PHASES, reached)
    plain = found[NONE] if found[NONE] > 0 else 1.0
    factor = (found / plain)[phase]
    on = np.isin(patterns, ON)[past.conditions.pattern]
    if past.frequency == "day":
        weekday = np.where(on, past.dates.dayofweek.to_numpy()[None, :] + 1, 0)
        factor = factor * _again(weekday, 8, reached, factor, now)
    depth = np.where(on, _depth(past.promotion_discount), 0)
    if (depth[:, now] > 0).any():
        factor = factor * _again(depth, 6, reached, factor, now)
    runs = max(int((phase[:, now] == FIRST).sum()), 1)
    # Periods of one promotion err together: they count as one.
    together = max(float(on[:, now].sum()) / runs, 1.0)
    return np.asarray(factor * _own(past, on, factor, reached, together))


def _depth(discount: Floats) -> Ints:
    """0 where no discount is planned, else 1 (up to a tenth) to 5 (45 % and more)."""
    return np.where(discount > 1e-3, np.digitize(discount, (0.1, 0.2, 0.3, 0.45)) + 1, 0)


def _again(code: Ints, count: int, reached: _Expected, factor: Floats, now: slice) -> Floats:
    """What a second division adds to a factor: S × periods, 1 where the code is 0."""
    units = reached.units * factor[:, now]
    found = _pooled(code[:, now], count, _Expected(
        reached.demand, units, reached.noise, reached.common
    ))  # fmt: skip
    found[0] = 1.0
    return np.asarray(found[code])


def _pooled(code: Ints, count: int, reached: _Expected) -> Floats:
    """The factor of each code over all series, as far as it is beyond chance: `count`."""
    now = code.shape[1]
    place = (code + count * np.arange(now)).ravel()  # a place a period and code
    tops, bottoms, cells = (
        np.bincount(place, weights=one, minlength=count * now).reshape(now, count)
        for one in (reached.demand.ravel(), reached.units.ravel(), None)
    )
    top, bottom, periods = tops.sum(axis=0), bottoms.sum(axis=0), (cells > 0).sum(axis=0)
    ratio = np.divide(top, bottom, out=np.ones(count), where=bottom > 0)
    logs = np.log(np.clip(ratio, _SMALLEST / 2, _LARGEST))
    doubt = reached.common**2 / np.maximum(periods, 1) + reached.noise / np.maximum(bottom, 1e-9)
    trust = np.maximum(1 - doubt / np.maximum(logs**2, 1e-12), 0.0)
    factor = np.exp(trust * logs)
    dead = (top <= 0) & (bottom > _DEAD * max(reached.noise, 1.0)) & (periods >= 2)
    return np.where(bottom > 0, np.where(dead, 0.0, factor), 1.0)


def _own(
    past: DemandPanel, on: Bools, factor: Floats, reached: _Expected, together: float
) -> Floats:
    """How much stronger each series reacts than all together, where it is promoted: S × periods.

    By category, product and series, each shrunk to the wider one: by how much they differ beyond
    what they differ in as many periods without a promotion. A level that drifts is no reaction.
    """
    inside = on[:, : past.now]
    top, bottom = _within(inside, reached, factor)
    usual_top, usual_bottom = _within(_without(inside), reached, np.ones_like(factor))
    ratio = np.ones(past.size)
    for names in (*_CHAIN, None):
        group = np.arange(past.size) if names is None else past.groups(*names)
        mine, usual = _summed(top, group), _summed(bottom, group)
        prior = np.bincount(group, weights=ratio) / np.bincount(group)
        chance = together * max(reached.noise, 1e-9) / np.maximum(usual * prior, 1e-9)
        null = _spread_of_logs(_summed(usual_top, group), _summed(usual_bottom, group))
        between = _BETWEEN**2
        if null is not None and (seen := _spread_of_logs(mine, usual * prior)) is not None:
            between = float(np.clip(seen - null, 1e-4, 1.0))
            chance = np.maximum(chance, null)
        borrowed = usual * prior * chance / between
        ratio = (prior * (mine + borrowed + 1e-9) / (usual * prior + borrowed + 1e-9))[group]
    return np.where(on, np.clip(ratio, 0.2, 5.0)[:, None], 1.0)


def _summed(values: Floats, group: Ints) -> Floats:
    """One number a series, summed by group."""
    return np.asarray(np.bincount(group, weights=values), dtype=np.float64)


def _within(inside: Bools, reached: _Expected, factor: Floats) -> tuple[Floats, Floats]:
    """Demand and what was expected in some periods: S each."""
    now = inside.shape[1]
    top = np.where(inside, reached.demand, 0.0).sum(axis=1)
    return top, np.where(inside, reached.units * factor[:, :now], 0.0).sum(axis=1)


def _without(inside: Bools) -> Bools:
    """The promoted periods moved back to where there is no promotion: S × now."""
    share = inside.mean(axis=0)
    now = len(share)
    free = [float(share[lag:] @ (1 - share[: now - lag])) for lag in range(1, now)]
    if not free:
        return np.zeros_like(inside)
    lag = 1 + int(np.argmax(free))
    moved = np.zeros_like(inside)
    moved[:, : now - lag] = inside[:, lag:]
    return moved & ~inside


def _spread_of_logs(top: Floats, bottom: Floats) -> float | None:
    """Variance of log(top / bottom) over groups, by its median deviation; None of a few groups."""
    there = (bottom > 0) & (top > 0)
    if there.sum() < _FEWEST_GROUPS:
        return None
    logs = np.log(top[there] / bottom[there])
    return float((1.4826 * np.median(np.abs(logs - np.median(logs)))) ** 2)


def _was_on(past: DemandPanel, kind: int) -> bool:
    return bool(np.isin(past.conditions.phase[kind][:, : past.now], (*ON, PART)).any())


def _common(past: DemandPanel, kind: int, by_kind: list[Floats], unseen: list[int]) -> Floats:
    """Of a kind never seen: what the others do on average."""
    logs, count = 0.0, 0
    for place, factor in enumerate(by_kind):
        on = np.isin(past.conditions.phase[place][past.conditions.pattern], ON)[:, : past.now]
        if place not in unseen and on.any():
            logs += float(np.log(np.maximum(factor[:, : past.now][on], _SMALLEST)).sum())
            count += int(on.sum())
    mine = np.isin(past.conditions.phase[kind][past.conditions.pattern], ON)
    return np.asarray(np.where(mine, np.exp(logs / max(count, 1)), 1.0))


def price_change(past: DemandPanel) -> Floats:
    """Logarithm of the announced price over the usual one: S × periods, 0 where none is known.

    The usual price is the mean over a memory before each period; of periods to come, before now.
    """
    known = ~np.isnan(past.list_price)
    if not known.any():
        return np.zeros(past.list_price.shape)
    total, count = running_sums(np.nan_to_num(past.list_price), known)
    place = np.minimum(np.arange(past.list_price.shape[1]), max(past.now, 1))
    oldest = np.maximum(place - past.memory, 0)
    many = count[:, place] - count[:, oldest]
    unknown = np.full(past.list_price.shape, np.nan)
    usual = np.divide(total[:, place] - total[:, oldest], many, out=unknown, where=many > 0)
    off = np.log(np.maximum(past.list_price, 1e-9)) - np.log(np.maximum(usual, 1e-9))
    return np.asarray(np.clip(np.nan_to_num(off), -1.5, 1.5))


def _of_price(past: DemandPanel, change: Floats, reached: _Expected) -> Floats:
    """Factors of the price: S × periods; elasticities by product, shrunk to the category's and
    to that of all (Poisson regression without intercept, Newton's steps).
    """
    slope = np.zeros(past.size)
    off = change[:, : past.now]
    borrowed = max(reached.noise, 1e-9) / _USUAL_SLOPE**2
    for names in ((), *_CHAIN):
        group = past.groups(*names)
        prior, size = slope.copy(), np.bincount(group)[group]
        for _ in range(4):
            units = reached.units * np.exp(np.clip(slope[:, None] * off, -3.0, 3.0))
            pull = (off * (reached.demand - units)).sum(axis=1) + borrowed * (prior - slope) / size
            weight = (off**2 * units).sum(axis=1) + borrowed / size
            step = np.bincount(group, weights=pull) / np.bincount(group, weights=weight)
            slope = np.clip(slope + np.clip(step, -1.0, 1.0)[group], -_STEEPEST, 2.0)
    return np.exp(np.clip(slope[:, None] * change, -2.5, 2.5))
