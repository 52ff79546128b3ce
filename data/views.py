"""The contract of a feature view: its keys, its features, and the pure function behind it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import pandas as pd

FeatureType = Literal["float", "int", "str", "bool", "float[]", "str[]"]

Frames = Mapping[str, pd.DataFrame]

Frequency = Literal["day", "week", "month"]


@dataclass(frozen=True)
class Terms:
    """The frozen part of the settings that changes numbers; every view is built with it.

    base_currency: ISO 4217 code of the currency in which amounts are compared and decided.
    frequency: the period of demand and forecasts; None: found from the data.
    """

    base_currency: str = "EUR"
    frequency: Frequency | None = None


@dataclass(frozen=True)
class View:
    """One feature view: how it is keyed, how long a value holds, and the pure function behind it.

    keys: entity columns, all strings.
    features: name -> type, in order.
    tables: the merchant's tables that `build` wants, read as of the time asked.
    build: (tables, as_of, terms) -> frame with the keys, `event_timestamp` (UTC, <= as_of) and the
        features; several timestamps a key are its history. None: values are written by a job.
    ttl: a value older than this is unknown, on both paths; None: values never expire.
    online: whether the newest values are also kept in the online store.
    """

    name: str
    keys: tuple[str, ...]
    features: Mapping[str, FeatureType]
    tables: tuple[str, ...] = ()
    build: Callable[[Frames, datetime, Terms], pd.DataFrame] | None = None
    ttl: timedelta | None = None
    online: bool = True


def fingerprint(features: Mapping[str, str]) -> str:
    """Hash of an ordered feature list with its types: equal lists, equal hash (16 hex digits)."""
    text = "\n".join(f"{name}:{kind}" for name, kind in features.items())
    return hashlib.sha256(text.encode()).hexdigest()[:16]
