"""One line in depth: its waterfall in units and money, and what other quantities would cost."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.replenishment.cover import Floats
from models.replenishment.lines import Lines
from models.replenishment.order import Target
from models.replenishment.plan import WATERFALL
from models.replenishment.position import Position
from models.replenishment.projection import Projection, project

_POINTS = 11


@dataclass(frozen=True)
class Depth:
    """curve: quantity, holding, shortage, ordering, total; projection: nothing more ordered."""

    curve: pd.DataFrame
    projection: Projection


def depth(lines: Lines, target: Target, quantity: float) -> Depth:
    """Of the one line that `lines` holds, around the quantity that was chosen."""
    position = Position.of(lines)
    return Depth(curve(lines, target, position, quantity), project(lines, position))


def curve(lines: Lines, target: Target, position: Position, quantity: float) -> pd.DataFrame:
    """Expected cost of quantities from none to twice the chosen one, on the pack.

    holding: of what is left at the end of a review period; shortage: lost sales over the cover;
    ordering: order cost, and the price of the units against the cheapest among these quantities.
    Money in the base currency; where costs are unknown: NaN.
    """
    pack = float(lines.pack[0])
    most = max(2 * quantity, float(target.up_to[0]), 4 * pack)
    step = max(np.ceil(most / (_POINTS - 1) / pack), 1.0) * pack
    quantities = np.unique(np.append(np.arange(_POINTS) * step, quantity))
    have = position.stock + position.coming(lines.cover_days)
    left = np.array([target.demand.leftover(have + each)[0] for each in quantities])
    short = np.array([target.demand.shortage(have + each)[0] for each in quantities])
    price = np.array([lines.unit_cost(np.array([each]))[0] for each in quantities])
    known = 1.0 if lines.rate_known[0] else np.nan
    holding = left * lines.holding[0] * lines.review_days[0] * known
    shortage = short * lines.shortage[0] * known
    ordering = lines.order_cost[0] * (quantities > 0) + quantities * (price - np.min(price))
    ordering = ordering * known
    table = {"quantity": quantities, "holding": holding, "shortage": shortage}
    total = holding + shortage + ordering
    return pd.DataFrame({**table, "ordering": ordering, "total": total}).round(4)


def waterfall(line: pd.Series) -> pd.DataFrame:
    """The parts of a line of the plan: part, units, money; both add up to the last digit.

    money: at the landed cost of a unit; NaN where that is unknown.
    """
    units: Floats = np.array([sign * float(line[name]) for name, sign in WATERFALL.items()])
    whole = np.concatenate([[0.0], np.cumsum(units)])
    # The sum is rounded, not the parts: so they add up.
    worth = np.round(whole / max(whole[-1], 1e-9) * line["order_value"], 2)
    if not line["order_quantity"] > 0:
        worth = np.round(whole * line["unit_cost"], 2)
    money = np.round(np.diff(worth), 2)
    return pd.DataFrame({"part": list(WATERFALL), "units": np.round(units, 3), "money": money})
