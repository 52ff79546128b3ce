"""The batch driver: every value of a whole stream at once, by sorting and running sums."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.windows.plan import (
    IDLE_MS,
    MEASURE_OF,
    MEASURES,
    MISSING,
    SPANS,
    TIMES,
    WINDOWS,
    Velocity,
    VelocityPlan,
)
from features.windows.streaks import StreakColumns

Ints = NDArray[np.int64]


def velocity(
    events: pd.DataFrame, plan: VelocityPlan, rows: NDArray[np.intp] | None = None
) -> pd.DataFrame:
    """The batch driver: every feature of every event, from what arrived before it.

    events: in order of arrival; `at` (ms since 1970), MEASURES (whole numbers), the plan's columns,
    and for a streak `ends`, whether the event ends one.
    rows: places of the events to answer for, in order; all when None.
    Answers float64 columns in the order of `plan.names`, on the index of `events`.
    """
    at = events["at"].to_numpy(dtype=np.int64)
    measures = [events[name].to_numpy(dtype=np.int64) for name in MEASURES]
    codes = {name: codes_of(events[name]) for name in plan.columns}
    asked = np.arange(len(at)) if rows is None else rows
    answer = np.empty((len(plan.names), len(asked)))
    features, scales = iter(answer), iter(plan.scale().tolist())
    for key in plan.keys:
        stream = Stream.of(joint([codes[name] for name in key.columns]), at, measures)
        for feature in plan.of(key):
            values = stream.values(feature, codes.get(feature.partner))
            if feature.aggregate == "distinct":
                values = np.minimum(values, key.most)
            whole = np.full(len(at), MISSING)
            whole[stream.order] = values
            whole = whole[asked]
            next(features)[:] = np.where(whole == MISSING, np.nan, whole / next(scales))
    if plan.streak is not None:
        for whole in StreakColumns.of(events, plan.streak).before[asked].T:
            next(features)[:] = np.where(whole == MISSING, np.nan, whole / next(scales))
    return pd.DataFrame(answer.T, events.index[asked], list(plan.names), copy=False)


def codes_of(values: pd.Series) -> Ints:
    """Whole numbers for values; MISSING where there is none."""
    return pd.factorize(values, use_na_sentinel=True)[0].astype(np.int64)


def joint(codes: Sequence[Ints]) -> Ints:
    """One code for several columns together; MISSING where any of them is."""
    joint = codes[0]
    for more in codes[1:]:
        both = joint * (int(more.max(initial=0)) + 1) + more
        joint = np.where((joint < 0) | (more < 0), MISSING, both)
    return joint


@dataclass(frozen=True)
class Stream:
    """The events that have a key, sorted by key and then by arrival.

    order: their rows; group: code of the key; session: number of the key, anew after IDLE_DAYS;
    start: first index of each event's session; clock: the key's time at each event; paid,
    fraud: whether it is a payment, a report; before: sums
    of the measures before it; lows: what `low` found.
    """

    order: NDArray[np.intp]
    group: Ints
    session: Ints
    start: NDArray[np.intp]
    clock: Ints
    paid: NDArray[np.bool_]
    fraud: NDArray[np.bool_]
    before: tuple[Ints, ...]
    lows: dict[str, NDArray[np.intp]] = field(default_factory=dict)

    @classmethod
    def of(cls, codes: Ints, at: Ints, measures: Sequence[Ints]) -> "Stream":
        """The stream of the events that have a key.

        codes: of each event's key, MISSING where there is none; at: times, ms since 1970; measures:
        an array for each of MEASURES, whole numbers. All have a value an event, in order of
        arrival.
        """
        order = np.argsort(codes, kind="stable")
        order = order[np.searchsorted(codes[order], 0) :]
        group = codes[order]
        clock = pd.Series(at[order]).groupby(group, sort=False).cummax().to_numpy(dtype=np.int64)
        fresh = np.ones(len(order), dtype=bool)
        fresh[1:] = (group[1:] != group[:-1]) | (np.diff(clock) > IDLE_MS)
        session = np.cumsum(fresh) - 1
        before = [np.concatenate(([0], np.cumsum(measure[order]))) for measure in measures]
        return cls(
            order=order,
            group=group,
            session=session.astype(np.int64),
            start=np.flatnonzero(fresh)[session] if len(order) else session,
            clock=clock,
            paid=measures[0][order] > 0,
            fraud=measures[3][order] > 0,
            before=tuple(before),
        )

    def values(self, feature: Velocity, partner: Ints | None) -> Ints:
        """The feature for every event, in whole units; MISSING where unknown.

        feature: what is counted of the key; partner: codes of the feature's partner column, a value
        an event in order of arrival, MISSING where there is none; None for a feature that has no
        partner.
        """
        if feature.aggregate in TIMES:
            return self._time(feature.aggregate)
        low = self.low(feature.window)
        if feature.aggregate == "since_first_fraud":
            return self._since_first_fraud(feature.window, low)
        if feature.aggregate == "distinct":
            assert partner is not None
            return self._distinct(partner[self.order], low)
        total = self.before[MEASURE_OF[feature.aggregate]]
        return total[: len(low)] - total[low]

    def low(self, window: str) -> NDArray[np.intp]:
        """Index of the first event in the window of each event; found once."""
        if window not in self.lows:
            self.lows[window] = self.start if window == "ever" else self._low(window)
        return self.lows[window]

    def _low(self, window: str) -> NDArray[np.intp]:
        span = WINDOWS[SPANS.index(window)]
        bucket = self.clock // span.granule
        bucket -= bucket.min() if len(bucket) else 0
        stride = int(bucket.max(initial=0)) + span.buckets + 1
        place = self.session * stride + bucket
        return np.searchsorted(place, place - (span.buckets - 1), side="left")

    def _time(self, aggregate: str) -> Ints:
        if aggregate == "since_first":
            return self._since(self.first())
        newest = self._newest(self.paid if aggregate == "since_last" else self.fraud)
        if aggregate != "payments_since_fraud":
            return self._since(newest)
        total, known = self.before[0], newest >= self.start
        return np.where(known, total[: len(known)] - total[np.where(known, newest, 0)], MISSING)

    def _newest(self, rows: NDArray[np.bool_]) -> Ints:
        """Index of the newest such event before each event, anywhere."""
        seen = np.maximum.accumulate(np.where(rows, np.arange(len(rows)), -1))
        return np.concatenate((np.array([-1]), seen))[: len(rows)]

    def _next(self, rows: NDArray[np.bool_]) -> Ints:
        """Index of the first such event at or after each event, anywhere."""
        size = len(rows)
        ahead = np.where(rows, np.arange(size), size)[::-1]
        return np.minimum.accumulate(ahead)[::-1]

    def first(self) -> Ints:
        """Index of the first payment of each event's session, at or after the event too."""
        return self._next(self.paid)[self.start]

    def _since_first_fraud(self, window: str, low: NDArray[np.intp]) -> Ints:
        granule = WINDOWS[SPANS.index(window)].granule
        index = self._next(self.fraud)[low]
        known = index < np.arange(len(index))
        buckets = self.clock // granule
        return np.where(known, (buckets - buckets[np.where(known, index, 0)]) * granule, MISSING)

    def _since(self, index: Ints) -> Ints:
        known = (index >= self.start) & (index < np.arange(len(index)))
        return np.where(known, self.clock - self.clock[np.where(known, index, 0)], MISSING)

    def _distinct(self, partner: Ints, low: NDArray[np.intp]) -> Ints:
        """Distinct partners in each window [low, i).

        An event stands for its partner from the next event on, until the partner is seen again or
        the event leaves the window, whichever is first: a running sum of +1 and −1.
        """
        size = len(partner)
        rows = np.flatnonzero(self.paid & (partner >= 0))
        pair = self.session[rows] * (int(partner.max(initial=0)) + 1) + partner[rows]
        by_pair = np.argsort(pair, kind="stable")
        again = np.full(len(rows), size)
        same = pair[by_pair][1:] == pair[by_pair][:-1]
        again[by_pair[:-1][same]] = rows[by_pair[1:][same]]
        leaves = np.searchsorted(low, rows, side="right")
        change = np.zeros(size + 2, dtype=np.int64)
        np.add.at(change, rows + 1, 1)
        np.add.at(change, np.minimum(again, leaves - 1) + 1, -1)
        return np.cumsum(change)[:size]
