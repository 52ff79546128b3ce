"""What a quantity costs: the one calculation that the plan, its caps and every screen read.

Costs are in losses: the cost of a unit short and of one left for a review period, together, is 1.
"""

from dataclasses import dataclass, replace

import numpy as np

from models.replenishment import breaks
from models.replenishment.lines import Flags
from models.replenishment.protection_interval import Demand, Floats, Ints
from models.replenishment.reorder import Reorder

# Holding of what a review period leaves is counted for at most so many of them.
_MOST_PERIODS = 260.0


@dataclass(frozen=True)
class CostModel:
    """The expected cost of a quantity of each line, over all periods until it is sold; n arrays.

    demand: to be met; ratio: the share of a unit short in the losses; level: the order-up-to level,
    display and buffer in it; plain: the level of a shelf that lasts until the order comes; shelf:
    display and buffer alone. mean: demand of a review period. reorder: the policy of lines whose
    orders cost money or are larger than a period's demand; place: of each line in it, -1 elsewhere.
    order_cost: of an order; unit: money of one loss, NaN: unknown; break_quantity, break_price:
    n × k, what a unit costs from a quantity on, beside the price of the lot that is best in the
    long run. obliged: an order must be made below the level.
    """

    demand: Demand
    ratio: Floats
    level: Floats
    plain: Floats
    shelf: Floats
    mean: Floats
    reorder: Reorder
    place: Ints
    order_cost: Floats
    unit: Floats
    break_quantity: Floats
    break_price: Floats
    obliged: Flags

    def parts(self, have: Floats, quantity: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Holding and lost sales until the next order can be there, this order's cost with what its
        price is above the usual, and what follows in later periods; all n.

        have: units there, coming or moved here; quantity: units ordered now. The last part is
        counted from a point of its own: only differences between quantities mean anything.
        """
        position = have + quantity - self.shelf
        held = (1 - self.ratio) * self.demand.leftover(position)
        lost = self.ratio * self.demand.shortage(position)
        price = breaks.share_at(self.break_quantity, self.break_price, quantity)
        spent = np.where(quantity > 0, self.order_cost, 0.0) + quantity * price
        over = np.maximum(have + quantity - self.level, 0.0)
        later = (1 - self.ratio) * later_holding(over, self.mean)
        batch = np.flatnonzero(self.place >= 0)
        if len(batch):
            later[batch] = self._value(have, quantity, batch) - held[batch] - lost[batch]
        return held, lost, spent, later

    def total(self, have: Floats, quantity: Floats) -> Floats:
        """The sum of `parts`.

        have: n, units there, coming or moved here; quantity: n, units ordered now.
        """
        return np.asarray(sum(self.parts(have, quantity)), dtype=np.float64)

    def _value(self, have: Floats, quantity: Floats, batch: Ints) -> Floats:
        """Cost of the position after ordering, by the lines' own policy."""
        # An order counts from what it meets once it is there; not ordering, from what is there now.
        level = np.where(quantity > 0, self.level, self.plain)[batch]
        above = have[batch] + quantity[batch] - level
        return self.reorder.costs(self.place[batch], above, ratio=self.ratio[batch])

    def at(self, rows: Ints) -> "CostModel":
        """The costs of some lines only."""
        demand = Demand(self.demand.mean[rows], self.demand.quantiles[rows])
        names = ("ratio", "level", "plain", "shelf", "mean", "place", "order_cost", "unit")
        more = ("break_quantity", "break_price", "obliged")
        own = {name: getattr(self, name)[rows] for name in (*names, *more)}
        return replace(self, demand=demand, **own)


def later_holding(over: Floats, mean: Floats) -> Floats:
    """Units × review periods that a surplus is still held after the first period.

    over: units above the level; mean: units sold in a review period. The surplus shrinks by the
    mean each period: Σ (over − k·mean), k = 1, 2, … while that is above 0.

    >>> later_holding(np.array([25.0, 5.0]), np.array([10.0, 10.0])).tolist()
    [20.0, 0.0]
    """
    periods = np.minimum(np.floor(over / np.maximum(mean, 1e-9)), _MOST_PERIODS)
    return np.asarray(periods * over - mean * periods * (periods + 1) / 2)
