"""Orders made here that the lake does not know yet: they are on the way, and not ordered again."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import pandas as pd

from data.lake import Lake
from data.purchasing import ON_THE_WAY, OrderedLine, PurchasingError, State
from data.records import Records
from data.records.purchasing import Purchasing
from decisions.runtime import Runtime
from features.replenishment import PAIR
from features.replenishment.orders import as_orders, order_lines
from models.replenishment.lines import OVERDUE_DAYS

# An order of ours is entered in the merchant's own system within so many days.
ENTERED_WITHIN = pd.Timedelta(days=14)
# In another quantity (packs, a supplier's minimum) only so soon, and of no less than this share of
# ours: what is entered later, or is much smaller, is an order of its own.
ENTERED_OTHERWISE_WITHIN, LEAST_SHARE = pd.Timedelta(days=3), 0.5


@dataclass(frozen=True)
class Ordering:
    """What is ordered in one way, here and in the lake.

    records: the decisions and orders made here; known: gives what the lake knows up to a moment
    (None: everything), in the columns of `purchase_orders`; table: where the lake has it.
    """

    records: Purchasing
    known: Callable[[datetime | None], pd.DataFrame]
    table: str


@dataclass(frozen=True)
class EnteredOtherwise:
    """An order of ours that the lake seems to know in another quantity.

    line: as it was ordered here; po_id: the lake's number of it; quantity: units, as entered there.
    """

    line: OrderedLine
    po_id: str
    quantity: float


def purchases(records: Records, lake: Lake) -> Ordering:
    """What is ordered from suppliers. records: of this home; lake: the merchant's tables."""
    table = "purchase_orders"
    return Ordering(records.purchasing, lambda at: lake.read(table, as_of=at), table)


def moves(records: Records, lake: Lake) -> Ordering:
    """What is moved between warehouses. records: of this home; lake: the merchant's tables."""
    table = "transfers"
    known = partial(lake.read, table)
    return Ordering(records.transfers, lambda at: as_orders(known(as_of=at)), table)


def awaited(ordering: Ordering, as_of: datetime) -> list[OrderedLine]:
    """What was ordered here and the lake does not know yet (`match_orders`).

    ordering: what is bought or what is moved; as_of: the time up to which the records and the lake
    are read and at which receipts are noted.
    """
    return match_orders(ordering, as_of)[0]


def match_orders(
    ordering: Ordering, as_of: datetime
) -> tuple[list[OrderedLine], list[EnteredOtherwise]]:
    """What was ordered here and the lake does not know yet, and what it knows in another quantity;
    what it has received is noted.

    The lake knows an order by our number, by a `reference` to it, or, line by line, by an order of
    the same warehouse, product, supplier and quantity that was entered after ours was exported. One
    of another quantity counts where it was entered within ENTERED_OTHERWISE_WITHIN, is no less than
    LEAST_SHARE of ours and refers to no other order. Each line of the lake stands for one of ours.

    ordering: what is bought or what is moved; as_of: the time up to which the records and the lake
    are read and at which receipts are noted.
    """
    buying, known = ordering.records, ordering.known(as_of)
    lines = buying.awaited(before=as_of)
    ours = {line.po_id for line in lines if line.po_id}
    named = _names(known)
    buying.note_receipts(_receipts(known, ours), at=as_of)
    # Of what came in part, the lake knows the rest.
    lines = [line for line in lines if line.state != "partially_received"]
    open_ = [line for line in lines if not line.po_id or line.po_id not in named]
    others = known[~known["po_id"].isin(ours) & ~_refers(known).isin(ours)]
    return _unmatched(open_, others)


def cancel(
    runtime: Runtime,
    ordering: Ordering,
    po_id: str,
    line_nos: Collection[int] | None,
    *,
    actor: str,
    reason: str,
    owner: str = "",
) -> list[OrderedLine]:
    """Cancel what has not come of an order made here; its lines, as they are then.

    Raises PurchasingError where the lake knows the order, since what is on order there is said by
    the merchant's own system, and as `Purchasing.cancel` does.

    runtime: knows the moment; ordering: what is bought or what is moved; po_id: which order;
    line_nos: which of its lines, None: all; actor: who does it; reason: why; owner: who answers for
    the actor's key.
    """
    buying, just_after = ordering.records, runtime.now() + timedelta(microseconds=1)
    waiting = awaited(ordering, just_after)
    free = {line.line_no for line in waiting if line.po_id == po_id}
    standing = {line.line_no for line in buying.orders(po_id) if line.state in ON_THE_WAY}
    wanted = standing if line_nos is None else standing & set(line_nos)
    if (wanted - free) and not _is_over(ordering.known(None), po_id):
        raise PurchasingError(
            f"Your own system has line {min(wanted - free)} of {po_id}: cancel it there, and bring "
            f"{ordering.table} with its cancelled_at."
        )
    now = datetime.now(UTC)
    return buying.cancel(po_id, line_nos, actor=actor, reason=reason, at=now, owner=owner)


def _is_over(known: pd.DataFrame, po_id: str) -> bool:
    """True where the lake has the order, and all of it came, was closed or was cancelled."""
    own = known[(known["po_id"] == po_id) | (_refers(known) == po_id)]
    ends = [name for name in ("received_at", "closed_at", "cancelled_at") if name in own]
    return bool(len(own)) and bool(own[ends].notna().any(axis=1).all())


def _receipts(known: pd.DataFrame, ours: Collection[str]) -> dict[tuple[str, str], State]:
    """What came of our orders, by their numbers and products: all that was ordered or will come, or
    a part of it. known: what the lake knows; ours: the numbers of our orders."""
    refers = _refers(known)
    number = known["po_id"].where(known["po_id"].isin(ours), refers)
    rows = known.assign(reference=refers, number=number)[number.isin(ours)]
    if "received_quantity" not in rows:
        rows = rows.assign(received_quantity=np.nan)
    lines = order_lines(rows)
    waits = (lines["remaining"] > 0) & lines["ended_at"].isna()
    sums = lines.assign(waits=waits).groupby(["number", "product_id"])
    table = sums.agg(came=("came", "sum"), waits=("waits", "any"))
    some = table[table["came"] > 0]
    return {
        key: "partially_received" if waits else "received"
        for key, waits in zip(some.index, some["waits"], strict=True)
    }


def _refers(known: pd.DataFrame) -> pd.Series:
    """The order that each line refers to; missing where the table has no such column."""
    if "reference" in known:
        return known["reference"]
    return pd.Series(None, index=known.index, dtype=object)


def _names(known: pd.DataFrame) -> set[str]:
    """Every number under which the lake knows these orders."""
    return set(known["po_id"]) | set(_refers(known).dropna())


def _unmatched(
    lines: Sequence[OrderedLine], known: pd.DataFrame
) -> tuple[list[OrderedLine], list[EnteredOtherwise]]:
    """The lines without a like one in `known`, each of which stands for one of ours, and those
    with one of another quantity."""
    free: dict[tuple[str, str, str], list[_Entry]] = {}
    columns = ["warehouse_id", "product_id", "supplier_id", "ordered_at", "quantity", "po_id"]
    table = known[columns].assign(own=_refers(known).notna()).sort_values("ordered_at")
    for *like, at, quantity, po_id, own in table.itertuples(index=False, name=None):
        entry = _Entry(at, float(quantity), po_id, refers=own)
        free.setdefault((like[0], like[1], like[2]), []).append(entry)
    answer, otherwise = [], []
    unlike = []  # of the same quantity there is none
    for line in sorted(lines, key=lambda line: line.ordered_at):
        entries = free.get((line.warehouse_id, line.product_id, line.supplier_id), [])
        found = next((entry for entry in entries if entry.is_like(line)), None)
        if line.state != "exported":
            answer.append(line)
        elif found is None:
            unlike.append((line, entries))
        else:
            entries.remove(found)
    for line, entries in unlike:
        likely = [entry for entry in entries if entry.is_likely(line)]
        if not likely:
            answer.append(line)
            continue
        found = min(likely, key=lambda entry: abs(entry.quantity - line.quantity))
        entries.remove(found)
        otherwise.append(EnteredOtherwise(line, found.po_id, found.quantity))
    return sorted(answer, key=lambda line: line.ordered_at), otherwise


@dataclass(frozen=True)
class _Entry:
    """A line of an order that the lake has. refers: to an order that is none of ours."""

    at: pd.Timestamp
    quantity: float
    po_id: str
    refers: bool

    def is_like(self, line: OrderedLine) -> bool:
        """True where it may be that line of ours, as it was exported."""
        made = pd.Timestamp(line.ordered_at)
        # The day itself counts from its start: systems often keep the date alone.
        in_time = made.floor("D") <= self.at <= made + ENTERED_WITHIN
        return in_time and self.quantity == float(line.quantity)

    def is_likely(self, line: OrderedLine) -> bool:
        """True where it may be that line of ours in another quantity."""
        made = pd.Timestamp(line.ordered_at)
        since = made <= self.at <= made + ENTERED_OTHERWISE_WITHIN
        in_time = since or self.at == made.floor("D")  # a date alone
        return in_time and not self.refers and self.quantity >= LEAST_SHARE * line.quantity


def with_entered_otherwise(
    frame: pd.DataFrame, entered: Sequence[EnteredOtherwise]
) -> pd.DataFrame:
    """The planning frame with `order_note`, what to tell of orders of ours that the lake has in
    another quantity. frame: a row a pair and supplier; entered: those orders."""
    if not entered:
        return frame
    notes: dict[tuple[str, str], str] = {}
    for each in entered:
        pair = (each.line.warehouse_id, each.line.product_id)
        notes[pair] = notes.get(pair, "") + (
            f" Order {each.po_id} of {each.quantity:g} counts instead of ours, {each.line.po_id} "
            f"of {each.line.quantity:g}: is it another one? Then bring it with any reference."
        )
    pairs = frame[list(PAIR)].itertuples(index=False, name=None)
    return frame.assign(order_note=[notes.get((w, p), "") for w, p in pairs])


def with_awaited(
    frame: pd.DataFrame, lines: Sequence[OrderedLine], as_of: datetime
) -> pd.DataFrame:
    """The planning frame with these lines on order.

    frame: a row a pair and supplier, with on_order and the lists open_quantities, open_due_days and
    open_age_days; lines: orders that the lake does not know yet, added to every row of their pair;
    as_of: the moment from which days are counted.
    """
    if not lines:
        return frame
    moment = pd.Timestamp(as_of)
    table = pd.DataFrame([vars(line) for line in lines])
    table["due"] = (table["expected_at"] - moment).dt.total_seconds() / 86_400
    table["age"] = (moment - table["ordered_at"]).dt.total_seconds() / 86_400
    more = table.groupby(list(PAIR)).agg(
        units=("quantity", "sum"), quantity=("quantity", list), due=("due", list), age=("age", list)
    )
    found = more.reindex(pd.MultiIndex.from_frame(frame[list(PAIR)]))
    lists = {
        "open_quantities": found["quantity"],
        "open_due_days": found["due"],
        "open_age_days": found["age"],
    }
    joined = {
        name: pd.Series(
            [_joined(old, new) for old, new in zip(frame[name], extra, strict=True)],
            index=frame.index,
            dtype=object,
        )
        for name, extra in lists.items()
    }
    units = found["units"].fillna(0.0).to_numpy(dtype=float)
    return frame.assign(on_order=frame["on_order"].fillna(0.0) + units, **joined)


def with_leaving(
    frame: pd.DataFrame, lines: Sequence[OrderedLine], as_of: datetime
) -> pd.DataFrame:
    """The planning frame with what these transfers take reserved where they start.

    frame: a row a pair and supplier, with reserved; lines: transfers that the lake does not know
    yet; as_of: what should have come OVERDUE_DAYS before is taken to have been forgotten, or to be
    in the count of the shelf, and is not reserved any more.
    """
    oldest = as_of - timedelta(days=OVERDUE_DAYS)
    taken = [
        {"warehouse_id": line.supplier_id, "product_id": line.product_id, "units": line.quantity}
        for line in lines
        if line.expected_at >= oldest
    ]
    if not taken:
        return frame
    units = pd.DataFrame(taken).groupby(list(PAIR))["units"].sum()
    found = units.reindex(pd.MultiIndex.from_frame(frame[list(PAIR)])).fillna(0.0).to_numpy()
    return frame.assign(reserved=frame["reserved"].fillna(0.0) + found)


def _joined(old: object, new: object) -> list[float] | None:
    parts = [each for each in (old, new) if isinstance(each, list)]
    return [value for part in parts for value in part] if parts else None
