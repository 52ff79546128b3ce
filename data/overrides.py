"""What a planner knows better than the forecast: an override, of one pair or of many."""

from dataclasses import dataclass
from datetime import date, datetime

from data.errors import ArgosyError

# In the place of a warehouse or a product: an override of every one of them.
EVERY = "*"


class OverrideError(ArgosyError):
    """An override cannot be kept as given."""


@dataclass(frozen=True)
class Override:
    """Demand in the periods that start from `first` to `last`, as a person sees it.

    warehouse_id, product_id: of one pair, or EVERY. category (`a/b` lies in `a`), brand, country
    (of the warehouse): only pairs of that; None: of any. One of three says what is seen: quantity,
    units a period in place of the forecast; factor, what it is multiplied by; added, units a period
    beside it, below 0 for fewer. Units of several pairs are of all together, spread as they are
    forecast. It holds from created_at until expires_at.
    """

    override_id: str
    warehouse_id: str
    product_id: str
    first: date
    last: date
    author: str
    reason: str
    created_at: datetime
    expires_at: datetime
    quantity: float | None = None
    factor: float | None = None
    added: float | None = None
    category: str | None = None
    brand: str | None = None
    country: str | None = None

    @property
    def is_of_one_pair(self) -> bool:
        """True if it names a warehouse and a product, and nothing else."""
        others = (self.category, self.brand, self.country)
        return EVERY not in (self.warehouse_id, self.product_id) and not any(others)

    def holds(self, now: datetime) -> bool:
        """Whether it counts at a moment."""
        return self.created_at <= now < self.expires_at


def checked(override: Override) -> Override:
    """The override; OverrideError, with all that is wrong, when it makes no sense."""
    wrong = []
    groups = (override.category, override.brand, override.country)
    if override.warehouse_id == EVERY and override.product_id == EVERY and not any(groups):
        wrong.append("name a warehouse_id, product_id, category, brand or country")
    if sum(one is not None for one in (override.quantity, override.factor, override.added)) != 1:
        wrong.append("give either quantity or factor or added")
    if override.added is not None and not abs(override.added) < float("inf"):
        wrong.append(f"added {override.added}: it must be a number")
    for name in ("quantity", "factor"):
        value = getattr(override, name)
        if value is not None and not 0 <= value < float("inf"):
            wrong.append(f"{name} {value}: it must be 0 or more")
    if override.last < override.first:
        wrong.append(f"last {override.last} is before first {override.first}")
    if override.expires_at <= override.created_at:
        wrong.append(f"expires_at {override.expires_at:%Y-%m-%d %H:%M} is past already")
    wrong += [
        f"{name}: say it" for name in ("author", "reason") if not getattr(override, name).strip()
    ]
    if wrong:
        raise OverrideError("; ".join(wrong))
    return override
