"""Promotions of each warehouse, product and period: for how long, how deep, and of which kinds."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.forecasting.grid import PAIR, Grid
from features.forecasting.periods import Numbers, numbers, seconds

Floats = NDArray[np.float64]
Moments = NDArray[np.datetime64]
Texts = NDArray[np.object_]

EVERYWHERE = "*"  # promotions.warehouse_id when a promotion names none
CLOSURE = "closure"  # the kind of periods in which a warehouse was closed out of turn
_DAY = 86_400


@dataclass(frozen=True)
class Promoted:
    """By cell of a grid. share: of its days under any promotion; discount: the deepest planned.
    kinds: JSON object, kind -> share of its days; None for no promotion.
    """

    share: Floats
    discount: Floats
    kinds: Texts


def promoted(
    grid: Grid,
    promotions: pd.DataFrame,
    products: pd.DataFrame,
    warehouses: pd.DataFrame,
    closed: Floats,
) -> Promoted:
    """The promotions of each cell.

    A promotion without an end, or one that ends before it starts, lasts one day. One of a category
    is of all products whose category is that or lies in it (`a/b` in `a`); one of a market, of the
    warehouses that serve it.

    grid: the pairs and their periods; promotions: the table of promotions; products: the table of
    products, for their categories; warehouses: the table of warehouses, for the markets they serve.
    closed: share of each cell in which its warehouse was closed out of turn, which counts as the
    kind `closure`.
    """
    share, discount = np.zeros(grid.size), np.zeros(grid.size)
    parts = []
    spans = _spans(grid, promotions, products, warehouses)
    if len(spans):
        row, cell = _covered(grid, spans)
        np.maximum.at(discount, cell, spans["discount"].to_numpy()[row])
        once = _joined(spans, ["pair"])
        row, cell = _covered(grid, once)
        np.add.at(share, cell, _overlap(grid, cell, once, row))
        apart = _joined(spans, ["pair", "kind"])
        row, cell = _covered(grid, apart)
        kind = apart["kind"].to_numpy(dtype=object)[row]
        parts.append((cell, kind, _overlap(grid, cell, apart, row)))
    shut = np.flatnonzero(closed > 0)
    if len(shut):
        parts.append((shut, np.full(len(shut), CLOSURE, dtype=object), closed[shut]))
    return Promoted(np.minimum(share, 1.0), discount, _kinds(grid.size, parts))


def _kinds(size: int, parts: list[tuple[Numbers, Texts, Floats]]) -> Texts:
    answer = np.full(size, None, dtype=object)
    if not parts:
        return answer
    cell, kind, share = (np.concatenate([part[one] for part in parts]) for one in range(3))
    rows = pd.DataFrame({"cell": cell, "kind": kind, "share": share})
    rows = rows.groupby(["cell", "kind"], sort=True)[["share"]].sum().reset_index()
    rounded = rows["share"].clip(upper=1.0).round(3)
    # Few distinct kinds and shares: each text is made once.
    pieces = {
        (one, part): f"{json.dumps(one)}: {part:g}"
        for one, part in set(zip(rows["kind"], rounded, strict=True))
    }
    text = pd.Series([pieces[pair] for pair in zip(rows["kind"], rounded, strict=True)])
    first = ~rows["cell"].duplicated().to_numpy()
    alone = first & ~rows["cell"].duplicated(keep="last").to_numpy()
    answer[rows["cell"].to_numpy()[alone]] = ("{" + text[alone] + "}").to_numpy(dtype=object)
    several = ~alone
    if several.any():
        joined = text[several].groupby(rows["cell"].to_numpy()[several]).agg(", ".join)
        answer[joined.index.to_numpy()] = ("{" + joined + "}").to_numpy(dtype=object)
    return answer


def _covered(grid: Grid, spans: pd.DataFrame) -> tuple[Numbers, Numbers]:
    """Each span (its row) with each cell that it touches."""
    low, high = int(grid.period.min()), int(grid.period.max())
    first = np.clip(numbers(spans["from"], grid.frequency), low, high + 1)
    last = np.clip(numbers(spans["to"], grid.frequency), low - 1, high)
    count = np.maximum(last - first + 1, 0)
    row = np.repeat(np.arange(len(spans)), count)
    within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    cell = grid.cells(spans["pair"].to_numpy()[row], first[row] + within)
    return row[cell >= 0], cell[cell >= 0]


def _joined(spans: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Spans of equal keys that overlap (or came twice) as one: a day is promoted once."""
    rows = spans.sort_values([*keys, "from"], kind="stable", ignore_index=True)
    reached = rows.groupby(keys)["to"].cummax()
    changed = (rows[keys] != rows[keys].shift()).any(axis=1)
    begins = changed | (rows["from"] > reached.shift())
    blocks = rows.assign(to=reached).groupby(begins.cumsum(), sort=False)
    return blocks.agg({**dict.fromkeys(keys, "first"), "from": "first", "to": "last"})


def _spans(
    grid: Grid, promotions: pd.DataFrame, products: pd.DataFrame, warehouses: pd.DataFrame
) -> pd.DataFrame:
    """Promotions of the grid's pairs: pair, kind, from, to (the last day), discount."""
    plain = _applied(promotions, products)
    pairs = grid.pairs[PAIR].assign(pair=np.arange(len(grid.pairs)))
    local = plain["warehouse_id"].fillna(EVERYWHERE) != EVERYWHERE
    everywhere = plain[~local].drop(columns="warehouse_id")
    both = [plain[local].merge(pairs, on=PAIR), everywhere.merge(pairs, on="product_id")]
    spans = pd.concat([one for one in both if len(one)] or both[:1], ignore_index=True)
    spans = spans[_in_market(spans, warehouses)]
    start = spans["starts_on"].dt.floor("D")
    end = spans["ends_on"].fillna(start).dt.floor("D")
    return pd.DataFrame(
        {
            "pair": spans["pair"].astype(np.int64),
            "kind": spans["kind"].fillna("").astype(str),
            "from": start,
            "to": end.where(end >= start, start),
            "discount": spans["discount"].fillna(0.0).astype(float),
        }
    )


def _applied(promotions: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    """Promotions with a start, those of a category written out for each of its products."""
    names = ["warehouse_id", "product_id", "starts_on", "ends_on", "discount", "kind", "market"]
    rows = promotions[promotions["starts_on"].notna()]
    plain = rows.reindex(columns=names)
    plain = plain.assign(
        product_id=plain["product_id"].where(plain["product_id"] != EVERYWHERE),
        market=plain["market"].where(plain["market"] != EVERYWHERE),
    )
    if "category" not in rows or products.empty:
        return plain[plain["product_id"].notna()]
    named = rows["category"].notna() & (rows["category"] != EVERYWHERE)
    wide = plain.assign(category=rows["category"])[plain["product_id"].isna() & named]
    known = products[["product_id", "category"]].dropna()
    path = known["category"].astype(str)
    parts = [plain[~rows.index.isin(wide.index) & plain["product_id"].notna()]]
    for category, some in wide.groupby("category"):
        inside = (path == category) | path.str.startswith(f"{category}/")
        found = known.loc[inside, ["product_id"]]
        parts.append(
            some.drop(columns="product_id").merge(found, how="cross").reindex(columns=names)
        )
    return pd.concat([one for one in parts if len(one)] or parts[:1], ignore_index=True)


def markets_of(warehouses: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """The markets (ISO codes) that each warehouse serves by name, its own country first."""
    found = {}
    for row in warehouses.drop_duplicates("warehouse_id", keep="last").to_dict("records"):
        text = row.get("serves")
        served = [] if text is None or pd.isna(text) else str(text).split("|")
        own = [] if pd.isna(row["country"]) else [str(row["country"])]
        named = [part for part in served if part and part != EVERYWHERE]
        found[str(row["warehouse_id"])] = tuple(dict.fromkeys([*own, *named]))
    return found


def _in_market(spans: pd.DataFrame, warehouses: pd.DataFrame) -> pd.Series:
    """True where a promotion names no market, or one that its warehouse serves."""
    market = spans["market"]
    if market.isna().all():
        return pd.Series(True, index=spans.index)
    served = markets_of(warehouses)
    pairs = zip(spans["warehouse_id"], market, strict=True)
    inside = [pd.isna(one) or one in served.get(str(name), (one,)) for name, one in pairs]
    return pd.Series(inside, index=spans.index, dtype=bool)


def _overlap(grid: Grid, cell: Numbers, spans: pd.DataFrame, row: Numbers) -> Floats:
    """The share of each cell that its span (its row) covers."""
    begin, end = grid.boundaries()
    opens = seconds(pd.DatetimeIndex(spans["from"]))[row]
    closes = seconds(pd.DatetimeIndex(spans["to"]))[row] + _DAY
    covered = np.minimum(closes, end[cell]) - np.maximum(opens, begin[cell])
    return np.asarray(np.maximum(covered, 0) / (end[cell] - begin[cell]), dtype=np.float64)
