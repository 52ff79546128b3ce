"""One line in depth: its waterfall in units and money, and what other quantities would cost."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.replenishment.lines import Lines
from models.replenishment.order import (
    Target,
    cover_limit,
    largest_order,
    smallest_order,
    thousandths,
)
from models.replenishment.plan import WATERFALL
from models.replenishment.position import Position
from models.replenishment.projection import Projection, project
from models.replenishment.protection_interval import Floats

_POINTS = 11


@dataclass(frozen=True)
class Depth:
    """curve: quantity, holding, shortage, ordering, later, total; projection: if nothing more is
    ordered."""

    curve: pd.DataFrame
    projection: Projection


def depth(lines: Lines, target: Target, quantity: float, *, moved: float = 0.0) -> Depth:
    """The depth of the one line that `lines` holds, around the quantity that was chosen.

    target: where the policy wants the line's position; quantity: units ordered; moved: units that a
    transfer brings (below 0: takes).
    """
    position = Position.of(lines)
    found = curve(lines, target, position.moved(np.array([moved])), quantity)
    return Depth(found, project(lines, position))


def curve(lines: Lines, target: Target, position: Position, quantity: float) -> pd.DataFrame:
    """Expected cost of quantities from none to twice the chosen one, on the pack, none of which
    lasts longer than is allowed.

    holding, shortage: of what is left and what is missed until the next order can be there;
    ordering: this order's cost and what its price is above the usual; later: what follows in later
    periods (holding and orders), beside the quantity that makes it least. The least total is that
    of the quantity which the policy orders before caps. Money in the base currency; where costs are
    unknown: NaN.

    lines: one line alone; target: where the policy wants its position; position: its stock and what
    it awaits, transfers included; quantity: the chosen one, in units.
    """
    have = position.stock + position.coming(lines.protection_days)
    limit = cover_limit(lines, target, thousandths(target.up_to) - have)[0]
    quantities = _quantities(lines, target, quantity, max(float(limit), quantity))
    rows = np.zeros(len(quantities), dtype=np.int64)
    there = np.repeat(have, len(quantities))
    if target.costs is None:
        held = np.array([target.demand.leftover(have + each)[0] for each in quantities])
        lost = np.array([target.demand.shortage(have + each)[0] for each in quantities])
        held, lost, spent, later = held / 2, lost / 2, 0.0 * held, 0.0 * held
    else:
        held, lost, spent, later = target.costs.at(rows).parts(there, quantities)
        if target.costs.obliged[0]:
            lost = lost + _promise(target, have[0], quantities, held + lost + spent + later)
    known = target.worth(lines)[0] if lines.rate_known[0] else np.nan
    table = {"holding": held, "shortage": lost, "ordering": spent, "later": later - later.min()}
    money = pd.DataFrame({name: known * values for name, values in table.items()})
    money = money.round(4)
    total = money.sum(axis=1, skipna=False)
    return money.assign(total=total).assign(quantity=quantities)[["quantity", *table, "total"]]


def _promise(target: Target, have: float, quantities: Floats, total: Floats) -> Floats:
    """What a promise of service puts on a missing unit: no quantity below the level is cheaper."""
    missing = np.maximum(target.up_to[0] - have - quantities, 0.0)
    kept = np.min(total[missing == 0], initial=np.inf)
    if not np.isfinite(kept):
        return np.zeros(len(total))
    return np.where(missing > 0, np.maximum(kept - total, 0.0) + 0.01 * missing, 0.0)


def _quantities(lines: Lines, target: Target, quantity: float, limit: float) -> Floats:
    """None, the chosen quantity and its neighbours, and others on the pack between smallest and
    largest order, up to a limit."""
    pack, least, most = (
        float(each[0]) for each in (lines.pack, smallest_order(lines), largest_order(lines))
    )
    top = max(2 * quantity, float(target.up_to[0]), 4 * pack)
    step = max(np.ceil(top / (_POINTS - 1) / pack), 1.0) * pack
    points = [*(np.arange(_POINTS) * step), quantity - pack, quantity, quantity + pack]
    inside = [each for each in points if least - 1e-9 <= each <= min(most, limit) + 1e-9]
    return np.unique(np.array([0.0, quantity, *inside]))


def waterfall(line: pd.Series, *, digits: int = 2) -> pd.DataFrame:
    """The parts of a line of the plan: part, units, money; both add up to the last digit.

    line: a row of the plan. digits: of the base currency's minor unit. money: at the landed cost of
    a unit; NaN where that is unknown.
    """
    units: Floats = np.nan_to_num([sign * float(line[name]) for name, sign in WATERFALL.items()])
    whole = np.concatenate([[0.0], np.cumsum(units)])
    # The sum is rounded, not the parts: so they add up.
    worth = np.round(whole / max(whole[-1], 1e-9) * line["order_value"], digits)
    if not line["order_quantity"] > 0:
        worth = np.round(whole * line["unit_cost"], digits)
    money = np.round(np.diff(worth), digits)
    return pd.DataFrame({"part": list(WATERFALL), "units": np.round(units, 3), "money": money})
