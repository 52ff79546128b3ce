"""Rows that say more about rows of other files: a return of an order's line, a product's origin."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from data.sources.mapping import Into
from data.sources.shaping import Shaped

_SUMMED = ("quantity", "amount")

# (table, column, texts it may hold) -> the rows that are in the lake already, as text.
KnownRows = Callable[[str, str, Collection[str]], pd.DataFrame]


def patched(shaped: Sequence[Shaped], known_rows: KnownRows) -> tuple[list[Shaped], int]:
    """All rows that come in, with what the patches among them say filled in.

    shaped: rows of all sheets. known_rows: rows of the lake: a patch may come a week after what it
    speaks of. A patch's amounts are added up over rows of the same key (two returns of one line);
    of other columns the last counts. Answers also how many patch rows found no row to say it of.
    """
    plain = [part for part in shaped if not part.into.patch]
    homeless = 0
    for patch in (part for part in shaped if part.into.patch):
        values = _once_a_key(patch)
        known = [part.data for part in plain if part.into.table == patch.into.table]
        alone = _without_home(values, known, patch.into.match)
        plain = [
            replace(part, data=_filled(part.data, values, patch.into))
            if part.into.table == patch.into.table
            else part
            for part in plain
        ]
        later = _of_the_lake(patch, alone, known_rows)
        homeless += len(_without_home(alone, [later.data], patch.into.match))
        plain += [later] if len(later.data) else []
    return plain, homeless


def _of_the_lake(patch: Shaped, values: pd.DataFrame, known_rows: KnownRows) -> Shaped:
    """The rows of the lake that a patch speaks of, with what it says of them.

    values: what the patch says, one row a key.
    """
    into, key = patch.into.model_copy(update={"patch": False}), patch.into.match[0]
    if values.empty:
        return replace(patch, into=into, data=values, rows=patch.rows[:0], broken=())
    found = known_rows(into.table, key, set(values[key]))
    match = list(into.match)
    meant = found[match].merge(values[match], on=match, how="left", indicator=True)["_merge"]
    found = found[(meant == "both").to_numpy()].reset_index(drop=True)
    # For messages: the row of the file that speaks of each.
    rows = pd.Series(patch.rows, index=patch.data[key].to_numpy(dtype=object))
    rows = rows[~rows.index.duplicated(keep="last")]
    numbers = rows.reindex(found[key]).to_numpy(dtype=np.int64)
    told = _filled(found, values, into)
    return replace(patch, into=into, data=told, rows=numbers, broken=())


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


def _without_home(
    values: pd.DataFrame, known: Sequence[pd.DataFrame], match: Sequence[str]
) -> pd.DataFrame:
    """The rows of a patch whose key none of these frames has."""
    keys = [frame[list(match)] for frame in known if set(match) <= set(frame.columns)]
    if values.empty or not keys:
        return values
    everything = pd.concat(keys).drop_duplicates()
    found = values[list(match)].merge(everything, on=list(match), how="left", indicator=True)
    return values[(found["_merge"] == "left_only").to_numpy()]


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
