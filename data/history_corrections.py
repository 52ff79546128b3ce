"""What a planner knows of past periods: corrections of the history of one pair or of many, and
products that continue others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from data.errors import ArgosyError
from data.overrides import EVERY

Action = Literal["mark", "exclude", "replace", "continue"]
_OLDEST = date(1970, 1, 1)


class HistoryCorrectionError(ArgosyError):
    """A correction of history cannot be kept as given."""


@dataclass(frozen=True)
class HistoryCorrection:
    """Demand in the closed periods that start from `first` to `last`, as a person sees it.

    warehouse_id, product_id: of one pair, or EVERY. category (`a/b` lies in `a`), country (of the
    warehouse): only pairs of that; None: of any. action: mark, a note that changes no number;
    exclude, demand of these periods is unknown; replace, it was `quantity` units a period, of
    several pairs together, spread as they sold; continue, the product succeeds predecessor_id from
    `first` on (`last` is the same day), one unit of that was `factor` units of it (None: 1). It is
    known from created_at until dropped_at.
    """

    correction_id: str
    warehouse_id: str
    product_id: str
    first: date
    last: date
    action: Action
    author: str
    reason: str
    created_at: datetime
    quantity: float | None = None
    category: str | None = None
    country: str | None = None
    predecessor_id: str | None = None
    factor: float | None = None
    dropped_at: datetime | None = None
    # Corrections name no brand; overrides, which are found in the same way, may.
    brand: None = None

    def is_known(self, at: datetime) -> bool:
        """Whether it was made, and not yet undone, at a moment."""
        return self.created_at <= at and (self.dropped_at is None or at < self.dropped_at)

    @property
    def times(self) -> float:
        """Units of the product for one of its predecessor."""
        return 1.0 if self.factor is None else self.factor

    def meets(self, other: "HistoryCorrection") -> bool:
        """Whether both are of one warehouse, or of every one."""
        return EVERY in (self.warehouse_id, other.warehouse_id) or (
            self.warehouse_id == other.warehouse_id
        )


def checked_correction(correction: HistoryCorrection) -> HistoryCorrection:
    """The correction; HistoryCorrectionError, with all that is wrong, when it makes no sense."""
    one, wrong = correction, []
    if one.warehouse_id == EVERY and one.product_id == EVERY and not (one.category or one.country):
        wrong.append("name a warehouse_id, product_id, category or country")
    wrong += _wrong_quantity(one)
    if one.last < one.first:
        wrong.append(f"last {one.last} is before first {one.first}")
    if one.first < _OLDEST:
        wrong.append(f"first {one.first}: no sales are known from before {_OLDEST}")
    if one.action == "continue":
        wrong += _wrong_continuation(one)
    elif (one.predecessor_id, one.factor) != (None, None):
        wrong.append("predecessor_id, factor: only `continue` takes them")
    elif one.last > one.created_at.date():
        wrong.append(f"last {one.last} has not come yet: only past periods can be corrected")
    wrong += [f"{name}: say it" for name in ("author", "reason") if not getattr(one, name).strip()]
    if wrong:
        raise HistoryCorrectionError("; ".join(wrong))
    return correction


def _wrong_quantity(one: HistoryCorrection) -> list[str]:
    wrong = []
    if one.action == "replace" and one.quantity is None:
        wrong.append("quantity: say what was wanted in a period")
    if one.action != "replace" and one.quantity is not None:
        wrong.append(f"quantity {one.quantity:g}: only `replace` takes one")
    if one.quantity is not None and not 0 <= one.quantity < float("inf"):
        wrong.append(f"quantity {one.quantity}: it must be 0 or more")
    return wrong


def _wrong_continuation(one: HistoryCorrection) -> list[str]:
    wrong = []
    if one.product_id == EVERY or one.category or one.country:
        wrong.append("product_id: name the one product that continues another, no group of them")
    if not one.predecessor_id:
        wrong.append("predecessor_id: say which product it continues")
    elif one.predecessor_id == one.product_id:
        wrong.append(f"predecessor_id {one.product_id!r}: a product cannot continue itself")
    if not 0 < one.times < float("inf"):
        wrong.append(f"factor {one.factor}: it must be above 0, 1 for as many units")
    if one.last != one.first:
        wrong.append(f"last {one.last}: leave it out, `continue` holds from first on")
    return wrong


def continuations(corrections: Sequence[HistoryCorrection]) -> list[HistoryCorrection]:
    """The successions among corrections, each after those of its predecessor.

    corrections: any, in any order.
    """
    left = [one for one in corrections if one.action == "continue"]
    ordered: list[HistoryCorrection] = []
    while left:
        waits = {one.product_id for one in left}
        ready = [one for one in left if one.predecessor_id not in waits] or left
        ordered += ready
        left = [one for one in left if one not in ready]
    return ordered


def linked_products(start: HistoryCorrection, known: Sequence[HistoryCorrection]) -> set[str]:
    """Products of the chain that a succession is in.

    start: the succession; known: the others, in any order.
    """
    links = [{one.product_id, str(one.predecessor_id)} for one in continuations(known)]
    found = {start.product_id, str(start.predecessor_id)}
    while more := [one for one in links if one & found and not one <= found]:
        found = found.union(*more)
    return found


def check_chain(given: HistoryCorrection, known: Sequence[HistoryCorrection]) -> None:
    """Raise HistoryCorrectionError where its predecessor has a successor in the same warehouse
    already, or where a succession closes a circle. A product may continue several others.

    given: the succession; known: the corrections that hold.
    """
    others = [one for one in continuations(known) if given.meets(one)]
    way = [given.product_id]
    for one in others:
        if one.predecessor_id == given.predecessor_id:
            raise HistoryCorrectionError(
                f"predecessor_id {given.predecessor_id!r}: {one.product_id} continues it since "
                f"{one.first} already; undo that first (correction {one.correction_id})"
            )
    for one in others:  # in the order of the chain
        if one.predecessor_id in way:
            way.append(one.product_id)
    if given.predecessor_id in way:
        raise HistoryCorrectionError(
            f"predecessor_id {given.predecessor_id!r}: it continues {given.product_id} itself, and "
            "both would go round in a circle; name another product, or undo what was told of it"
        )
