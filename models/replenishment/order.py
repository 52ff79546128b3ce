"""From a level and a position to a quantity: packs, minimum quantity, lots, capacity."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.replenishment import breaks
from models.replenishment.cover import Demand, Floats
from models.replenishment.lines import Lines
from models.replenishment.position import Position

Flags = NDArray[np.bool_]

# A lot is never made larger for the order cost's sake than this many days of demand.
LONGEST_LOT_DAYS = 180.0
# Share of a warehouse's capacity that planned stock may fill.
FILL_SHARE = 0.85
# What a planner reads is whole thousandths, so that it adds up to the last digit.
_DIGITS = 3


@dataclass(frozen=True)
class Target:
    """Where the policy wants the position to be; n arrays.

    mean, safety, display, buffer: units; up_to is their sum. display: what must stay on the shelf
    beyond the safety; buffer: for a promotion whose lift is uncertain. pace: units asked for a day.
    lost: what was left out of mean, because it will be lost before an order can arrive.
    at: order only when the position is at or below it, and then `beyond` units above up_to; the s
    and S of (s, S). inf and 0 where nothing is gained by waiting.
    ratio: the probability of not running short that up_to stands for.
    promise: whether the level is a promise that rounding must keep (a service level).
    lot: the least worth ordering, because more at once is cheaper; order_cost: what a review
    period's demand carries of it, per 1 / quantity, in units of shortage and holding together.
    demand: its distribution over the cover, lead time included.
    """

    mean: Floats
    safety: Floats
    display: Floats
    buffer: Floats
    pace: Floats
    lost: Floats
    at: Floats
    beyond: Floats
    ratio: Floats
    promise: Flags
    lot: Floats
    order_cost: Floats
    demand: Demand

    @property
    def up_to(self) -> Floats:
        """The order-up-to level."""
        return self.mean + self.safety + self.display + self.buffer


@dataclass(frozen=True)
class Order:
    """The quantity of each line and the parts that explain it.

    up_to − on_hand + reserved − on_order − moved + surplus + minimum + rounding − cut − unfunded
    = quantity. moved: units transferred in (below 0: out). unfunded: cut by a cap. surplus:
    position above the level; minimum: units added for the minimum quantity, a price break or what
    an order costs;
    cut: units taken off because the warehouse would be too full.
    """

    quantity: Floats
    surplus: Floats
    minimum: Floats
    rounding: Floats
    cut: Floats
    moved: Floats
    unfunded: Floats


def economic_lot(lines: Lines, pace: Floats) -> Floats:
    """The lot that balances order cost, price and holding; 0 where there is nothing to balance.

    sqrt(2·K·d/h) (Harris, 1913), or the best with the price breaks. pace: units a day. At most
    LONGEST_LOT_DAYS of demand, nor more than will be asked for before the end of life.
    """
    return np.minimum(
        np.maximum(_plain_lot(lines, pace), _break_lot(lines, pace)), longest(lines, pace)
    )


def price_lot(lines: Lines, pace: Floats) -> Floats:
    """The lot of the price break that is worth reaching, at most as `economic_lot`; 0: none is."""
    return np.minimum(_break_lot(lines, pace), longest(lines, pace))


def longest(lines: Lines, pace: Floats) -> Floats:
    """Units sold in LONGEST_LOT_DAYS, or before the end of life."""
    days = np.minimum(LONGEST_LOT_DAYS, np.maximum(lines.end_days - lines.lead_days, 0.0))
    return np.asarray(np.maximum(pace, 0.0) * days)


def _plain_lot(lines: Lines, pace: Floats) -> Floats:
    holding = np.nan_to_num(lines.holding)
    known = (holding > 0) & (lines.order_cost > 0)
    lot = np.sqrt(2 * lines.order_cost * np.maximum(pace, 0.0) / np.where(known, holding, 1.0))
    return np.where(known, lot, 0.0)


def _break_lot(lines: Lines, pace: Floats) -> Floats:
    """The best lot of the lines with price breaks; 0 where no break is worth it."""
    plain = _plain_lot(lines, pace)
    offered = (np.nan_to_num(lines.holding) > 0) & ~np.isnan(lines.goods_cost)
    if lines.break_quantity.shape[1] < 2 or not offered.any():
        return np.zeros(len(lines))
    usual = np.maximum(pace, 0.0) * lines.review_days
    lot = breaks.best_lot(
        pace,
        order_cost=lines.order_cost,
        unit_cost=np.nan_to_num(lines.goods_cost),
        holding=np.nan_to_num(lines.holding),
        least=np.maximum(usual, lines.minimum),
        quantities=lines.break_quantity,
        shares=lines.break_share,
    )
    reached = breaks.share_at(lines.break_quantity, lines.break_share, lot) < 1.0
    affordable = lot <= pace * LONGEST_LOT_DAYS
    return np.where(offered & reached & affordable & (lot > plain), lot, 0.0)


def place(lines: Lines, target: Target, position: Position) -> Order:
    """The order that brings the position to the level, as packs and minimum allow.

    Where orders cost money it goes `beyond` the level, by the nearest pack, and only from `at`
    down. Elsewhere, between two multiples of the pack, the cheaper one is taken, by the expected
    cost of shortage and leftover at the level's own ratio (for a promise the upper one); what
    results, at least the minimum quantity or the lot, is ordered only where that costs less than
    waiting for the next review: the shortage it prevents against a review period's holding.
    """
    have = position.stock + position.coming(lines.cover_days)
    need = thousandths(target.up_to) - have
    wants = (need > 0) & (have <= target.at) & (lines.blocked == "")
    pack, batch = lines.pack, np.isfinite(target.at)
    wanted = need + target.beyond
    lower = np.floor(wanted / pack + 1e-9) * pack
    cheaper = loss(target, have + lower + pack) < loss(target, have + lower)
    nearer = 2 * (wanted - lower) >= pack
    round_up = target.promise | np.where(batch, nearer, cheaper)
    exact = np.abs(wanted - lower) < 1e-9
    nearest = np.where(round_up & ~exact, lower + pack, lower)
    least = np.maximum(lines.minimum, target.lot)
    packed = np.maximum(np.maximum(nearest, np.ceil(least / pack - 1e-9) * pack), 0.0)
    ordering = target.order_cost / np.maximum(packed, 1e-9)
    saves = loss(target, have + packed) + ordering < loss(target, have)
    ordered = wants & (packed > 0) & (target.promise | batch | saves)
    quantity = np.where(ordered, packed, 0.0)
    most = np.maximum(least, wanted) - np.maximum(need, 0.0)
    minimum = np.where(ordered, np.maximum(most, 0.0), 0.0)
    return _explained(quantity, need, thousandths(minimum))


def within_capacity(lines: Lines, target: Target, order: Order) -> Order:
    """The order cut to FILL_SHARE of each warehouse's capacity, likeliest shortage served first."""
    if not (~np.isnan(lines.capacity)).any():
        return order
    coming = lines.due_quantity.sum(axis=1)
    frame = lines.keys[["warehouse_id"]].assign(
        room=lines.capacity * FILL_SHARE,
        held=lines.on_hand + coming,
        asked=order.quantity,
        risk=-target.demand.exceeds(lines.on_hand - lines.reserved + coming),
    )
    by = frame.groupby("warehouse_id", sort=False)
    room = (by["room"].transform("max") - by["held"].transform("sum")).fillna(np.inf)
    ranked = frame.sort_values("risk", kind="stable")
    before = ranked.groupby("warehouse_id", sort=False)["asked"].cumsum() - ranked["asked"]
    left = np.maximum(room.to_numpy() - before.reindex(frame.index).to_numpy(), 0.0)
    fits = np.floor(np.minimum(order.quantity, left) / lines.pack + 1e-9) * lines.pack
    kept = np.where(fits >= lines.minimum, fits, 0.0)
    kept = np.where(left >= order.quantity, order.quantity, kept)
    cut = order.quantity - kept
    return replace(order, quantity=kept, cut=cut)


def _explained(quantity: Floats, need: Floats, minimum: Floats) -> Order:
    surplus = thousandths(np.maximum(-need, 0.0))
    rounding = thousandths(quantity - need - surplus - minimum)
    nothing = np.zeros(len(quantity))
    return Order(quantity, surplus, minimum, rounding, cut=nothing, moved=nothing, unfunded=nothing)


def loss(target: Target, stock: Floats) -> Floats:
    """Expected cost of shortage and leftover in units of both together: the newsvendor's."""
    demand, stock = target.demand, stock - target.display - target.buffer
    return target.ratio * demand.shortage(stock) + (1 - target.ratio) * demand.leftover(stock)


def thousandths(values: Floats) -> Floats:
    """Rounded to what a planner reads; never −0."""
    return np.round(values, _DIGITS) + 0.0
