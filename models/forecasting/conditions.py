"""Promotions by kind: what each series is under in each period, and how far into it.

A kind is any text a merchant gives: `price`, `leaflet`, `school holiday`. Each has phases, so that
the days before it, its first days and the days after may each sell in their own way.
"""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Phases = NDArray[np.int8]

# Kinds with an effect of their own; rarer ones share that of promotions without a kind.
MOST_KINDS = 10
# Phases of a period: none, shortly before, the first periods, later ones, shortly after, in part.
NONE, BEFORE, FIRST, SECOND, THIRD, LATER, AFTER, PART = range(8)
PHASES = 8
ON = (FIRST, SECOND, THIRD, LATER)
# By frequency: periods looked at before and after; from which period within on phases begin.
_REACH = {"day": 2, "week": 1, "month": 0}
_BEGINS = {"day": (2, 4, 8), "week": (2, 3, 5), "month": (2, 3, 4)}


@dataclass(frozen=True)
class Conditions:
    """Kinds of promotions by series and period.

    kinds: K names, the most frequent first. phase: K × U × periods, of U distinct patterns.
    pattern: S; the pattern of each series.
    """

    kinds: tuple[str, ...]
    phase: Phases
    pattern: Ints

    def rows(self, chosen: Ints) -> "Conditions":
        """The conditions of some series (their places)."""
        return Conditions(self.kinds, self.phase, self.pattern[chosen])

    def at(self, kind: int, series: Ints, period: Ints) -> Phases:
        """The phase of one kind for n pairs of series and period: n."""
        found: Phases = self.phase[kind][self.pattern[series], period]
        return found


def read_kinds(texts: pd.Series, share: Floats) -> pd.Series:
    """The `promotion_kinds` of rows; where the column is missing, kind "" by the promoted share.

    texts: JSON objects, kind -> share of the period, missing for none. share: of the period under
    any promotion, 0 to 1.
    """
    merged = texts.astype(object).where(texts.notna(), "")
    untold = np.flatnonzero(texts.isna().to_numpy() & (share > 0))
    merged.iloc[untold] = [f'{{"": {one}}}' for one in np.round(share[untold], 2).tolist()]
    return merged


def conditions(codes: NDArray[np.int64], texts: list[str], frequency: str) -> Conditions:
    """The conditions of a panel.

    frequency: day, week or month. codes: S × periods, the place in `texts` of each cell, -1 for no
    promotion. texts: JSON objects, kind -> share of the period (0 to 1).
    """
    parsed = [json.loads(text) if text else {} for text in texts]
    kinds = _frequent(parsed, np.bincount(codes.ravel() + 1, minlength=len(texts) + 1)[1:])
    pattern, distinct = _patterns(codes)
    if not kinds:
        return Conditions((), np.zeros((0, len(distinct), codes.shape[1]), np.int8), pattern)
    share = np.zeros((len(texts) + 1, len(kinds)))
    for place, one in enumerate(parsed):
        for kind, part in one.items():
            where = kinds.index(kind) if kind in kinds else kinds.index("")
            share[place, where] = max(share[place, where], float(part))
    # The last row of `share` is that of code -1: no promotion.
    phases = [_phases(share[:, kind][distinct], frequency) for kind in range(len(kinds))]
    return Conditions(kinds, np.stack(phases), pattern)


def _frequent(parsed: list[dict[str, float]], cells: Ints) -> tuple[str, ...]:
    count: dict[str, int] = {}
    for one, times in zip(parsed, cells, strict=True):
        for kind in one:
            count[kind] = count.get(kind, 0) + int(times)
    ranked = sorted(count, key=lambda kind: (-count[kind], kind))
    if len(ranked) <= MOST_KINDS:
        return tuple(ranked)
    kept = [kind for kind in ranked[:MOST_KINDS] if kind]
    return (*kept, "")


def _patterns(codes: NDArray[np.int64]) -> tuple[Ints, NDArray[np.int64]]:
    """Series with the same promotions share a pattern: the pattern of each, and all patterns."""
    seen: dict[bytes, int] = {}
    small = np.ascontiguousarray(codes.astype(np.int32))
    pattern = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in small], dtype=np.int64)
    _, first = np.unique(pattern, return_index=True)
    return pattern, codes[first]


def _phases(share: Floats, frequency: str) -> Phases:
    """Phases from the share of each period under a kind: U × periods."""
    on = share >= 0.5
    place = np.arange(share.shape[1])
    # Periods since the last one that was not under it: 1 in the first period of a promotion.
    within = place - np.maximum.accumulate(np.where(on, -1, place), axis=1)
    second, third, later = _BEGINS[frequency]
    phase = np.select(
        [on & (within >= later), on & (within >= third), on & (within >= second), on],
        [LATER, THIRD, SECOND, FIRST],
        np.where(share > 0, PART, NONE),
    )
    far = 10**6
    since = place - np.maximum.accumulate(np.where(on, place, -far), axis=1)
    until = -place + np.minimum.accumulate(np.where(on, place, far)[:, ::-1], axis=1)[:, ::-1]
    reach = _REACH[frequency]
    free = phase == NONE
    phase = np.where(free & (since >= 1) & (since <= reach), AFTER, phase)
    phase = np.where(free & (until >= 1) & (until <= reach), BEFORE, phase)
    return phase.astype(np.int8)


def no_conditions(series: int, periods: int) -> Conditions:
    """Conditions of `series` series over `periods` periods without any promotion."""
    return Conditions((), np.zeros((0, 1, periods), np.int8), np.zeros(series, dtype=np.int64))
