"""The best (s, S): from which position down to order, and up to where, if orders cost money."""

from dataclasses import dataclass

import numpy as np

from models.replenishment.lines import Flags
from models.replenishment.protection_interval import WEIGHTS, Demand, Floats, Ints, row_by_row

# Positions looked at for each line; they lie a unit apart, or further where lots are large.
_POSITIONS = 72
_CHUNK = 4_000


@dataclass(frozen=True)
class Reorder:
    """Order when the position is `under` units below the level or more, up to `order_up_to_gap`
    above it.

    Both n, units, >= 0; under is inf where no order ever pays. The level is that of lines whose
    orders cost nothing, at which both are 0. rows: the m lines that have a policy of their own, in
    order; first, step: m, units from the level to the first position of their tables, and between
    two; mean: m, units asked for in a review period; value: m × positions, what it costs over all
    periods to be there after ordering, beside being at S and ordering as the policy says from then
    on.
    """

    under: Floats
    order_up_to_gap: Floats
    rows: Ints
    first: Floats
    step: Floats
    mean: Floats
    value: Floats

    def costs(self, rows: Ints, above: Floats, *, ratio: Floats) -> Floats:
        """What it costs to be so many units above the level (n, below 0: under it) after ordering.

        rows: n, places in `rows` of this policy; ratio: n, see `reorder`. Above the table a
        unit is held until all below it are sold; below it a unit less is a lost sale.
        """
        place = (above - self.first[rows]) / self.step[rows]
        inside = np.clip(place, 0.0, _POSITIONS - 1.0)
        left = np.minimum(inside.astype(np.int64), _POSITIONS - 2)
        low, high = self.value[rows, left], self.value[rows, left + 1]
        known = low + (inside - left) * (high - low)
        last = np.maximum(self.value[rows, -1] - self.value[rows, -2], 0.0)
        bend = (1 - ratio) * np.square(self.step[rows]) / self.mean[rows]
        over = np.maximum(place - inside, 0.0)
        under = np.maximum(inside - place, 0.0) * self.step[rows]
        return np.asarray(known + over * (last + bend * (over + 1) / 2) + under * ratio)


def best_policy(
    chances: Floats,
    costs: Floats,
    order_cost: Floats,
    *,
    least: Ints,
    lowest: Ints,
    highest: Ints,
) -> tuple[Ints, Ints, Floats]:
    """The (s, S) of the least mean cost of a review period, every pair tried.

    chances: n × j, probability that a period asks for 0, 1, … units; costs: n × positions, the
    expected holding and shortage of a period that starts at each position; order_cost: n. least: S
    − s at least; lowest: s at least; highest: S at most, but for an order of `least`. Returns s and
    S as positions (s from −1) and that cost.
    c(s, S) = (K + Σ m(j)·G(S − j)) / Σ m(j), j from 0 to S − s − 1: m is the renewal density of
    demand, G the cost of a period (Zheng & Federgruen, Operations Research 39, 1991, equation 3).
    """
    count, positions = costs.shape
    renewals = _renewals(chances, positions)
    time = np.cumsum(renewals, axis=1)
    spent = np.repeat(order_cost[:, None], positions, axis=1)
    column = np.arange(positions)
    best = np.full(count, np.inf)
    reorder, up_to = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    rows = np.arange(count)
    for gap in range(1, positions + 1):
        reached = slice(gap - 1, positions)
        spent[:, reached] += renewals[:, gap - 1 : gap] * costs[:, : positions - gap + 1]
        free = (column[reached] <= highest[:, None]) | (gap == least[:, None])
        free &= column[reached] - gap >= lowest[:, None]
        mean = np.where(free, spent[:, reached], np.inf)
        found = np.argmin(mean, axis=1)
        cost = mean[rows, found] / time[:, gap - 1]
        better = (cost < best) & (gap >= least)
        best = np.where(better, cost, best)
        reorder = np.where(better, found - 1, reorder)
        up_to = np.where(better, found + gap - 1, up_to)
    return reorder, up_to, best


def _renewals(chances: Floats, count: int) -> Floats:
    """n × count: how often a cycle starts a period 0, 1, … units below the order-up-to level."""
    asked = np.zeros((len(chances), count))
    width = min(count, chances.shape[1])
    asked[:, :width] = chances[:, :width]
    still = np.minimum(asked[:, 0], 1 - 1e-6)
    renewals = np.zeros_like(asked)
    renewals[:, 0] = 1.0
    for j in range(1, count):
        renewals[:, j] = (asked[:, j:0:-1] * renewals[:, :j]).sum(axis=1)
        renewals[:, j] /= 1 - still
    return np.asarray(renewals / (1 - still)[:, None])


def reorder(
    before: Demand,
    protection: Demand,
    level: Floats,
    *,
    ratio: Floats,
    order_cost: Floats,
    least: Floats,
    most: Floats,
    held: Flags,
) -> Reorder:
    """How far under the level to order, and how far beyond it.

    before, protection: demand over the lead time, and over lead time and review period; level: the
    position of the least cost where orders are free; ratio: p / (p + h), p the cost of a lost sale,
    h that of holding a unit for a review period; order_cost: as a share of p + h; least: units of
    the smallest order; most: units that S may lie beyond the level. A review period at a position
    misses what the protection interval asks for beyond it and the lead time did not. What is asked
    for on an empty shelf is lost, so the position never falls below 0: nor does s. No order pays
    where losing all sales costs no more than the best policy. held: lines that order as soon as
    the position is below the level (a promise of service).
    """
    under, order_up_to_gap = np.zeros((2, len(level)))
    period = protection.mean - before.mean
    costly = np.flatnonzero(((order_cost > 0) | (least > period)) & (period > 1e-9))
    first, step = np.zeros((2, len(costly)))
    value = np.zeros((len(costly), _POSITIONS), dtype=np.float64)
    for start in range(0, len(costly), _CHUNK):
        own = slice(start, start + _CHUNK)
        part = costly[own]
        under[part], order_up_to_gap[part], first[own], step[own], value[own] = _reorder(
            Demand(before.mean[part], before.quantiles[part]),
            Demand(protection.mean[part], protection.quantiles[part]),
            np.maximum(level[part], 0.0),
            ratio[part],
            order_cost[part],
            least[part],
            np.maximum(most[part], 0.0),
            held[part],
        )
    return Reorder(under, order_up_to_gap, costly, first, step, period[costly], value)


def _reorder(
    before: Demand,
    protection: Demand,
    level: Floats,
    ratio: Floats,
    order_cost: Floats,
    least: Floats,
    most: Floats,
    held: Flags,
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    mean = protection.mean - before.mean
    ratio = np.clip(ratio, 1e-6, 1 - 1e-6)
    # With shortage allowed for, the economic lot is larger and starts below the level (Zipkin,
    # Foundations of Inventory Management, 2000, 3.3).
    lot = np.sqrt(2 * order_cost * mean / ((1 - ratio) * ratio))
    below = np.minimum(lot * (1 - ratio) + 2 * mean, level)
    above = np.maximum(np.minimum(lot * ratio + mean, most), least - below)
    step = np.maximum((below + above) / (_POSITIONS - 3), 1.0)
    zero = np.ceil(below / step)
    stock = level[:, None] + (np.arange(_POSITIONS) - zero[:, None]) * step[:, None]
    short = np.stack([protection.shortage(column) for column in stock.T], axis=1)
    early = np.stack([before.shortage(column) for column in stock.T], axis=1)
    left = stock - protection.expected[:, None] + short
    costs = ratio[:, None] * (short - early) + (1 - ratio)[:, None] * left
    variance = np.maximum(_variance(protection) - _variance(before), 0.0) / step**2
    chances = _chances(mean / step, variance)
    lowest = np.ceil(zero - level / step - 0.5).astype(np.int64)
    at, up_to, cost = best_policy(
        chances,
        costs,
        order_cost,
        least=np.ceil(least / step - 1e-9).astype(np.int64),
        lowest=np.where(held, zero.astype(np.int64) - 1, lowest),
        highest=(zero + np.floor(most / step)).astype(np.int64),
    )
    # A position stands for those half a step around it.
    under = np.maximum((zero - at - 0.5) * step, 0.0)
    under = np.where(held, 0.0, np.where(cost < ratio * mean, under, np.inf))
    # Where no order fits between the bounds every sale is lost: that is the mean cost then.
    cost = np.where(np.isfinite(cost), cost, ratio * mean)
    value = relative_values(chances, costs, order_cost, reorder=at, mean_cost=cost)
    return under, np.maximum((up_to - zero) * step, 0.0), -zero * step, step, value


def relative_values(
    chances: Floats, costs: Floats, order_cost: Floats, *, reorder: Ints, mean_cost: Floats
) -> Floats:
    """n × positions: what being at a position after ordering costs over all periods to come, beside
    being at S of the policy; the mean cost of every period is taken off.

    chances: n × j, of a period's demand; costs: n × positions, of a period; order_cost, mean_cost:
    n; reorder: n, s as a position. From s down the policy orders up to S again, so that the values
    follow from one another upwards (policy evaluation: Howard, 1960; Zheng & Federgruen, 1991).
    """
    positions = costs.shape[1]
    reached = np.cumsum(chances, axis=1)
    gain = costs - mean_cost[:, None]
    after = np.repeat(order_cost[:, None], positions, axis=1)  # value before ordering
    answer = np.empty_like(costs)
    still = np.minimum(chances[:, 0], 1 - 1e-6)
    for k in range(positions):
        # Demand of 1 … k leads to the positions below, more of it off the table: ordered again.
        lower = (chances[:, 1 : k + 1] * after[:, k - 1 :: -1][:, :k]).sum(axis=1) if k else 0.0
        beyond = order_cost * np.maximum(1 - reached[:, k], 0.0)
        kept = (gain[:, k] + lower + beyond) / (1 - still)
        low = k <= reorder
        answer[:, k] = np.where(low, gain[:, k] + order_cost, kept)
        after[:, k] = np.where(low, order_cost, kept)
    return answer


def _variance(demand: Demand) -> Floats:
    mean = row_by_row(demand.quantiles, WEIGHTS)
    return row_by_row(np.square(demand.quantiles - mean[:, None]), WEIGHTS)


def _chances(mean: Floats, variance: Floats) -> Floats:
    """Probability of 0, 1, … by mean and variance: binomial, Poisson or negative binomial.

    p(j) = (a + b / j)·p(j − 1), the class of Panjer, ASTIN Bulletin 12 (1981). A binomial has a
    whole number of trials: of less variance it is the next that there is.
    """
    variance = np.maximum(variance, 0.2 * mean)
    trials = np.ceil(np.square(mean) / np.maximum(mean - variance, 1e-6 * mean) - 1e-9)
    variance = np.where(variance < mean, mean - np.square(mean) / trials, variance)
    a = 1 - mean / variance
    a = np.minimum(np.where(np.abs(a) < 1e-6, 1e-6, a), 1 - 1e-9)
    b = np.square(mean) / variance - a
    chances = np.zeros((len(mean), _POSITIONS))
    chances[:, 0] = np.exp((a + b) / a * np.log1p(-a))
    for j in range(1, _POSITIONS):
        chances[:, j] = np.maximum(a + b / j, 0.0) * chances[:, j - 1]
    return chances
