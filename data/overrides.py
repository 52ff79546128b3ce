"""What a planner knows better than the forecast: an override, and what makes one valid."""

from dataclasses import dataclass
from datetime import date, datetime

from data.errors import ArgosyError


class OverrideError(ArgosyError):
    """An override cannot be kept as given."""


@dataclass(frozen=True)
class Override:
    """Demand of one pair in the periods that start from `first` to `last`, as a person sees it.

    quantity: units a period, in place of the forecast; factor: what it is multiplied by; one of
    the two. It holds from created_at until expires_at.
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

    def holds(self, now: datetime) -> bool:
        """Whether it counts at a moment."""
        return self.created_at <= now < self.expires_at


def checked(override: Override) -> Override:
    """The override; OverrideError, with all that is wrong, when it makes no sense."""
    wrong = []
    if (override.quantity is None) == (override.factor is None):
        wrong.append("give either quantity or factor")
    for name in ("quantity", "factor"):
        value = getattr(override, name)
        if value is not None and not 0 <= value < float("inf"):
            wrong.append(f"{name} {value}: it must be 0 or more")
    if override.last < override.first:
        wrong.append(f"last {override.last} is before first {override.first}")
    if override.expires_at <= override.created_at:
        wrong.append(f"expires_at {override.expires_at:%Y-%m-%d %H:%M} is past already")
    wrong += [f"{name}: say it" for name in ("author", "reason") if not getattr(override, name)]
    if wrong:
        raise OverrideError("; ".join(wrong))
    return override
