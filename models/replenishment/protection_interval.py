"""Demand while an order is on its way and until the next one can be: mean and distribution.

A distribution is kept as a curve: the quantiles at the levels of GRID, a row a line.
"""

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from models.base import ModelError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVELS = (
    0.005, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99, 0.995,
    0.999,
)  # fmt: skip
GRID: Floats = ndtri(np.array(LEVELS))
# The probability that each level of the grid stands for.
_EDGES = ndtr((GRID[1:] + GRID[:-1]) / 2)
WEIGHTS: Floats = np.diff(np.concatenate([[0.0], _EDGES, [1.0]]))


def _density(score: Floats) -> Floats:
    return np.asarray(np.exp(-np.square(score) / 2) / np.sqrt(2 * np.pi), dtype=np.float64)


def _integrals() -> tuple[Floats, Floats]:
    """Matrix (GRID × GRID): quantiles @ column k is E[demand; score above GRID[k]]; and the weights
    of the end below the first level."""
    count = len(GRID)
    step = np.diff(GRID)
    mass, first = np.diff(ndtr(GRID)), -np.diff(_density(GRID))
    rising = (first - GRID[:-1] * mass) / step
    pieces = np.zeros((count, count))  # column k: the stretch from GRID[k] to the next level
    pieces[np.arange(count - 1), np.arange(count - 1)] = mass - rising
    pieces[np.arange(1, count), np.arange(count - 1)] = rising
    pieces[-1, -1] = 1.0 - LEVELS[-1]
    lowest = np.zeros(count)
    lowest[0] = LEVELS[0]
    return np.cumsum(pieces[:, ::-1], axis=1)[:, ::-1], lowest


_AFTER, _FIRST = _integrals()

PERIOD_DAYS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12}
_CHUNK = 20_000
# What the forecast explains each period by; the last is what planned promotions add.
EXPLAINED = 5


def row_by_row(values: Floats, weights: Floats) -> Floats:
    """`values @ weights`, each row by itself.

    values: n × k; weights: k, or k × m. A library of matrices rounds a row one way or another by
    how many rows stand beside it; a line's plan must not rest on what else is planned.
    """
    return np.asarray(np.einsum("nk,k...->n...", values, weights))


@dataclass(frozen=True)
class Demand:
    """Demand over a stretch of time. mean: n; quantiles: n × GRID, never falling, >= 0."""

    mean: Floats
    quantiles: Floats

    def at(self, z: Floats) -> Floats:
        """The quantile at each normal score; beyond the grid its last step goes on."""
        last = len(GRID) - 2
        left = np.clip(np.searchsorted(GRID, z, side="right") - 1, 0, last)
        share = np.maximum((z - GRID[left]) / (GRID[left + 1] - GRID[left]), 0.0)
        rows = np.arange(len(z))
        low, high = self.quantiles[rows, left], self.quantiles[rows, left + 1]
        return low + share * (high - low)

    def exceeds(self, stock: Floats) -> Floats:
        """Probability that demand is more than each line's stock."""
        below = (self.quantiles <= stock[:, None]).sum(axis=1)
        left = np.clip(below - 1, 0, len(GRID) - 2)
        rows = np.arange(len(stock))
        low, high = self.quantiles[rows, left], self.quantiles[rows, left + 1]
        share = np.clip((stock - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
        score = GRID[left] + share * (GRID[left + 1] - GRID[left])
        answer = 1.0 - ndtr(score)
        answer = np.where(below == 0, 1.0, answer)
        return np.where(below == len(GRID), 1.0 - LEVELS[-1], answer)

    def shortage(self, stock: Floats) -> Floats:
        """Expected demand beyond each line's stock (n, units): the integral of the curve, which is
        straight between two levels of GRID and level beyond its ends."""
        below = (self.quantiles <= stock[:, None]).sum(axis=1)
        left = np.clip(below - 1, 0, len(GRID) - 2)
        rows = np.arange(len(stock))
        low, high = self.quantiles[rows, left], self.quantiles[rows, left + 1]
        share = np.clip((stock - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
        score = GRID[left] + share * (GRID[left + 1] - GRID[left])
        # E[a + bz; z between the score and the next level], and the whole stretches after it.
        slope = (high - low) / (GRID[left + 1] - GRID[left])
        mass, first = ndtr(GRID[left + 1]) - ndtr(score), _density(score) - _density(GRID[left + 1])
        part = (low - slope * GRID[left] - stock) * mass + slope * first
        beyond = self._after[rows, left + 1] - stock * (1 - ndtr(GRID[left + 1]))
        inside = np.maximum(part + beyond, 0.0)
        inside = np.where(below == 0, self.expected - stock, inside)
        return np.asarray(np.where(below == len(GRID), 0.0, inside))

    def leftover(self, stock: Floats) -> Floats:
        """Expected stock left by demand (n, units), given each line's stock."""
        return np.maximum(stock - self.expected + self.shortage(stock), 0.0)

    @cached_property
    def expected(self) -> Floats:
        """The mean that the curve itself has (n); `mean` is the forecast's."""
        return row_by_row(self.quantiles, _AFTER[:, 0] + _FIRST)

    @cached_property
    def _after(self) -> Floats:
        """n × GRID: what the curve adds to the mean from each level of GRID on."""
        return row_by_row(self.quantiles, _AFTER)

    def met(self, stock: Floats, share: Floats) -> Floats:
        """Expected demand met by an order-up-to level of each line's stock (`lost_sales_level`).

        stock: n, units; share: n, 0 … 1, of the review period in the protection interval.
        """
        inside = np.clip(1.0 - self.exceeds(stock), LEVELS[0], 1.0)
        whole = row_by_row(self.quantiles, WEIGHTS)
        censored = whole - self.shortage(stock)
        below = np.maximum(censored - stock * (1 - inside), 0.0) / inside
        weight = np.sqrt(share)
        return np.minimum(weight * censored + (1 - weight) * below, whole)


@dataclass(frozen=True)
class Windows:
    """The forecasts of some lines: mean and quantiles of the demand of the first 1..H periods.

    levels: rising; mean: n × H; quantiles: n × (H × levels), rows major by period, all as lists.
    period: days; elapsed: periods since the forecast's first one began.
    """

    frame: pd.DataFrame
    period: Floats
    elapsed: Floats

    @classmethod
    def of(cls, frame: pd.DataFrame, now: pd.Series) -> "Windows":
        """Read from the columns of the `forecast` view; lines without one have no period.

        frame: a row a line, with frequency, period_start (ISO 8601), levels, window_mean,
        window_quantiles and explanation; now: the moment of each row by the clock of its
        warehouse, written as UTC, as the days of period_start are.
        """
        period = np.asarray(frame["frequency"].map(PERIOD_DAYS), dtype=np.float64)
        start = pd.to_datetime(frame["period_start"], utc=True, format="ISO8601")
        days = (now - start).dt.total_seconds().to_numpy(dtype=float) / 86_400
        elapsed: Floats = np.maximum(days / period, 0.0)
        return cls(frame, period, elapsed)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether each line has a forecast."""
        return ~np.isnan(self.period) & self.frame["window_mean"].notna().to_numpy()

    def over(self, days: Floats, *, later: float = 0.0) -> tuple[Demand, ...]:
        """Demand of the next days, for each column of n × k `days`, seen `later` periods after the
        moment of the frame.

        Between whole periods the mean is linear and so is the squared distance of a quantile from
        the mean; beyond the horizon both go on at their average pace. Lines without a forecast: 0.
        """
        count, columns = days.shape
        mean = np.zeros((columns, count))
        quantiles = np.zeros((columns, count, len(GRID)))
        for part in self._alike(np.flatnonzero(self.known)):
            means = _table(self.frame["window_mean"].iloc[part])
            flat = _table(self.frame["window_quantiles"].iloc[part])
            levels = np.asarray(self.frame["levels"].iloc[part[0]], dtype=float)
            start = self.elapsed[part] + later
            for column in range(columns):
                end = start + days[part, column] / self.period[part]
                answer = _stretch(means, flat, levels, start, end)
                mean[column, part], quantiles[column, part] = answer
        return tuple(Demand(mean[n], quantiles[n]) for n in range(columns))

    def means(self, days: Floats) -> Floats:
        """Expected demand of the next days, for each of k `days`: n × k. No forecast: 0."""
        answer = np.zeros((len(self.period), len(days)))
        for part in self._alike(np.flatnonzero(self.known)):
            table = _table(self.frame["window_mean"].iloc[part])[:, :, None]
            start = self.elapsed[part]
            before = _along(table, start)[:, 0]
            for column, day in enumerate(days):
                end = start + day / self.period[part]
                answer[part, column] = _along(table, end)[:, 0] - before
        return answer

    def means_until(self, days: Floats) -> Floats:
        """Expected demand of each line's next days (n × k): n × k. No forecast: 0."""
        answer = np.zeros(days.shape)
        for part in self._alike(np.flatnonzero(self.known)):
            table = _table(self.frame["window_mean"].iloc[part])[:, :, None]
            start = self.elapsed[part]
            before = _along(table, start)[:, 0]
            for column in range(days.shape[1]):
                end = start + days[part, column] / self.period[part]
                answer[part, column] = _along(table, end)[:, 0] - before
        return answer

    def promoted(self, days: Floats) -> Floats:
        """Units that planned promotions add to the demand of each line's next days; 0: unknown."""
        answer = np.zeros(len(self.period))
        told = self.frame["explanation"].map(_length) == EXPLAINED * self.frame["window_mean"].map(
            _length
        )
        for part in self._alike(np.flatnonzero(self.known & told.to_numpy())):
            table = _table(self.frame["explanation"].iloc[part]).reshape(len(part), -1, EXPLAINED)
            added = np.cumsum(table[:, :, -1:], axis=1)
            start = self.elapsed[part]
            end = start + days[part] / self.period[part]
            answer[part] = (_along(added, end) - _along(added, start))[:, 0]
        return answer

    def _alike(self, rows: Ints) -> list[Ints]:
        """Rows in parts of equal horizon and levels, none too large for the memory."""
        if not len(rows):
            return []
        frame = self.frame.iloc[rows]
        shape = frame["window_mean"].map(len).astype(str) + ":" + frame["levels"].map(_text)
        codes = pd.factorize(shape)[0]
        parts = [rows[codes == code] for code in range(codes.max() + 1)]
        return [
            part[start : start + _CHUNK] for part in parts for start in range(0, len(part), _CHUNK)
        ]


def lost_sales_level(demand: Demand, ratio: Floats, share: Floats) -> Floats:
    """Probability that stock lasts at the best order-up-to level, when what is not there is lost.

    demand: over the protection interval (lead time + review period); ratio: p / (p + h), p the
    cost of a lost sale, h that of holding a unit for a review period; share: of the review period
    in the protection interval. The newsvendor's ratio counts a missing unit once for every period
    it is waited for, so it stocks too much where sales are lost and lead times long. Of the demand
    D over the protection interval, the part that a level S meets lies between E[min(D, S)] (exact
    without a lead time) and E[D | D <= S] (Erlang's loss formula; Karush, 1957, for Poisson
    demand); the weight √share between the two costs at most a few percent more than the best level
    found by simulation. What is minimised is h·(S − met) + p·share·(E[D] − met).
    """
    answer = np.empty(len(ratio))
    for start in range(0, len(ratio), _CHUNK):
        part = slice(start, start + _CHUNK)
        answer[part] = _best_level(demand.quantiles[part], ratio[part], share[part])
    return answer


def _best_level(quantiles: Floats, ratio: Floats, share: Floats) -> Floats:
    curve = row_by_row(quantiles, _FINE_FROM_GRID)
    area = np.cumsum(curve * _FINE_WEIGHTS, axis=1)
    mean = area[:, -1:]
    below = area - curve * _FINE_WEIGHTS / 2
    censored = below + curve * (1 - _FINE_LEVELS)
    weight = np.sqrt(share)[:, None]
    met = np.minimum(weight * censored + (1 - weight) * below / _FINE_LEVELS, mean)
    price = ((1 - ratio) / ratio)[:, None]
    cost = price * (curve - met) + share[:, None] * (mean - met)
    best = np.clip(np.argmin(cost, axis=1), 1, len(_FINE) - 2)
    before, here, after = (cost[np.arange(len(ratio)), best + step] for step in (-1, 0, 1))
    # The least of the parabola through the three.
    bend = before - 2 * here + after
    away = np.divide((before - after) / 2, bend, out=np.zeros(len(ratio)), where=bend > 0)
    level = ndtr(_FINE[best] + np.clip(away, -1.0, 1.0) * (_FINE[1] - _FINE[0]))
    nothing = share * mean[:, 0] <= here
    return np.where(share >= 1.0, ratio, np.where(nothing, 0.0, level))


def combined(demand: Demand, *, demand_rate: Floats, lead_sd: Floats) -> Demand:
    """Demand over a lead time that varies: the two spreads added in squares.

    demand_rate: units a day; lead_sd: days. For normal demand this is the textbook's
    sigma² = L·sigma_D² + d²·sigma_L² (Silver, Pyke & Thomas, Inventory and Production Management in
    Supply Chains, 4th ed., 6.10). At every level at or above the median more variance of the lead
    time never means less stock.
    """
    own = demand.quantiles - demand.mean[:, None]
    lead = GRID[None, :] * (demand_rate * lead_sd)[:, None]
    spread = _root(_square(own) + _square(lead))
    return Demand(demand.mean, np.maximum(demand.mean[:, None] + spread, 0.0))


def safety(demand: Demand, z: Floats, *, demand_rate: Floats, lead_sd: Floats) -> Floats:
    """Units above (or below) the mean that reach the level of `z`, lead time uncertain.

    Never falls as lead_sd rises: below the median the lead time's part is left out.

    demand: over the interval, of n lines; z: n, normal scores; demand_rate: n, units a day;
    lead_sd: n, days.
    """
    own = demand.at(z) - demand.mean
    lead = np.maximum(z, 0.0) * demand_rate * lead_sd
    return np.maximum(_root(_square(own) + _square(lead)), -demand.mean)


def _stretch(
    means: Floats, flat: Floats, levels: Floats, start: Floats, end: Floats
) -> tuple[Floats, Floats]:
    """Mean and curve of the demand between `start` and `end`, in periods."""
    count, horizon = means.shape
    if len(levels) < 2 or flat.shape[1] != horizon * len(levels):
        raise ModelError(
            f"forecast: {flat.shape[1]} window quantiles for {horizon} periods and "
            f"{len(levels)} levels; at least two levels and one quantile for each are needed"
        )
    own = flat.reshape(count, horizon, len(levels)) - means[:, :, None]
    mean = _along(means[:, :, None], end)[:, 0] - _along(means[:, :, None], start)[:, 0]
    part = np.where(end > 0, (end - start) / np.maximum(end, 1e-9), 0.0)
    squared = _along(_square(own), end) * part[:, None]
    curve = mean[:, None] + row_by_row(_root(squared), _interpolation(ndtri(levels), GRID))
    return mean, np.maximum.accumulate(np.maximum(curve, 0.0), axis=1)


def _along(values: Floats, periods: Floats) -> Floats:
    """n × H × k values of windows of 1..H periods, read at any number of periods."""
    count, horizon, width = values.shape
    padded = np.concatenate([np.zeros((count, 1, width)), values], axis=1)
    inside = np.minimum(periods, horizon)
    left = np.minimum(inside.astype(int), horizon - 1)
    share = (inside - left)[:, None]
    rows = np.arange(count)
    answer = padded[rows, left] * (1 - share) + padded[rows, left + 1] * share
    beyond: Floats = np.maximum(periods / horizon, 1.0)
    return np.asarray(answer * beyond[:, None], dtype=np.float64)


def _interpolation(known: Floats, wanted: Floats) -> Floats:
    """Matrix (known × wanted points) of the linear interpolation, ends continued."""
    left = np.clip(np.searchsorted(known, wanted, side="right") - 1, 0, len(known) - 2)
    share = (wanted - known[left]) / (known[left + 1] - known[left])
    matrix = np.zeros((len(known), len(wanted)))
    columns = np.arange(len(wanted))
    matrix[left, columns] += 1 - share
    matrix[left + 1, columns] += share
    return matrix


# Levels, evenly in normal scores, at which the best one is looked for; what each stands for.
_FINE = np.linspace(GRID[0], GRID[-1], 61)
_FINE_LEVELS: Floats = ndtr(_FINE)
_FINE_WEIGHTS: Floats = np.diff(np.concatenate([[0.0], ndtr((_FINE[1:] + _FINE[:-1]) / 2), [1.0]]))
_FINE_FROM_GRID = _interpolation(GRID, _FINE)


def _square(values: Floats) -> Floats:
    return values * np.abs(values)


def _root(values: Floats) -> Floats:
    return np.sign(values) * np.sqrt(np.abs(values))


def _table(lists: pd.Series) -> Floats:
    return np.stack([np.asarray(values, dtype=float) for values in lists])


def _length(values: object) -> int:
    return len(values) if isinstance(values, Sized) else -1


def _text(levels: Sequence[float]) -> str:
    return ",".join(map(str, levels))
