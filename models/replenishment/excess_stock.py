"""Stock that does not move: how long it lasts, and what to do about it for how much money."""

import numpy as np

from models.replenishment.lines import Lines, Texts
from models.replenishment.order import Order, Target
from models.replenishment.position import Position
from models.replenishment.protection_interval import Floats

# Stock that lasts longer is red.
RED_DAYS = 90.0
# A clearance price, as a share of the price; demand it brings, as a multiple of the usual.
MARKDOWN, MARKDOWN_LIFT = 0.2, 2.0
DEAD_PRICE = 0.5
_YEAR = 365.0


def stock_cover_days(target: Target, position: Position) -> Floats:
    """Days that stock on hand, less reserved, lasts at the expected pace; at most 9999.

    target: of n lines, with the pace in units a day; position: their stock and what they await.
    """
    stock = np.maximum(position.stock, 0.0)
    days = np.divide(
        stock, target.demand_rate, out=np.full(len(stock), np.inf), where=target.demand_rate > 1e-6
    )
    return np.where(stock > 0, np.round(np.minimum(days, 9999.0), 1), 0.0)


def proposals(
    lines: Lines, target: Target, position: Position, order: Order, *, gains: Floats
) -> tuple[Texts, Floats]:
    """For each line with more than RED_DAYS of stock what gains most, and its money effect.

    transfer: what giving some away gains (`gains`). stop ordering: holding saved on what is still
    to come, until the stock on hand is sold. markdown: MARKDOWN off, taken to sell
    MARKDOWN_LIFT times as fast: holding saved on the excess less the price given up; of stock that
    nobody asks for in a year, DEAD_PRICE of its price. keep: nothing gains. None: not slow, or not
    launched yet.

    lines: the n lines, with costs, prices and open orders; target: whose pace says how fast they
    sell; position: their stock and what they await; order: what the plan orders, which changes
    nothing here; gains: n, money.
    """
    days = stock_cover_days(target, position)
    red = (days > RED_DAYS) & lines.launched
    stock = np.maximum(position.stock, 0.0)
    excess = np.maximum(stock - target.demand_rate * RED_DAYS, 0.0)
    holding = np.where(lines.rate_known, np.nan_to_num(lines.holding), 0.0)
    wait = np.minimum(days, _YEAR)
    coming = lines.due_quantity.sum(axis=1)
    stopped = coming * holding * np.maximum(wait - RED_DAYS / 3, 0.0)
    dead = target.demand_rate * _YEAR < 1.0
    price = np.nan_to_num(lines.price)
    saved = excess * holding * wait * (1.0 - 1.0 / MARKDOWN_LIFT) / 2.0
    marked = np.where(dead, DEAD_PRICE * price * stock, saved - MARKDOWN * price * excess)
    table = np.stack([np.zeros(len(days)), marked, stopped, gains], axis=1)
    best = np.argmax(np.where(table > 0.005, table, 0.0), axis=1)
    names = np.array(["keep", "markdown", "stop ordering", "transfer"], dtype=object)
    text: Texts = names[best]
    text[~red] = None
    return text, np.where(red, table[np.arange(len(days)), best], np.nan)
