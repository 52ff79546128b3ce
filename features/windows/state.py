"""What is kept of a key: its state, one step of it, and the state after a whole stream."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, repeat
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.windows.batch import Ints, Stream, codes_of, joint
from features.windows.plan import (
    BUCKETED,
    IDLE_MS,
    MEASURES,
    MISSING,
    WINDOWS,
    Key,
    TimeWindow,
    VelocityPlan,
)
from features.windows.streaks import StreakColumns

# A key's state: [clock, first payment, last payment, last report, payments since it, totals,
# buckets a window, partners a column]. Buckets are a flat list [bucket, *measures, bucket, ...],
# oldest first; partners a flat list [digest, last seen, ...], least recently seen first. Only what
# a later value can need is in it.
State = list[Any]
CLOCK, FIRST, LAST, FRAUD, SINCE, TOTALS, BUCKETS, PARTNERS = range(8)
STRIDE = 1 + BUCKETED
CHUNK = 2_000  # keys whose states are made at a time


def digest(*values: str) -> str:
    """16 hex digits for a key's values: bounded, and no personal data in the counters' keys."""
    text = "\x1f".join(values).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=8).hexdigest()


@dataclass(frozen=True)
class VelocityEvent:
    """One event of the stream.

    id: equal ids are the same event; at: ms since 1970; measures: as MEASURES, whole numbers, −1
    decline takes back one of a payment of that time; tags: column -> value, for the key and partner
    columns that are known; ends: whether the streak of the plan ends with it.
    """

    id: str
    at: int
    measures: tuple[int, int, int, int, int, int]
    tags: Mapping[str, str]
    ends: bool = False


def fresh(key: Key) -> State:
    """The state of a key never seen."""
    return [
        *[MISSING] * 5,
        [0] * len(MEASURES),
        [[] for _ in WINDOWS],
        [[] for _ in key.partners],
    ]


def advance(
    state: State, key: Key, event: VelocityEvent, spans: Sequence[bool]
) -> tuple[list[int], State]:
    """All aggregates of a key before the event (flat, as `windows.slot` numbers them), and the
    state after it. spans: `Plan.spans` of the key; what is not counted is 0."""
    if event.at - state[CLOCK] > IDLE_MS:
        state = fresh(key)
    now = max(state[CLOCK], event.at)
    after = fresh(key)
    flat: list[int] = []
    first_frauds: list[int] = []
    for place, (window, counted) in enumerate(zip(WINDOWS, spans, strict=True)):
        if not counted:
            flat += [0] * BUCKETED
            first_frauds.append(MISSING)
            continue
        bucket = now // window.granule
        kept = _recent(state[BUCKETS][place], bucket - window.buckets)
        flat += (sum(kept[column::STRIDE]) for column in range(1, STRIDE))
        first_frauds.append(_first_fraud(kept, bucket, window))
        if event.measures[2] < 0:
            kept = _without_decline(kept, event.at // window.granule)
        after[BUCKETS][place] = _added(kept, bucket, event)
    flat += state[TOTALS]
    flat += (now - at if at != MISSING else MISSING for at in (state[LAST], state[FIRST]))
    flat += (now - state[FRAUD] if state[FRAUD] != MISSING else MISSING, state[SINCE])
    flat += first_frauds
    for place, column in enumerate(key.partners):
        flat += _distinct(state[PARTNERS][place], now)
        after[PARTNERS][place] = _met(state[PARTNERS][place], event, column, now)[-2 * key.most :]
    after[:BUCKETS] = _heads(state, event, now)
    return flat, after


def _heads(state: State, event: VelocityEvent, now: int) -> State:
    """Clock … totals after the event."""
    payments, fraud = event.measures[0], event.measures[3] > 0
    since = state[SINCE] if state[SINCE] == MISSING else state[SINCE] + payments
    return [
        now,
        now if payments and state[FIRST] == MISSING else state[FIRST],
        now if payments else state[LAST],
        now if fraud else state[FRAUD],
        payments if fraud else since,
        [
            max(a + b, 0) if place == 2 else a + b  # a key forgotten meanwhile has no decline left
            for place, (a, b) in enumerate(zip(state[TOTALS], event.measures, strict=True))
        ],
    ]


def _first_fraud(buckets: list[int], now: int, window: TimeWindow) -> int:
    """Time since the oldest bucket with a report, whole buckets in ms; MISSING without one."""
    for place in range(0, len(buckets), STRIDE):
        if buckets[place + 4] > 0:
            return (now - buckets[place]) * window.granule
    return MISSING


def _recent(buckets: list[int], low: int) -> list[int]:
    """The buckets after `low`."""
    start = 0
    while start < len(buckets) and buckets[start] <= low:
        start += STRIDE
    return buckets[start:]


def _without_decline(buckets: list[int], since: int) -> list[int]:
    """The buckets without one decline: of the first bucket with one from `since` on, where that of
    a payment was counted; as they are when it has left the window."""
    for place in range(0, len(buckets), STRIDE):
        if buckets[place] >= since and buckets[place + 3] > 0:
            return [*buckets[: place + 3], buckets[place + 3] - 1, *buckets[place + 4 :]]
    return buckets


def _added(buckets: list[int], bucket: int, event: VelocityEvent) -> list[int]:
    payments, cents, declines, frauds = event.measures[:BUCKETED]
    added = (payments, cents, max(declines, 0), frauds)
    if not buckets or buckets[-STRIDE] != bucket:
        return [*buckets, bucket, *added]
    newest = [a + b for a, b in zip(buckets[1 - STRIDE :], added, strict=True)]
    return [*buckets[: 1 - STRIDE], *newest]


def _distinct(partners: list[str | int], now: int) -> Iterable[int]:
    """How many partners were last seen in each window."""
    for window in WINDOWS:
        low = now // window.granule - window.buckets
        yield sum(int(at) // window.granule > low for at in partners[1::2])


def _met(partners: list[str | int], event: VelocityEvent, column: str, now: int) -> list[str | int]:
    value = event.tags.get(column)
    if event.measures[0] <= 0 or value is None:
        return partners
    name = digest(value)
    others = [
        item
        for known, at in zip(partners[::2], partners[1::2], strict=True)
        if known != name
        for item in (known, at)
    ]
    return [*others, name, now]


def states(events: pd.DataFrame, plan: VelocityPlan) -> Iterator[tuple[Key, str, State]]:
    """Key, digest of its values and state after all events: what replaying them one by one gives.
    For filling empty counters from history. A streak's state is its payments and cents.

    events: in order of arrival, as `velocity` takes them; plan: what is counted.
    """
    at = events["at"].to_numpy(dtype=np.int64)
    measures = [events[name].to_numpy(dtype=np.int64) for name in MEASURES]
    codes = {name: codes_of(events[name]) for name in plan.columns}
    values = {name: events[name].to_numpy(dtype=object) for name in plan.columns}
    for key in plan.keys:
        stream = Stream.of(joint([codes[name] for name in key.columns]), at, measures)
        if len(stream.order):
            final = _Final.of(stream)
            rows = stream.order[final.last]
            parts = _Parts(
                final.heads(),
                [
                    final.buckets(window) if counted else final.nothing()
                    for window, counted in zip(WINDOWS, plan.spans(key), strict=True)
                ],
                [(final.partners(codes[name]), values[name]) for name in key.partners],
                key.most,
            )
            for low in range(0, len(rows), CHUNK):
                high = min(low + CHUNK, len(rows))
                for row, state in zip(rows[low:high], parts.states(low, high), strict=True):
                    yield key, digest(*(str(values[name][row]) for name in key.columns)), state
    if plan.streak is not None:
        named = StreakColumns.of(events, plan.streak).states(values[plan.streak.column])
        yield from ((plan.streak.key, digest(value), state) for value, state in named)


def after_streak(run: Sequence[int], event: VelocityEvent) -> list[int]:
    """Payments and cents of a streak after an event. run: before it."""
    if event.ends:
        return [0, 0]
    return [run[0] + event.measures[0], run[1] + event.measures[1]]


@dataclass(frozen=True)
class _Ragged:
    """Numbers of every key, one after the other: those of key i are rows cuts[i] to cuts[i + 1]."""

    rows: Ints
    cuts: Ints

    def lists(self, low: int, high: int) -> Iterator[list[Any]]:
        """Those of each key from `low` up to `high`."""
        flat = self.rows[self.cuts[low] : self.cuts[high]].tolist()
        cuts = (self.cuts[low : high + 1] - self.cuts[low]).tolist()
        return (flat[a:b] for a, b in pairwise(cuts))


@dataclass(frozen=True)
class _Parts:
    """What the states of all keys are made of, as arrays: as lists they would need far more.

    heads: clock … payments since, and totals, a row a key; buckets: of each window; partners: of
    each column, with the column's values: rows of [event, last seen]; most: partners kept.
    """

    heads: tuple[Ints, Ints]
    buckets: Sequence[_Ragged]
    partners: Sequence[tuple[_Ragged, NDArray[np.object_]]]
    most: int

    def states(self, low: int, high: int) -> Iterator[State]:
        """Those of the keys from `low` up to `high`."""
        heads, totals = (part[low:high].tolist() for part in self.heads)
        buckets = zip(*(each.lists(low, high) for each in self.buckets), strict=True)
        met = [
            [[word for row, at in own for word in (digest(str(values[row])), at)] for own in lists]
            for lists, values in ((each.lists(low, high), values) for each, values in self.partners)
        ]
        partners: Iterable[Any] = zip(*met, strict=True) if met else repeat(())
        for head, total, kept, others in zip(heads, totals, buckets, partners, strict=False):
            flat = [list(chain.from_iterable(bucket)) for bucket in kept]
            yield [*head, total, flat, [own[-2 * self.most :] for own in others]]


@dataclass(frozen=True)
class _Final:
    """The end of each key's newest session.

    last: index of each key's last event; key: number of the key of each event; live: whether the
    event is of the key's newest session.
    """

    stream: Stream
    last: NDArray[np.intp]
    key: NDArray[np.intp]
    live: NDArray[np.bool_]

    @classmethod
    def of(cls, stream: Stream) -> "_Final":
        ends = np.append(stream.group[1:] != stream.group[:-1], True)
        last = np.flatnonzero(ends)
        key = np.concatenate(([0], np.cumsum(ends)[:-1]))
        return cls(stream, last, key, stream.session == stream.session[last][key])

    def heads(self) -> tuple[Ints, Ints]:
        """Clock … payments since the report of each key, and the totals."""
        stream, start, last = self.stream, self.stream.start[self.last], self.last
        clock, paid = stream.clock, stream.before[0]
        first = stream.first()[last]
        first_at = np.where(first <= last, clock[np.minimum(first, last)], MISSING)
        newest, fraud = (self._newest(rows) for rows in (stream.paid, stream.fraud))
        last_at = np.where(newest >= start, clock[newest], MISSING)
        told = fraud >= start
        fraud_at = np.where(told, clock[fraud], MISSING)
        since = np.where(told, paid[last + 1] - paid[fraud], MISSING)
        totals = np.stack([sums[last + 1] - sums[start] for sums in stream.before], axis=1)
        return np.stack([clock[last], first_at, last_at, fraud_at, since], axis=1), totals

    def _newest(self, rows: NDArray[np.bool_]) -> Ints:
        """Index of the newest such event of each key, or one before its session."""
        return np.maximum.accumulate(np.where(rows, np.arange(len(rows)), -1))[self.last]

    def nothing(self) -> _Ragged:
        """No numbers of any key."""
        return _Ragged(np.zeros((0, STRIDE), np.int64), np.zeros(len(self.last) + 1, np.int64))

    def buckets(self, window: TimeWindow) -> _Ragged:
        """[bucket, *measures] of each key."""
        bucket = self.stream.clock // window.granule
        newest = bucket[self.last][self.key]
        rows = np.flatnonzero(self.live & (bucket > newest - window.buckets))
        key, bucket = self.key[rows], bucket[rows]
        fresh = np.append(True, (key[1:] != key[:-1]) | (bucket[1:] != bucket[:-1]))
        edges = np.flatnonzero(fresh)
        ends = np.append(rows[edges[1:] - 1], rows[-1]) + 1
        counted = self.stream.before[:BUCKETED]
        sums = [total[ends] - total[rows[edges]] for total in counted]
        return _Ragged(np.stack([bucket[edges], *sums], axis=1), self._cuts(key[edges]))

    def partners(self, codes: Ints) -> _Ragged:
        """[an event with the partner, last seen] of each key, least recently seen first."""
        stream = self.stream
        partner = codes[stream.order]
        rows = np.flatnonzero(self.live & stream.paid & (partner >= 0))
        pair = self.key[rows] * (int(partner.max(initial=0)) + 1) + partner[rows]
        rows = rows[~pd.Series(pair).duplicated(keep="last").to_numpy()]
        met = np.stack([stream.order[rows], stream.clock[rows]], axis=1)
        return _Ragged(met, self._cuts(self.key[rows]))

    def _cuts(self, key: Ints) -> Ints:
        return np.searchsorted(key, np.arange(len(self.last) + 1))
