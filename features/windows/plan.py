"""What is counted: windows, keys, aggregates, and the list of them that is a plan."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Aggregate = Literal[
    "count",
    "amount",
    "declines",
    "frauds",
    "log_amount",  # sum of ln(1 + amount), ever
    "log_amount_squared",  # sum of its squares, ever
    "distinct",
    "since_last",
    "since_first",
    "since_fraud",  # the newest report
    "payments_since_fraud",
    "since_first_fraud",  # the oldest report in the window, in whole buckets
]

# What an event adds; the first BUCKETED are counted by bucket, all of them ever.
MEASURES = ("payments", "cents", "declines", "frauds", "logs", "squares")
BUCKETED = 4
IDLE_DAYS = 1_095  # three years: a customer who comes back is no new one
IDLE_MS = IDLE_DAYS * 86_400_000
PARTNER_CAP = 64
MISSING = -1


@dataclass(frozen=True)
class TimeWindow:
    """A window of whole buckets, `buckets` of them, each `granule` milliseconds long."""

    name: str
    granule: int
    buckets: int


WINDOWS = (
    TimeWindow("1m", 5_000, 12),
    TimeWindow("1h", 300_000, 12),
    TimeWindow("1d", 3_600_000, 24),
    TimeWindow("7d", 21_600_000, 28),
    TimeWindow("30d", 86_400_000, 30),
)
SPANS = (*(window.name for window in WINDOWS), "ever")
MEASURE_OF = {
    "count": 0,
    "amount": 1,
    "declines": 2,
    "frauds": 3,
    "log_amount": 4,
    "log_amount_squared": 5,
}
TIMES = ("since_last", "since_first", "since_fraud", "payments_since_fraud")
_TIMES = len(SPANS) * BUCKETED + len(MEASURES) - BUCKETED
_FIRST_FRAUDS = _TIMES + len(TIMES)
_PARTNERS = _FIRST_FRAUDS + len(WINDOWS)


@dataclass(frozen=True)
class Key:
    """What is counted by: one column or several together; `partners` are the columns whose
    distinct values are counted for it, up to `most`."""

    name: str
    columns: tuple[str, ...]
    partners: tuple[str, ...] = ()
    most: int = PARTNER_CAP


@dataclass(frozen=True)
class Velocity:
    """One feature: an aggregate over a window of the events that share a key."""

    name: str
    key: str
    aggregate: Aggregate
    window: str = "ever"
    partner: str = ""


@dataclass(frozen=True)
class Streak:
    """Payments and money of one column's value since an event that ended the streak: two features,
    `name`_count and `name`_amount."""

    name: str
    column: str

    @property
    def names(self) -> tuple[str, str]:
        """The names of its features."""
        return f"{self.name}_count", f"{self.name}_amount"

    @property
    def key(self) -> Key:
        """What it is kept by, beside the keys of the plan."""
        return Key("streak", (self.column,))


@dataclass(frozen=True)
class VelocityPlan:
    """The keys, the features and at most one streak; all else follows from it."""

    keys: tuple[Key, ...]
    features: tuple[Velocity, ...]
    streak: Streak | None = None

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Every column a key or a partner is made of."""
        named = [column for key in self.keys for column in (*key.columns, *key.partners)]
        return tuple(dict.fromkeys([*named, *([self.streak.column] if self.streak else [])]))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The features' names, key by key, the streak's last: the order of every value list."""
        names = (feature.name for key in self.keys for feature in self.of(key))
        return (*names, *(self.streak.names if self.streak else ()))

    def of(self, key: Key) -> tuple[Velocity, ...]:
        """The features of one key, in order."""
        return tuple(feature for feature in self.features if feature.key == key.name)

    def slots(self, key: Key) -> tuple[int, ...]:
        """Where each feature of a key stands in the flat list of all its aggregates."""
        return tuple(slot(key, feature) for feature in self.of(key))

    def spans(self, key: Key) -> tuple[bool, ...]:
        """Of each of WINDOWS, whether the key counts payments in it: else it keeps no buckets."""
        used = {feature.window for feature in self.of(key) if feature.aggregate != "distinct"}
        return tuple(window.name in used for window in WINDOWS)

    @property
    def version(self) -> str:
        """Equal plans, equal version: states kept under another one say other things."""
        told = repr((self.keys, self.features, self.streak, WINDOWS))
        return hashlib.sha256(told.encode()).hexdigest()[:8]

    def only(self, columns: Collection[str]) -> "VelocityPlan":
        """What of the plan can be known where there are only these columns."""
        keys = tuple(
            replace(key, partners=tuple(name for name in key.partners if name in columns))
            for key in self.keys
            if set(key.columns) <= set(columns)
        )
        names = {key.name for key in keys}
        known = {"", *columns}
        features = (f for f in self.features if f.key in names and f.partner in known)
        streak = self.streak if self.streak and self.streak.column in columns else None
        return VelocityPlan(keys, tuple(features), streak)

    def scale(self) -> NDArray[np.float64]:
        """What a whole-number value is divided by: hundredths to money, milliseconds to seconds."""
        ordered = [feature for key in self.keys for feature in self.of(key)]
        divisors = [_DIVISOR.get(feature.aggregate, 1.0) for feature in ordered]
        return np.array([*divisors, *((1.0, 100.0) if self.streak else ())])


_DIVISOR: dict[str, float] = {
    "amount": 100.0,
    "log_amount": 1000.0,
    "log_amount_squared": 1_000_000.0,
    "since_last": 1000.0,
    "since_first": 1000.0,
    "since_fraud": 1000.0,
    "since_first_fraud": 1000.0,
}


def slot(key: Key, feature: Velocity) -> int:
    """Position of a feature in a key's flat list: spans × bucketed measures, the other measures,
    TIMES, first frauds by window, partners × windows. ValueError where it has no such window."""
    aggregate = feature.aggregate
    if aggregate in TIMES:
        return _TIMES + TIMES.index(aggregate)
    if aggregate in {"distinct", "since_first_fraud"}:
        span = [window.name for window in WINDOWS].index(feature.window)
        if aggregate == "since_first_fraud":
            return _FIRST_FRAUDS + span
        return _PARTNERS + key.partners.index(feature.partner) * len(WINDOWS) + span
    measure, span = MEASURE_OF[aggregate], SPANS.index(feature.window)
    if measure < BUCKETED:
        return span * BUCKETED + measure
    if feature.window != "ever":
        raise ValueError(f"{feature.name}: {aggregate} is known for ever only")
    return len(SPANS) * BUCKETED + measure - BUCKETED
