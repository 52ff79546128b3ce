"""Products that continue others: the history they inherit, and when one goes and the other comes.

A planner tells it as a correction of history with the action `continue`.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.history_corrections import HistoryCorrection, continuations
from data.overrides import EVERY
from features.forecasting.grid import PAIR
from features.forecasting.overrides import PairAttributes
from features.forecasting.periods import numbers, seconds, starts

Floats = NDArray[np.float64]
Pair = tuple[str, str]

# Units of one product, which become so many of the one that continues it.
_UNITS = ["quantity", "sold", "lost"]
_PRICES = ["price", "list_price"]
# What only the product itself has.
_NONE_OF = ["cancelled", "fraudulent", "returned", "bulk"]
# Closed periods that tell how much a successor sells beside its predecessors.
_RECENT = 8
_NEVER = "9999"

# What tells of variants.
VARIANTS = ("product_id", "parent_id", "launched_on", "discontinued_on")
# Days between the end of an article and the launch of a variant that continues it, at most.
_CLOSE_DAYS = 92
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


def with_variants(
    told: Sequence[HistoryCorrection], products: pd.DataFrame
) -> list[HistoryCorrection]:
    """The corrections, and the successions that the table of products tells.

    A variant (`parent_id`) launched about when its parent ended continues it from that end on;
    several share it evenly. What a planner told of either product goes first.

    told: planners' corrections; products: the table.
    """
    if "parent_id" not in products or products["parent_id"].isna().all():
        return [*told]
    named = {name for one in told if one.predecessor_id
             for name in (one.product_id, one.predecessor_id)}  # fmt: skip
    known = products[[*VARIANTS]]
    pairs = known.merge(known[["product_id", "discontinued_on"]], left_on="parent_id",
                        right_on="product_id", suffixes=("", "_of_parent"))  # fmt: skip
    ended = pairs["discontinued_on_of_parent"]
    close = (pairs["launched_on"] - ended).abs() <= pd.Timedelta(days=_CLOSE_DAYS)
    # Each outlives its parent, so that no chain comes back to where it began.
    pairs = pairs[close & ~(pairs["discontinued_on"] <= ended)]
    shares = pairs.groupby("parent_id")["product_id"].transform("size")
    rows = zip(pairs["product_id"], pairs["parent_id"], ended[pairs.index], shares, strict=True)
    found: list[HistoryCorrection] = []
    for product, parent, end, share in rows:
        if not {product, parent} & named:
            day, factor = end.date(), None if share == 1 else 1 / share
            found.append(HistoryCorrection(
                f"parent:{product}", EVERY, product, day, day, "continue", "products",
                "its parent ended", _ALWAYS, predecessor_id=parent, factor=factor,
            ))  # fmt: skip
    return [*told, *found]


def inherited(
    demand: pd.DataFrame,
    corrections: Sequence[HistoryCorrection],
    at: datetime,
    attributes: PairAttributes,
) -> pd.DataFrame:
    """The demand signal in which each successor has the history of its predecessor before its own.

    What all of them sold in a period is added up, in units of the successor; where the demand of
    one of several predecessors is not known, that of all is not. `continues` is the predecessor
    (the last told of several) in the periods before the successor's own sales begin, else None;
    `observed` and `observed_sold` stay those of the successor.

    demand: as `corrected` returns it; corrections: any; at: the moment at which they are known;
    attributes: of the pairs.
    """
    known = continuations([one for one in corrections if one.is_known(at)])
    frame = demand.assign(continues=None)
    products = {name for one in known for name in (one.product_id, one.predecessor_id)}
    mine = frame["product_id"].isin(products)
    if not mine.any():
        return frame
    # By product, then by warehouse.
    parts: dict[str, dict[str, pd.DataFrame]] = {str(name): {} for name in products}
    for (warehouse, product), rows in frame[mine].groupby(PAIR, sort=False, observed=True):
        parts[str(product)][str(warehouse)] = rows
    for one in known:
        own, category = parts[one.product_id], attributes.category.get(one.product_id)
        for warehouse, before in parts[str(one.predecessor_id)].items():
            if one.warehouse_id in (EVERY, warehouse):
                rows = own.get(warehouse, before.iloc[:0])
                own[warehouse] = _joined(before, rows, one, category)
    joined = [rows for each in parts.values() for rows in each.values()]
    whole = pd.concat([frame[~mine], *joined], ignore_index=True)
    return whole.sort_values([*PAIR, "period_start"], kind="stable", ignore_index=True)


def _joined(
    before: pd.DataFrame, own: pd.DataFrame, one: HistoryCorrection, category: str | None
) -> pd.DataFrame:
    """Rows of a successor in one warehouse: of its predecessor, then its own; units of both.

    before: rows of the predecessor; own: of the successor, which may have none.
    """
    before, own = (rows.set_index("period_start", drop=False) for rows in (before, own))
    units = before[_UNITS].astype(float) * one.times
    begun = _begun(before, own, one.first.isoformat())
    early, late = own[own.index < begun], own[own.index >= begun].copy()
    also = units.reindex(late.index).fillna(0.0)
    late[_UNITS] = late[_UNITS].astype(float) + also
    taken = before[before.index < begun].copy()
    about = {"product_id": one.product_id, "continues": one.predecessor_id, "observed": np.nan}
    taken = taken.assign(**about, observed_sold=0.0, history_corrections=one.correction_id)
    taken["category"] = category if category is not None else taken["category"]
    taken[_NONE_OF] = 0.0
    same = early.reindex(taken.index)
    taken[_UNITS] = units.loc[taken.index] + same[_UNITS].astype(float).fillna(0.0)
    # Of another predecessor, not of the successor itself.
    taken.loc[same["continues"].notna() & same["quantity"].isna(), "quantity"] = np.nan
    taken[_PRICES] = _in_prices_of(early, taken)
    there = taken.index.isin(early.index)
    for name in ("observed", "observed_sold", *_NONE_OF):
        taken.loc[there, name] = same.loc[there, name]
    ids = same.loc[there, "history_corrections"]
    taken.loc[there, "history_corrections"] = [
        f"{other},{one.correction_id}" if other else one.correction_id for other in ids
    ]
    # Nothing sold in between says nothing: the predecessor is gone, the successor not there yet.
    rest = early[~early.index.isin(taken.index)].copy()
    gap = (rest.index >= before.index.min()) & rest["continues"].isna() & (rest["sold"] == 0)
    rest.loc[gap, "quantity"] = np.nan
    parts = [part for part in (rest, taken, late) if len(part)]
    return pd.concat(parts).reset_index(drop=True)


def _in_prices_of(other: pd.DataFrame, taken: pd.DataFrame) -> pd.DataFrame:
    """Prices of a predecessor in those of another one that was inherited before, if any: which of
    them was sold when is no change of price. other, taken: rows by period."""
    other = other[other["continues"].notna()]
    found = {}
    for name in _PRICES:
        mine, theirs = pd.to_numeric(taken[name]), pd.to_numeric(other[name])
        if theirs.notna().any() and mine.notna().any():
            mine = mine * (theirs.dropna().iloc[-1] / mine.dropna().iloc[-1])
            mine = theirs.reindex(mine.index).fillna(mine)
        found[name] = mine
    return pd.DataFrame(found, index=taken.index)


def _begun(before: pd.DataFrame, own: pd.DataFrame, first: str) -> str:
    """The first period from the day on that tells of the successor itself: it sold, or lay there
    while its predecessor sold nothing.
    """
    later = own[(own.index >= first) & own["continues"].isna()]
    other = before["sold"].reindex(later.index).fillna(0.0)
    tells = (later["sold"] > 0) | ((later["in_stock"] > 0) & ~(other > 0))
    return str(later.index[tells.to_numpy(dtype=bool)].min()) if tells.any() else _NEVER


def handed_over(
    ahead: pd.DataFrame,
    history: pd.DataFrame,
    corrections: Sequence[HistoryCorrection],
    at: datetime,
) -> pd.DataFrame:
    """Periods ahead in which a predecessor is offered until the day, and its successor from it on.

    Before it, a successor that sells already is offered as far as its sales are its own.

    ahead: as `future` returns them; history: as `inherited` returns it; corrections: any; at: the
    moment at which they are known.
    """
    known = continuations([one for one in corrections if one.is_known(at)])
    if not known or ahead.empty:
        return ahead
    frequency = str(ahead["frequency"].iloc[0])
    period = numbers(pd.to_datetime(ahead["period_start"], utc=True), frequency)
    begins, ends = (seconds(starts(period + step, frequency)) for step in (0, 1))
    offered = ahead["offered"].to_numpy(dtype=float).copy()
    place = _places(ahead)
    pairs: dict[str | None, list[Pair]] = {}
    for pair in place:
        pairs.setdefault(pair[1], []).append(pair)
    into: dict[Pair, list[tuple[float, Floats]]] = {}
    kept: dict[Pair, Floats] = {}
    for one in known:
        day = seconds(pd.DatetimeIndex([pd.Timestamp(one.first, tz="UTC")]))[0]
        share: Floats = np.clip((day - begins) / (ends - begins), 0.0, 1.0)
        for pair in (*pairs.get(one.predecessor_id, ()), *pairs.get(one.product_id, ())):
            rows = place[pair]
            if one.warehouse_id not in (EVERY, pair[0]):
                continue
            if pair[1] == one.predecessor_id:
                kept[pair] = np.minimum(kept.get(pair, np.ones(len(rows))), share[rows])
            elif (share[rows] > 0).any():
                former = _mean(history, (pair[0], str(one.predecessor_id)))
                into.setdefault(pair, []).append((former * one.times, 1 - share[rows]))
    for pair, parts in into.items():
        coming = sum(units for units, _ in parts)
        own = max(_mean(history, pair) - coming, 0.0)
        there = sum(((units + 1e-9) * after for units, after in parts), np.zeros(1))
        offered[place[pair]] *= (own + there) / (own + coming + 1e-9 * len(parts))
    for pair, share in kept.items():
        offered[place[pair]] *= share
    return ahead.assign(offered=offered)


def _places(frame: pd.DataFrame) -> dict[Pair, NDArray[np.int64]]:
    """The rows of each pair."""
    codes, pairs = pd.MultiIndex.from_frame(frame[PAIR]).factorize()
    order = np.argsort(codes, kind="stable")
    rows = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    return {(str(w), str(p)): mine for (w, p), mine in zip(pairs, rows, strict=True)}


def _mean(history: pd.DataFrame, pair: Pair) -> float:
    """Units of a recent period of a pair; 0 where none is known."""
    rows = history[(history["warehouse_id"] == pair[0]) & (history["product_id"] == pair[1])]
    mean = pd.to_numeric(rows["quantity"].tail(_RECENT)).mean()
    return 0.0 if pd.isna(mean) else float(mean)


def with_succession_events(
    answer: pd.DataFrame, corrections: Sequence[HistoryCorrection], at: datetime
) -> pd.DataFrame:
    """A forecaster's long answer whose `history_events` (JSON) tell successions before the others.

    `continues` is of a successor, `succeeded` of its predecessor: with first (ISO date), last
    (None), factor and product_id, the other product.

    answer: with the keys and history_events; corrections: any; at: the moment at which they are
    known.
    """
    found: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for one in continuations([each for each in corrections if each.is_known(at)]):
        about = {"first": one.first.isoformat(), "last": None, "factor": one.times}
        former = str(one.predecessor_id)
        for mine, kind, other in (
            (one.product_id, "continues", former),
            (former, "succeeded", one.product_id),
        ):
            event = {"kind": kind, **about, "product_id": other}
            found.setdefault(mine, []).append((one.warehouse_id, event))
    if not found:
        return answer
    told = []
    for warehouse, product, known in zip(
        *(answer[name] for name in (*PAIR, "history_events")), strict=True
    ):
        own = [event for place, event in found.get(product, ()) if place in (EVERY, warehouse)]
        rest = json.loads(known) if isinstance(known, str) else []
        told.append(json.dumps([*own, *rest]) if own else known)
    return answer.assign(history_events=pd.Series(told, index=answer.index, dtype=object))


def without_succeeded(
    demand: pd.DataFrame, corrections: Sequence[HistoryCorrection], at: datetime
) -> pd.DataFrame:
    """The demand signal without what predecessors sold since they were succeeded.

    demand: as `inherited` returns it; corrections: any; at: the moment at which they are known.
    """
    known = continuations([each for each in corrections if each.is_known(at)])
    former = demand[demand["product_id"].isin([one.predecessor_id for one in known])]
    gone = pd.Series(False, index=demand.index)
    for one in known:
        mine = former["product_id"] == one.predecessor_id
        if one.warehouse_id != EVERY:
            mine &= former["warehouse_id"] == one.warehouse_id
        gone[former.index[mine & (former["period_start"] >= one.first.isoformat())]] = True
    return demand[~gone].reset_index(drop=True)


def priced_alike(frame: pd.DataFrame) -> pd.DataFrame:
    """History and periods ahead with inherited prices in those of the successor.

    The told factor says how many units are sold: that a pack of twelve is dearer says nothing more.

    frame: rows of `demand` with `continues`, and of `future`.
    """
    taken = frame["continues"].notna() if "continues" in frame else pd.Series(False, frame.index)
    if not taken.any():
        return frame
    answer = frame.copy()
    mine = frame[PAIR].merge(frame.loc[taken, PAIR].drop_duplicates(), how="left", on=PAIR,
                             indicator=True)["_merge"].eq("both").to_numpy()  # fmt: skip
    for _, rows in frame[mine].sort_values("period_start").groupby(PAIR, sort=False, observed=True):
        old, new = rows[rows["continues"].notna()], rows[rows["continues"].isna()]
        for name in _PRICES:
            former, later = (pd.to_numeric(part[name]).dropna() for part in (old, new))
            if len(later):
                ratio = pd.to_numeric(old[name]) / former.iloc[-1] if len(former) else 1.0
                answer.loc[old.index, name] = later.iloc[0] * ratio
    return answer
