"""The batch driver: every value of a whole stream at once, by sorting and running sums."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.windows.plan import (
    IDLE_MS,
    MEASURE_OF,
    MEASURES,
    MISSING,
    PARTNER_CAP,
    SPANS,
    WINDOWS,
    Plan,
    Velocity,
)

Ints = NDArray[np.int64]


def velocity(events: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """The batch driver: every feature of every event, from what arrived before it.

    events: in order of arrival; `at` (ms since 1970), MEASURES (whole numbers), the plan's columns.
    Answers float64 columns in the order of `plan.names`, on the index of `events`.
    """
    at = events["at"].to_numpy(dtype=np.int64)
    measures = [events[name].to_numpy(dtype=np.int64) for name in MEASURES]
    codes = {name: codes_of(events[name]) for name in plan.columns}
    columns: dict[str, NDArray[np.float64]] = {}
    scale = dict(zip(plan.names, plan.scale(), strict=True))
    for key in plan.keys:
        stream = Stream.of(joint([codes[name] for name in key.columns]), at, measures)
        for feature in plan.of(key):
            values = stream.values(feature, codes.get(feature.partner))
            answer = np.full(len(at), np.nan)
            answer[stream.order] = np.where(values == MISSING, np.nan, values / scale[feature.name])
            columns[feature.name] = answer
    return pd.DataFrame(columns, index=events.index, columns=list(plan.names))


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
    start: first index of each event's session; clock: the key's time at each event; before: sums
    of the measures before it.
    """

    order: NDArray[np.intp]
    group: Ints
    session: Ints
    start: NDArray[np.intp]
    clock: Ints
    paid: NDArray[np.bool_]
    before: tuple[Ints, ...]

    @classmethod
    def of(cls, codes: Ints, at: Ints, measures: Sequence[Ints]) -> "Stream":
        """Of key codes (MISSING where there is no key), times and MEASURES in order of arrival."""
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
            before=tuple(before),
        )

    def values(self, feature: Velocity, partner: Ints | None) -> Ints:
        """The feature for every event, in whole units; MISSING where unknown."""
        if feature.aggregate == "since_last":
            return self._since(self._last())
        if feature.aggregate == "since_first":
            return self._since(self.first())
        low = self.low(feature.window)
        if feature.aggregate == "distinct":
            assert partner is not None
            return np.minimum(self._distinct(partner[self.order], low), PARTNER_CAP)
        total = self.before[MEASURE_OF[feature.aggregate]]
        return total[: len(low)] - total[low]

    def low(self, window: str) -> NDArray[np.intp]:
        """Index of the first event in the window of each event."""
        if window == "ever":
            return self.start
        span = WINDOWS[SPANS.index(window)]
        bucket = self.clock // span.granule
        bucket -= bucket.min() if len(bucket) else 0
        stride = int(bucket.max(initial=0)) + span.buckets + 1
        place = self.session * stride + bucket
        return np.searchsorted(place, place - (span.buckets - 1), side="left")

    def _last(self) -> Ints:
        """Index of the newest payment before each event, anywhere."""
        seen = np.maximum.accumulate(np.where(self.paid, np.arange(len(self.order)), -1))
        return np.concatenate((np.array([-1]), seen))[: len(self.order)]

    def first(self) -> Ints:
        """Index of the first payment of each event's session, at or after the event too."""
        size = len(self.order)
        ahead = np.where(self.paid, np.arange(size), size)[::-1]
        return np.minimum.accumulate(ahead)[::-1][self.start] if size else np.zeros(0, np.int64)

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
