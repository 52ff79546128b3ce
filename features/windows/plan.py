"""What is counted: windows, keys, aggregates, and the list of them that is a plan."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Aggregate = Literal[
    "count", "amount", "declines", "frauds", "distinct", "since_last", "since_first"
]

MEASURES = ("payments", "cents", "declines", "frauds")
IDLE_DAYS = 90
IDLE_MS = IDLE_DAYS * 86_400_000
PARTNER_CAP = 64
MISSING = -1


@dataclass(frozen=True)
class Window:
    """A window of whole buckets, `buckets` of them, each `granule` milliseconds long."""

    name: str
    granule: int
    buckets: int


WINDOWS = (
    Window("1m", 5_000, 12),
    Window("1h", 300_000, 12),
    Window("1d", 3_600_000, 24),
    Window("7d", 21_600_000, 28),
    Window("30d", 86_400_000, 30),
)
SPANS = (*(window.name for window in WINDOWS), "ever")
MEASURE_OF = {"count": 0, "amount": 1, "declines": 2, "frauds": 3}
_SINCE_LAST = len(SPANS) * len(MEASURES)


@dataclass(frozen=True)
class Key:
    """What is counted by: one column or several together; `partners` are the columns whose
    distinct values are counted for it."""

    name: str
    columns: tuple[str, ...]
    partners: tuple[str, ...] = ()


@dataclass(frozen=True)
class Velocity:
    """One feature: an aggregate over a window of the events that share a key."""

    name: str
    key: str
    aggregate: Aggregate
    window: str = "ever"
    partner: str = ""


@dataclass(frozen=True)
class Plan:
    """The keys and the features; all else follows from it."""

    keys: tuple[Key, ...]
    features: tuple[Velocity, ...]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Every column a key or a partner is made of."""
        named = (column for key in self.keys for column in (*key.columns, *key.partners))
        return tuple(dict.fromkeys(named))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The features' names, key by key: the order of every value list."""
        return tuple(feature.name for key in self.keys for feature in self.of(key))

    def of(self, key: Key) -> tuple[Velocity, ...]:
        """The features of one key, in order."""
        return tuple(feature for feature in self.features if feature.key == key.name)

    def slots(self, key: Key) -> tuple[int, ...]:
        """Where each feature of a key stands in the flat list of all its aggregates."""
        return tuple(slot(key, feature) for feature in self.of(key))

    def scale(self) -> NDArray[np.float64]:
        """What a whole-number value is divided by: hundredths to money, milliseconds to seconds."""
        ordered = [feature for key in self.keys for feature in self.of(key)]
        return np.array([_DIVISOR.get(feature.aggregate, 1.0) for feature in ordered])


_DIVISOR: dict[str, float] = {"amount": 100.0, "since_last": 1000.0, "since_first": 1000.0}


def slot(key: Key, feature: Velocity) -> int:
    """Position of a feature in a key's flat list: spans × measures, since last, since first, and
    then partners × windows."""
    if feature.aggregate == "since_last":
        return _SINCE_LAST
    if feature.aggregate == "since_first":
        return _SINCE_LAST + 1
    if feature.aggregate == "distinct":
        span = [window.name for window in WINDOWS].index(feature.window)
        return _SINCE_LAST + 2 + key.partners.index(feature.partner) * len(WINDOWS) + span
    return SPANS.index(feature.window) * len(MEASURES) + MEASURE_OF[feature.aggregate]
