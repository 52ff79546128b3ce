"""The one projection of stock: what is there and coming, less demand; when it breaks the minimum.

On hand − reserved + each open order on the day it is expected − demand. The plan, the endpoints and
the transfers all read stock ahead from here or from `Position`, which this is built on.
"""

from dataclasses import dataclass

import numpy as np

from models.replenishment.lines import Lines
from models.replenishment.position import Position
from models.replenishment.protection_interval import Floats

DAYS: Floats = np.arange(0.0, 92.0, 7.0)


@dataclass(frozen=True)
class Projection:
    """Stock of n lines at the end of k days ahead, n × k each.

    mean, low, high: expected units and those that demand leaves one time in ten and nine in ten;
    never below 0 (what is not there is not sold). broken: probability of being at or below the
    minimum by then if nothing is ordered.
    """

    days: Floats
    mean: Floats
    low: Floats
    high: Floats
    broken: Floats


def project(lines: Lines, position: Position, days: Floats = DAYS) -> Projection:
    """The projection of some lines; nothing more is ordered.

    lines: the n lines, with their forecasts; position: their stock and what they await; days: k,
    days ahead at whose ends the stock is told.
    """
    ahead = np.broadcast_to(days, (len(lines), len(days)))
    demands = lines.windows.over(np.asarray(ahead, dtype=np.float64))
    there = available(position, days)
    tenth, ninth = np.full(len(lines), -1.2816), np.full(len(lines), 1.2816)
    parts = [
        (
            there[:, column] - demand.mean,
            there[:, column] - demand.at(ninth),
            there[:, column] - demand.at(tenth),
            demand.exceeds(there[:, column] - lines.display),
        )
        for column, demand in enumerate(demands)
    ]
    mean, low, high, broken = (np.stack(table, axis=1) for table in zip(*parts, strict=True))
    gone = np.maximum.accumulate(np.where(days == 0, 0.0, broken), axis=1)
    return Projection(
        days=days,
        mean=np.maximum(mean, 0.0),
        low=np.maximum(low, 0.0),
        high=np.maximum(high, 0.0),
        broken=gone,
    )


def break_days(lines: Lines, position: Position) -> Floats:
    """Days until the expected stock is at its minimum, nothing more ordered; inf: not within DAYS.

    Between two weeks the stock is taken to fall evenly. Lines without a forecast: inf.

    lines: the n lines, with forecasts and display minima; position: their stock and what they
    await.
    """
    expected = available(position, DAYS) - lines.windows.means(DAYS) - lines.display[:, None]
    below = expected <= 0
    first = np.where(below.any(axis=1), below.argmax(axis=1), -1)
    rows = np.arange(len(lines))
    after, before = expected[rows, first], expected[rows, np.maximum(first - 1, 0)]
    fall = np.where(before > after, before - after, 1.0)
    day = DAYS[first] - np.where(first > 0, 7.0 * np.clip(-after / fall, 0.0, 1.0), 0.0)
    return np.where((first < 0) | ~lines.windows.known, np.inf, day)


def available(position: Position, days: Floats) -> Floats:
    """Units there or expected by each day, before demand: n × k.

    position: stock of n lines and what they await; days: k, days ahead.
    """
    count = len(position.stock)
    columns = [position.stock + position.coming(np.full(count, day + 1e-9)) for day in days]
    return np.stack(columns, axis=1)
