"""The supplier's calendar: when it takes orders, and when what is ordered then is on the shelf."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.replenishment.protection_interval import Floats, Ints

Flags = NDArray[np.bool_]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Days ahead that a calendar with closures knows; further on nothing is closed.
HORIZON = 800


@dataclass(frozen=True)
class SupplierCalendar:
    """When the suppliers of n lines take orders, and when goods move.

    week: n × 7, the weekdays that take orders, Monday first. weekday: n, of the moment at the
    supplier. first: n, days until it can be ordered: 1 after the hour of its cut-off, else 0. code:
    n, which rows of the tables below each line follows. working, open: m × HORIZON, a day a column
    from that of the moment on, true where the supplier works and where the warehouse receives.
    """

    week: Flags
    weekday: Ints
    first: Floats
    code: Ints
    working: Flags
    open: Flags

    @classmethod
    def of(cls, rows: pd.DataFrame, moment: pd.Series) -> tuple["SupplierCalendar", Flags]:
        """The calendar of planning rows, and whose order days cannot be read.

        rows: n, with order_days, and where they are known cut_off, supplier_time_zone,
        event_timestamp (UTC), supplier_closures and warehouse_closures; moment: n times by the
        clock of the warehouse, written as UTC.
        """
        week, unread = weekly(rows["order_days"])
        first = _first_days(rows, moment)
        code, working, open_ = _tables(rows, moment)
        weekday = moment.dt.weekday.to_numpy(dtype=np.int64)
        return cls(week, weekday, first, code, working, open_), unread

    @property
    def closes(self) -> bool:
        """Whether any closure is known."""
        return len(self.working) > 1

    @property
    def is_every_day(self) -> Flags:
        """n: whether the supplier takes orders on every weekday."""
        return np.asarray(self.week.all(axis=1), dtype=np.bool_)

    def usual_day(self, since: Floats) -> Floats:
        """As `next_day`, had the supplier no closures; a part of a day stays where it can."""
        return since + _until(self.week, self.weekday + np.ceil(since - 1e-9))

    def next_day(self, since: Floats) -> Floats:
        """The first day that takes orders at or after each number of days from the moment (n)."""
        day = np.ceil(since - 1e-9)
        for _ in range(60):  # each turn leaves a closed day or a closure behind
            day = self.usual_day(day)
            ahead = self._until_open(self.working, day)
            if not ahead.any():
                break
            day = day + ahead
        return day

    def last_day(self, until: Floats) -> Floats:
        """The last day that takes orders at or before each number of days from the moment (n)."""
        day = np.floor(until)
        for _ in range(60):
            day = day - _until(self.week[:, ::-1], 6 - (self.weekday + day))
            back = self._since_open(day)
            if not back.any():
                break
            day = day - back
        return np.asarray(day)

    def arrival(self, ordered: Floats, lead: Floats) -> Floats:
        """Days from the moment until an order of a day is on the shelf.

        ordered: n, days from the moment; lead: n, days on which the supplier works. What comes
        while the warehouse is closed is received when it opens.
        """
        if not self.closes:
            return ordered + lead
        # Column k: days worked before day k; a lead time is used up on working days only.
        worked = np.concatenate(
            [np.zeros((len(self.working), 1)), np.cumsum(self.working, axis=1)], axis=1
        )
        answer = ordered + lead
        for row in np.unique(self.code[self.code > 0]):
            mine = self.code == row
            done = np.interp(ordered[mine], np.arange(HORIZON + 1), worked[row]) + lead[mine]
            day = np.searchsorted(worked[row], done - 1e-9, side="left")
            inside = day <= HORIZON
            there = day - (worked[row][np.minimum(day, HORIZON)] - done)
            closed = HORIZON - worked[row][-1]
            answer[mine] = np.where(inside, there, ordered[mine] + lead[mine] + closed)
        return np.asarray(answer + self._wait_open(answer))

    def _wait_open(self, day: Floats) -> Floats:
        whole = np.floor(day + 1e-9)
        wait = self._until_open(self.open, whole)
        return np.where(wait > 0, whole + wait - day, 0.0)

    def _until_open(self, table: Flags, day: Floats) -> Floats:
        """Days from each day to the next that is flagged in the lines' tables."""
        if not self.closes:
            return np.zeros(len(day))
        following = _next_flag(table)
        column = np.clip(day, 0, HORIZON - 1).astype(np.int64)
        inside = (day >= 0) & (day < HORIZON)
        return np.where(inside, following[self.code, column] - column, 0.0)

    def _since_open(self, day: Floats) -> Floats:
        """Days from each day back to the last one on which the supplier works; before today: 0."""
        if not self.closes:
            return np.zeros(len(day))
        before = HORIZON - 1 - _next_flag(self.working[:, ::-1])[:, ::-1]
        column = np.clip(day, 0, HORIZON - 1).astype(np.int64)
        inside = (day >= 0) & (day < HORIZON)
        return np.where(inside, column - np.maximum(before[self.code, column], -1), 0.0)


def _next_flag(table: Flags) -> Ints:
    """m × k: the first column at or after each that is flagged; k where there is none."""
    columns = np.where(table, np.arange(table.shape[1]), table.shape[1])
    return np.asarray(np.minimum.accumulate(columns[:, ::-1], axis=1)[:, ::-1], dtype=np.int64)


def _first_days(rows: pd.DataFrame, moment: pd.Series) -> Floats:
    """Days until each supplier can be asked: 1 where its hour of today has passed."""
    first = np.zeros(len(rows))
    if "cut_off" not in rows or not rows["cut_off"].notna().any():
        return first
    zones = rows["supplier_time_zone"].fillna("UTC")
    today = moment.dt.tz_localize(None).dt.normalize()
    for zone in zones[rows["cut_off"].notna()].unique():
        mine = (rows["cut_off"].notna() & (zones == zone)).to_numpy()
        there = rows.loc[mine, "event_timestamp"].dt.tz_convert(zone).dt.tz_localize(None)
        hour = pd.to_timedelta(rows.loc[mine, "cut_off"] + ":00", errors="coerce")
        passed = (there - there.dt.normalize()) > hour
        # Its date may be a day before or after ours, from which days are counted.
        ahead = (there.dt.normalize() - today[mine]).dt.days + passed
        first[mine] = np.maximum(ahead.to_numpy(dtype=float), 0.0)
    return first


def _tables(rows: pd.DataFrame, moment: pd.Series) -> tuple[Ints, Flags, Flags]:
    """Of each line the row of the two tables, and the tables; row 0 is without any closure."""
    plain = np.ones((1, HORIZON), dtype=bool)
    names = ("supplier_closures", "warehouse_closures")
    code = np.zeros(len(rows), dtype=np.int64)
    told = [name for name in names if name in rows and rows[name].notna().any()]
    if not told:
        return code, plain, plain
    days = moment.dt.strftime("%Y-%m-%d").to_numpy(dtype=object)
    texts = [_joined(rows[name]) if name in told else [""] * len(rows) for name in names]
    keys = [(day, *both) if any(both) else None for day, *both in zip(days, *texts, strict=True)]
    places: dict[tuple[str, ...], int] = {}
    for number, key in enumerate(keys):
        if key is not None:
            code[number] = places.setdefault(key, len(places) + 1)
    working = [_days(day, supplier) for day, supplier, _ in places]
    open_ = [_days(day, warehouse) for day, _, warehouse in places]
    return code, np.vstack([plain, *working]), np.vstack([plain, *open_])


def _joined(lists: pd.Series) -> list[str]:
    return ["" if each is None or np.isscalar(each) else "|".join(each) for each in lists]


def _days(today: str, closures: str) -> Flags:
    """HORIZON days from a date on: which lie in none of the closures, `first/last|…`."""
    flags = np.ones(HORIZON, dtype=bool)
    start = np.datetime64(today, "D")
    for text in closures.split("|") if closures else []:
        first, last = (int((np.datetime64(day) - start).astype(int)) for day in text.split("/"))
        flags[max(first, 0) : max(last + 1, 0)] = False
    return flags


def weekly(texts: pd.Series) -> tuple[Flags, Flags]:
    """`mon,thu` as n × 7 flags, Monday first, all true without a text; and which cannot be read.

    >>> weekly(pd.Series(["mon,Thursday", None, "moon"]))[0].sum(axis=1).tolist()
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
    words: Sequence[str] = re.split(r"[,;|/\s]+", text.strip().lower())
    days = [word[:3] for word in words if word]
    if not all(day in WEEKDAYS for day in days):
        return np.zeros(7, dtype=np.bool_)
    return np.array([day in days for day in WEEKDAYS], dtype=np.bool_)


def _until(week: Flags, day: Floats | Ints) -> Floats:
    """Days from a weekday (any whole number, Monday 0) to the next one that is flagged."""
    ahead = (day.astype(int)[:, None] + np.arange(7)) % 7
    return np.asarray(np.take_along_axis(week, ahead, axis=1).argmax(axis=1), dtype=np.float64)
