"""What is there, what is coming, and what that leaves of the demand before an order can arrive."""

from dataclasses import dataclass, replace

import numpy as np

from models.replenishment.lines import OVERDUE_DAYS, Lines
from models.replenishment.protection_interval import Demand, Floats
from models.replenishment.remaining import remaining_demand

# Moments of the lead time, as shares of it, at which stock may have run out.
_MOMENTS = np.array([0.25, 0.5, 0.75, 1.0])


@dataclass(frozen=True)
class Position:
    """Stock of each line and what it awaits.

    stock: n, on hand less reserved. due_quantity, due_days: n × k; below 0 days: overdue.
    """

    stock: Floats
    due_quantity: Floats
    due_days: Floats

    @classmethod
    def of(cls, lines: Lines) -> "Position":
        """The position of the lines as they were observed."""
        return cls(lines.on_hand - lines.reserved, lines.due_quantity, lines.due_days)

    def moved(self, units: Floats) -> "Position":
        """The position with so many units more (below 0: fewer) of each line."""
        return replace(self, stock=self.stock + units)

    def coming(self, days: Floats) -> Floats:
        """Units due before each line's days; overdue ones are about to come, unless they have been
        due for more than OVERDUE_DAYS: these count no more."""
        counted = (self.due_days < days[:, None]) & (self.due_days >= -OVERDUE_DAYS)
        units: Floats = np.where(counted, self.due_quantity, 0.0).sum(axis=1)
        return units

    def forgotten(self) -> Floats:
        """Units so long overdue that they are not counted on: they need a question."""
        units: Floats = np.where(self.due_days < -OVERDUE_DAYS, self.due_quantity, 0.0).sum(axis=1)
        return units

    def later(self, days: Floats) -> Floats:
        """Units due after each line's days."""
        units: Floats = np.where(self.due_days >= days[:, None], self.due_quantity, 0.0).sum(axis=1)
        return units


@dataclass(frozen=True)
class StockOutlook:
    """Demand over lead time + review period (`protection`; `days` long), and over parts of the
    lead time (`until`: n × k days). share: of the review period in it; lead_sd: days."""

    protection: Demand
    until: Floats
    parts: tuple[Demand, ...]
    share: Floats
    lead_sd: Floats
    days: Floats

    @property
    def demand_rate(self) -> Floats:
        """Units asked for a day, mean over the interval."""
        return self.protection.mean / np.maximum(self.days, 1e-9)

    @classmethod
    def of(cls, lines: Lines, *, later: float = 0.0) -> "StockOutlook":
        """Seen `later` periods after the lines' moment."""
        until = lines.lead_days[:, None] * _MOMENTS
        days = np.concatenate([lines.protection_days[:, None], until], axis=1)
        protection, *parts = lines.windows.over(days, later=later)
        share = np.clip(lines.review_days / np.maximum(lines.protection_days, 1e-9), 0.0, 1.0)
        return cls(protection, until, tuple(parts), share, lines.lead_sd, lines.protection_days)

    def facing(self, position: Position) -> "Faced":
        """The demand that an order placed now must meet, given what is there and coming.

        What is asked for while the shelf is empty, before the order can arrive, is lost and needs
        no stock (`remaining.remaining_demand`). Units owed to customers are served first.
        """
        there = np.stack([position.stock + position.coming(days) for days in self.until.T], axis=1)
        return Faced(
            *remaining_demand(
                self.protection,
                self.parts,
                np.maximum(there, 0.0),
                share=self.share,
                demand_rate=self.demand_rate,
                lead_sd=self.lead_sd,
            )
        )


@dataclass(frozen=True)
class Faced:
    """Demand to be met, lead time's spread included, and units expected to be lost before an order
    placed now can arrive."""

    demand: Demand
    lost: Floats
