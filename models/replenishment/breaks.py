"""Price breaks: how many to order at once when more at once is cheaper a unit."""

import numpy as np
import pandas as pd

from models.replenishment.protection_interval import Floats

# An order is not made larger for its cost's or price's sake than so many days of demand, where the
# terms say nothing else: what stock costs beyond holding it, none of the terms tell.
LONGEST_LOT_DAYS = 180.0


def read(text: str | None) -> list[tuple[float, float]] | None:
    """`24:0.97|48:0.94` as (from this quantity on, share of the unit cost), rising; None: faulty.

    >>> read("48:0.94|24:0.97")
    [(24.0, 0.97), (48.0, 0.94)]
    >>> read("many:0.9") is None
    True
    """
    if text is None or pd.isna(text) or not text.strip():
        return []
    parts = [part.partition(":") for part in text.split("|")]
    try:
        steps = sorted((float(quantity), float(share)) for quantity, _, share in parts)
    except ValueError:
        return None
    sane = all(quantity > 0 and 0 < share <= 1 for quantity, share in steps)
    return steps if sane else None


def tables(texts: pd.Series) -> tuple[Floats, Floats, np.ndarray]:
    """Quantities and shares of each line, n × k, padded by (inf, 1); and which texts are faulty.

    Column 0 is the plain price: (0, 1).
    """
    known = {text: read(text) for text in texts.dropna().unique()}
    widest = max((len(steps) for steps in known.values() if steps), default=0)
    quantity = np.full((len(texts), widest + 1), np.inf)
    share = np.ones((len(texts), widest + 1))
    quantity[:, 0] = 0.0
    for text, steps in known.items():
        rows = np.flatnonzero((texts == text).to_numpy())
        for column, (least, part) in enumerate(steps or [], start=1):
            quantity[rows, column], share[rows, column] = least, part
    faulty = texts.map(lambda text: known.get(text, []) is None).to_numpy(dtype=bool)
    return quantity, share, faulty


def share_at(quantities: Floats, shares: Floats, ordered: Floats) -> Floats:
    """The share of the unit cost to pay for each line's order: that of the last step reached.

    quantities, shares: n × k, see `tables`: each share holds from its quantity on; ordered: n,
    units of each line's order.
    """
    reached = (quantities <= ordered[:, None] + 1e-9).sum(axis=1) - 1
    return np.asarray(shares[np.arange(len(ordered)), np.maximum(reached, 0)])


def best_lot(
    demand_rate: Floats,
    *,
    order_cost: Floats,
    unit_cost: Floats,
    holding: Floats,
    least: Floats,
    most: Floats | None = None,
    quantities: Floats,
    shares: Floats,
) -> Floats:
    """The lot of the lowest cost with all-units discounts (Snyder & Shen, Fundamentals of Supply
    Chain Theory, 2nd ed., 3.4): of each price the economic lot, moved to where the price holds.

    demand_rate: units a day; unit_cost, order_cost: money; holding: money a unit and day at the
    plain price; least: no order is smaller; most: none is larger, so that a price step beyond it
    is none. quantities, shares: n × k, see `tables`. g(Q) = c·d + K·d/Q + h·Q/2.
    """
    demand_rate, least = np.maximum(demand_rate, 0.0)[:, None], np.maximum(least, 1e-9)[:, None]
    rate = np.maximum(holding[:, None] * shares, 1e-12)
    economic = np.sqrt(2 * order_cost[:, None] * demand_rate / rate)
    ends = np.concatenate([quantities[:, 1:], np.full((len(quantities), 1), np.inf)], axis=1)
    reachable = np.maximum(economic, least) < ends
    lot = np.maximum(np.maximum(economic, least), quantities)
    with np.errstate(invalid="ignore"):  # steps that a line does not have
        cost = unit_cost[:, None] * shares * demand_rate + order_cost[:, None] * demand_rate / lot
        cost = cost + rate * lot / 2
    limit = np.inf if most is None else np.maximum(most[:, None], least)
    cost = np.where(reachable & np.isfinite(lot) & (lot <= limit), cost, np.inf)
    chosen = np.argmin(cost, axis=1)
    return np.asarray(lot[np.arange(len(lot)), chosen])
