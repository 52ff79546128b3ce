"""The newest values online: what is written, what is asked, what both stores promise.

Values lie as Feast lays them, so that its `get_online_features` reads them. Two things Feast does
not do: a value never takes the place of a newer one, and a value older than its view's ttl is not
given out.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import pyarrow as pa

from data.views import View
from features.store.columns import TIME, micros
from features.store.encoding import decode, encode, entity_key, key_prefix

MICROS = 1_000_000  # in a second

Stored = tuple[int, Sequence[bytes | None]]  # event time in microseconds, a value a feature
Asked = Sequence[tuple[View, Sequence[bytes]]]


@dataclass(frozen=True)
class OnlineBatch:
    """Newest values of one view, serialized, ready to be written.

    keys: serialized entity keys, each once; micros: event times; columns: a list of values a
    feature. horizon: what is stored is replaced if it is not later than this or than the new row.
    """

    view: View
    keys: list[bytes]
    micros: list[int]
    columns: list[list[bytes]]
    horizon: int = 0


class Online(Protocol):
    """What both stores do."""

    def write(self, batch: OnlineBatch) -> int:
        """Put values in the place of older ones; returns how many keys were written."""
        ...

    def forget(self, view: View, keys: Sequence[bytes], horizon: int) -> None:
        """Drop the values of keys, unless they are newer than the horizon.

        view: the view's contract.
        """
        ...

    def read(self, asked: Asked) -> list[list[Stored | None]]:
        """For each view, what is stored for each key; None when nothing is."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


def serialize(view: View, newest: pa.Table, horizon: datetime | None = None) -> OnlineBatch:
    """Offline rows, one a key, as they are written online.

    view: the view's contract; newest: the newest row of each key; horizon: nothing newer is
    replaced; None: the rows' own times.
    """
    return OnlineBatch(
        view=view,
        keys=serialize_keys(view, newest),
        micros=newest[TIME].cast(pa.int64()).to_pylist(),
        columns=[encode(newest[name], kind) for name, kind in view.features.items()],
        horizon=0 if horizon is None else micros(horizon),
    )


def serialize_keys(view: View, rows: pa.Table) -> list[bytes]:
    """The entity keys of rows.

    view: the view's contract.
    """
    prefix = key_prefix(view.keys)
    columns = [rows[name].to_pylist() for name in sorted(view.keys)]
    return [entity_key(prefix, values) for values in zip(*columns, strict=True)]


def look_up(
    online: Online,
    views: Sequence[View],
    asked: Mapping[str, Sequence[str | None]],
    now: datetime | Sequence[datetime],
) -> dict[str, list[Any]]:
    """The columns of the views' features: a value for each entity, or None.

    asked: the entities, a column a key. now: of all, or of each. Everything comes in one `read`,
    each key once.

    online: the online store.
    """
    moments = itertools.repeat(micros(now)) if isinstance(now, datetime) else [*map(micros, now)]
    plans = []
    for view in views:
        prefix = key_prefix(view.keys)
        rows = list(zip(*(asked[key] for key in sorted(view.keys)), strict=True))
        keys = {row: entity_key(prefix, row) for row in set(rows) if None not in row}
        plans.append((view, rows, keys))
    answers = online.read([(view, list(keys.values())) for view, _, keys in plans])
    columns: dict[str, list[Any]] = {}
    for (view, rows, keys), answer in zip(plans, answers, strict=True):
        stored = zip(keys, answer, strict=True)
        known = {row: _read(view, found) for row, found in stored if found is not None}
        nothing = (None,) * len(view.features)
        values = [
            known[row][1] if row in known and _lasts(view, known[row][0], moment) else nothing
            for row, moment in zip(rows, moments, strict=False)
        ]
        columns |= {name: [value[i] for value in values] for i, name in enumerate(view.features)}
    return columns


def _read(view: View, found: Stored) -> tuple[int, tuple[Any, ...]]:
    """The time and the values of a view."""
    time, values = found
    kinds = view.features.values()
    return time, tuple(decode(value, kind) for value, kind in zip(values, kinds, strict=True))


def _lasts(view: View, time: int, now: int) -> bool:
    """Whether values of this time are not older than the view's ttl."""
    return view.ttl is None or now - time <= view.ttl // timedelta(microseconds=1)
