"""Rows that say more about rows of other files: a return of an order's line, a product's origin."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from data.sources.mapping import Into
from data.sources.shaping import Shaped

_SUMMED = ("quantity", "amount")


def patched(shaped: Sequence[Shaped]) -> tuple[list[Shaped], int]:
    """All rows that come in, with what the patches among them say filled in.

    shaped: rows of all sheets. A patch's amounts are added up over rows of the same key (two
    returns of one line); of other columns the last counts. Answers also how many patch rows found
    no row to say it of.
    """
    plain = [part for part in shaped if not part.into.patch]
    homeless = 0
    for patch in (part for part in shaped if part.into.patch):
        values = _once_a_key(patch)
        known = [part.data for part in plain if part.into.table == patch.into.table]
        homeless += _without_home(values, known, patch.into.match)
        plain = [
            replace(part, data=_filled(part.data, values, patch.into))
            if part.into.table == patch.into.table
            else part
            for part in plain
        ]
    return plain, homeless


def _once_a_key(patch: Shaped) -> pd.DataFrame:
    match = list(patch.into.match)
    data = patch.data.dropna(subset=match)
    rules = {
        name: (_sum if name.endswith(_SUMMED) else "last")
        for name in data.columns
        if name not in match
    }
    if data.empty:
        return data
    return data.groupby(match, sort=False, as_index=False).agg(rules)


def _sum(texts: "pd.Series[str]") -> str | None:
    numbers = pd.to_numeric(texts, errors="coerce")
    return None if numbers.isna().all() else f"{numbers.sum():.6f}".rstrip("0").rstrip(".")


def _without_home(values: pd.DataFrame, known: Sequence[pd.DataFrame], match: Sequence[str]) -> int:
    keys = [frame[list(match)] for frame in known if set(match) <= set(frame.columns)]
    if values.empty:
        return 0
    if not keys:
        return len(values)
    everything = pd.concat(keys).drop_duplicates()
    found = values[list(match)].merge(everything, on=list(match), how="inner")
    return len(values) - len(found)


def _filled(data: pd.DataFrame, values: pd.DataFrame, into: Into) -> pd.DataFrame:
    """The patch's values over those of rows with the same key.

    A quantity or an amount is said once: of the first row of a key.
    """
    match = list(into.match)
    if values.empty or not set(match) <= set(data.columns):
        return data
    first = ~data.duplicated(match).to_numpy()
    meant = np.ones(len(data), dtype=bool)
    for name, allowed in into.onto.items():
        meant &= data[name].isin(allowed).to_numpy() if name in data else False
    joined = data[match].merge(values, on=match, how="left")
    filled = data.copy()
    for name in (name for name in values.columns if name not in match):
        rows = meant & first if name.endswith(_SUMMED) else meant
        new: Any = joined[name].astype(object)
        new = new.where(rows & new.notna().to_numpy(), None)
        old = data[name] if name in data else pd.Series([None] * len(data), dtype=object)
        filled[name] = new.where(new.notna(), old)
    return filled
