"""Minimum order value: all lines of one order together, filled up or left for the next time."""

from dataclasses import replace

import numpy as np
import pandas as pd

from models.replenishment import breaks
from models.replenishment.lines import Lines
from models.replenishment.order import Order, Target, largest_order, smallest_order
from models.replenishment.protection_interval import Floats, Ints

# An order is filled up in at most so many steps.
_STEPS = 200
WAITS = "the supplier's minimum order value is not reached, and waiting costs less"


def order_worth(lines: Lines, quantity: Floats) -> Floats:
    """What the supplier invoices for each line: without duty and freight; n, money.

    lines: the n lines; quantity: n, units.
    """
    share = breaks.share_at(lines.break_quantity, lines.break_share, quantity)
    price = np.where(lines.rate_known, lines.goods_cost, np.nan) / (1.0 + lines.duty)
    return np.asarray(price * share * quantity)


def reach_minimum(lines: Lines, target: Target, order: Order, have: Floats) -> Order:
    """The orders of suppliers that deliver only from a value on, filled up to it or left out.

    An order of too little is filled up by the units, of any of its warehouse's and supplier's
    lines, that cost least beside ordering them later; where all these cost more than it costs to
    order nothing now, it waits. Lines that must be ordered (a promised service level, a display
    minimum) are always filled up.

    lines: the n lines; target: where the policy wants them; order: what is wanted of each; have: n,
    units there, coming or moved here. Added units are counted in `minimum`, those left out in
    `waiting`.
    """
    if target.costs is None or not (lines.minimum_value > 0).any():
        return order
    keys = pd.MultiIndex.from_frame(lines.keys[["warehouse_id", "supplier_id"]])
    group = pd.factorize(keys)[0]
    least = np.zeros(group.max() + 1)
    np.maximum.at(least, group, lines.minimum_value)
    worth = _totals(group, order_worth(lines, order.quantity))
    short = (worth > 0) & (worth < least - 1e-9)
    rows = np.flatnonzero(short[group] & (lines.blocked == ""))
    if not len(rows):
        return order
    filled, reached = _filled_up(lines, target, order.quantity, have, rows, group, least)
    money = np.nan_to_num(target.worth(lines), nan=0.0)
    nothing = np.zeros(len(lines))

    def cost(quantity: Floats) -> Floats:
        assert target.costs is not None
        return _totals(group, money * target.costs.total(have, quantity))

    obliged = target.costs.obliged & (order.quantity > 0)
    must = np.bincount(group, weights=obliged, minlength=len(least)) > 0
    waits = short & ~must & (~reached | (cost(filled) >= cost(nothing)))
    left = waits[group] & (order.quantity > 0)
    more = np.where(waits[group], 0.0, filled - order.quantity)
    return replace(
        order,
        quantity=np.where(left, 0.0, order.quantity + more),
        minimum=order.minimum + more,
        waiting=order.waiting + np.where(left, order.quantity, 0.0),
        too_little=left,
    )


def _filled_up(
    lines: Lines,
    target: Target,
    quantity: Floats,
    have: Floats,
    rows: Ints,
    group: Ints,
    least: Floats,
) -> tuple[Floats, np.ndarray]:
    """Quantities of the short orders, step by step the units that cost least for their worth, and
    which orders reach their minimum."""
    assert target.costs is not None
    costs, money = target.costs.at(rows), np.nan_to_num(target.worth(lines)[rows])
    own = _limits(lines, rows)
    mine, answer = group[rows], quantity.copy()
    for _ in range(_STEPS):
        now = answer[rows]
        missing = least - _totals(group, order_worth(lines, answer))
        first = np.where(now > 0, 0.0, own["first"])
        unit = own["price"]
        packs = np.ceil(missing[mine] / np.maximum(unit * own["pack"], 1e-9) / 8)
        step = np.maximum(np.maximum(packs, 1.0) * own["pack"], first)
        step = np.where(now + step <= own["most"] + 1e-9, step, np.nan)
        rise = money * (
            costs.total(have[rows], np.nan_to_num(now + step)) - costs.total(have[rows], now)
        )
        per = np.where((missing[mine] > 1e-9) & (unit > 0), rise / (unit * step), np.nan)
        open_ = np.isfinite(per)
        if not open_.any():
            break
        ranked = pd.Series(per[open_], index=np.flatnonzero(open_))
        best = ranked.groupby(mine[open_]).idxmin().to_numpy()
        answer[rows[best]] += step[best]
    return answer, _totals(group, order_worth(lines, answer)) >= least - 1e-9


def _limits(lines: Lines, rows: Ints) -> dict[str, Floats]:
    """Of some lines: pack, first (smallest order), most (largest), price (a unit, invoiced)."""
    return {
        "pack": lines.pack[rows],
        "first": smallest_order(lines)[rows],
        "most": largest_order(lines)[rows],
        "price": order_worth(lines, np.ones(len(lines)))[rows],
    }


def _totals(group: Ints, values: Floats) -> Floats:
    return np.asarray(np.bincount(group, weights=np.nan_to_num(values)), dtype=np.float64)
