"""What a planner knows of past periods: a correction of the history of one pair, or of many."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from data.errors import ArgosyError
from data.overrides import EVERY

Action = Literal["mark", "exclude", "replace"]
_OLDEST = date(1970, 1, 1)


class HistoryCorrectionError(ArgosyError):
    """A correction of history cannot be kept as given."""


@dataclass(frozen=True)
class HistoryCorrection:
    """Demand in the closed periods that start from `first` to `last`, as a person sees it.

    warehouse_id, product_id: of one pair, or EVERY. category (`a/b` lies in `a`), country (of the
    warehouse): only pairs of that; None: of any. action: mark, a note that changes no number;
    exclude, demand of these periods is unknown; replace, it was `quantity` units a period, of
    several pairs together, spread as they sold. It is known from created_at until dropped_at.
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
    dropped_at: datetime | None = None
    # Corrections name no brand; overrides, which are found in the same way, may.
    brand: None = None

    def is_known(self, at: datetime) -> bool:
        """Whether it was made, and not yet undone, at a moment."""
        return self.created_at <= at and (self.dropped_at is None or at < self.dropped_at)


def checked_correction(correction: HistoryCorrection) -> HistoryCorrection:
    """The correction; HistoryCorrectionError, with all that is wrong, when it makes no sense."""
    one, wrong = correction, []
    if one.warehouse_id == EVERY and one.product_id == EVERY and not (one.category or one.country):
        wrong.append("name a warehouse_id, product_id, category or country")
    if one.action == "replace" and one.quantity is None:
        wrong.append("quantity: say what was wanted in a period")
    if one.action != "replace" and one.quantity is not None:
        wrong.append(f"quantity {one.quantity:g}: only `replace` takes one")
    if one.quantity is not None and not 0 <= one.quantity < float("inf"):
        wrong.append(f"quantity {one.quantity}: it must be 0 or more")
    if one.last < one.first:
        wrong.append(f"last {one.last} is before first {one.first}")
    if one.first < _OLDEST:
        wrong.append(f"first {one.first}: no sales are known from before {_OLDEST}")
    if one.last > one.created_at.date():
        wrong.append(f"last {one.last} has not come yet: only past periods can be corrected")
    wrong += [f"{name}: say it" for name in ("author", "reason") if not getattr(one, name).strip()]
    if wrong:
        raise HistoryCorrectionError("; ".join(wrong))
    return correction
