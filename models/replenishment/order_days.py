"""The supplier's calendar: on which weekdays it takes orders, and when the next ones are."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.replenishment.cover import Floats

Flags = NDArray[np.bool_]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def tables(texts: pd.Series) -> tuple[Flags, Flags]:
    """`mon,thu` as n × 7 flags, Monday first, all true without a text; and which cannot be read.

    >>> tables(pd.Series(["mon,Thursday", None, "moon"]))[0].sum(axis=1).tolist()
    [2, 7, 7]
    """
    codes, names = pd.factorize(texts)
    known = [_week(str(name)) for name in names]
    week: Flags = np.array([*known, np.ones(7, dtype=bool)]).reshape(-1, 7)
    unreadable: Flags = np.asarray(~week.any(axis=1), dtype=np.bool_)
    week[unreadable] = True
    return week[codes], unreadable[codes]


def _week(text: str) -> Flags:
    """One text's days; none where it cannot be read."""
    words = re.split(r"[,;|/\s]+", text.strip().lower())
    days = [word[:3] for word in words if word]
    if not all(day in WEEKDAYS for day in days):
        return np.zeros(7, dtype=np.bool_)
    return np.array([day in days for day in WEEKDAYS], dtype=np.bool_)


def next_days(week: Flags, moment: pd.Series, review: Floats) -> tuple[Floats, Floats]:
    """Days from `moment` to the next day that takes orders (0: today), and from then to the first
    one that is at least the review period later. Without a calendar: 0, and the review period.

    week: n × 7, the weekdays that take orders, Monday first; moment: n times; review: n, days of
    the review period.
    """
    today = moment.dt.weekday.to_numpy()
    wait = _until(week, today)
    least = np.ceil(review - 1e-9)
    later = least + _until(week, today + wait + least)
    return wait, np.where(week.all(axis=1), review, later)


def last_days(week: Flags, moment: pd.Series, days: Floats) -> Floats:
    """The last day that takes orders at or before each number of days after `moment`.

    week: n × 7, the weekdays that take orders, Monday first; moment: n times; days: n, days after
    them. The answer is in days after `moment` too.
    """
    there = np.floor(days) + moment.dt.weekday.to_numpy()
    back = _until(week[:, ::-1], 6 - there)
    return np.asarray(np.floor(days) - back)


def _until(week: Flags, day: Floats) -> Floats:
    """Days from a weekday (any whole number, Monday 0) to the next one that is flagged."""
    ahead = (day.astype(int)[:, None] + np.arange(7)) % 7
    return np.asarray(np.take_along_axis(week, ahead, axis=1).argmax(axis=1), dtype=np.float64)
