"""From a level and a position to a quantity: packs, minimum quantity, lots, capacity."""

from dataclasses import dataclass, replace

import numpy as np

from models.replenishment import breaks
from models.replenishment.cost import CostModel
from models.replenishment.lines import Flags, Lines
from models.replenishment.position import Position
from models.replenishment.protection_interval import Demand, Floats

# Share of a warehouse's capacity that planned stock may fill.
FILL_SHARE = 0.85
# Packs that a quantity is moved by in search of a cheaper one.
_STRIDES = (64, 32, 16, 8, 4, 2, 1, 1, 1)
# What a planner reads is whole thousandths, so that it adds up to the last digit.
_DIGITS = 3


@dataclass(frozen=True)
class Target:
    """Where the policy wants the position to be; n arrays.

    mean, safety, display, buffer: units; up_to is their sum. display: what must stay on the shelf
    beyond the safety; buffer: for a promotion whose lift is uncertain. demand_rate: units asked
    for a day. lost: what was left out of mean, because it will be lost before an order can arrive.
    at: the reorder point; order only when the position is at or below it, and then
    `order_up_to_gap` units above up_to; the s and S of (s, S). inf and 0 where nothing is gained
    by waiting. never: no order pays at all. ahead: units beyond that a known price rise makes
    worth buying. ratio: the probability of not running short that up_to stands for.
    promise: whether the level is a promise that rounding must keep (a service level).
    demand: its distribution over the protection interval, lead time included.
    costs: what each quantity costs; None: a plain policy, which prices nothing.
    """

    mean: Floats
    safety: Floats
    display: Floats
    buffer: Floats
    demand_rate: Floats
    lost: Floats
    at: Floats
    order_up_to_gap: Floats
    never: Flags
    ahead: Floats
    ratio: Floats
    promise: Flags
    demand: Demand
    costs: CostModel | None

    @property
    def up_to(self) -> Floats:
        """The level."""
        return self.mean + self.safety + self.display + self.buffer

    def worth(self, lines: Lines) -> Floats:
        """Money of a loss (see `cost`): of a unit short and one left for a review period. lines:
        those of the target."""
        ratio = self.ratio if self.costs is None else self.costs.ratio
        by_holding = lines.holding * lines.review_days / np.maximum(1.0 - ratio, 1e-3)
        by_shortage = np.nan_to_num(lines.shortage) / np.maximum(ratio, 1e-3)
        unit = by_shortage if self.costs is None else self.costs.unit
        return np.where(unit > 0, unit, np.where(by_holding > 0, by_holding, by_shortage))

    def gain(self, have: Floats, quantity: Floats) -> Floats:
        """What so many units (n) beyond `have` (n) save, in losses (see `cost`).

        have: n, units there, coming or moved here; quantity: n, units ordered on top of them.
        """
        if self.costs is None:
            return loss(self, have) - loss(self, have + quantity)
        nothing = np.zeros(len(have))
        return self.costs.total(have, nothing) - self.costs.total(have, quantity)


@dataclass(frozen=True)
class Order:
    """The quantity of each line and the parts that explain it.

    up_to + lot − on_hand + reserved − on_order − moved + surplus − waiting + minimum + rounding
    − limited − cut − unfunded = quantity. lot: units beyond the level because an order costs money,
    more at once is cheaper or a price will rise; surplus: position above the level and lot;
    waiting: units below it that are not ordered yet, because waiting costs less; minimum: added for
    the supplier's minimum quantity; limited: taken off by its maximum; moved: units transferred in
    (below 0: out); unfunded: cut by a cap; cut: units taken off because the warehouse would be too
    full. too_little: not ordered, for the whole order would be below its minimum value. left_out:
    the price step that would cost less and lasts longer than `Lines.longest_days`; 0: none.
    """

    quantity: Floats
    lot: Floats
    surplus: Floats
    waiting: Floats
    minimum: Floats
    rounding: Floats
    limited: Floats
    cut: Floats
    moved: Floats
    unfunded: Floats
    too_little: Flags
    left_out: Floats


def economic_lot(lines: Lines, demand_rate: Floats) -> Floats:
    """The lot that balances order cost, price and holding; 0 where there is nothing to balance.

    sqrt(2·K·d/h) (Harris, 1913), or the best with the price breaks. At most `longest_days` of
    demand, nor more than will be asked for before the end of life.

    lines: the n lines, with costs and price breaks; demand_rate: n, units asked for a day.
    """
    return np.minimum(
        np.maximum(_plain_lot(lines, demand_rate), _break_lot(lines, demand_rate)),
        longest(lines, demand_rate),
    )


def price_lot(lines: Lines, demand_rate: Floats) -> Floats:
    """The lot of the price break that is worth reaching, at most as `economic_lot`; 0: none is.

    lines: the n lines, with costs and price breaks; demand_rate: n, units asked for a day.
    """
    return np.minimum(_break_lot(lines, demand_rate), longest(lines, demand_rate))


def longest(lines: Lines, demand_rate: Floats) -> Floats:
    """Units sold in `longest_days`, or before the end of life.

    lines: the n lines, with longest_days, lead time and end of life in days; demand_rate: n, units
    asked for a day.
    """
    days = np.minimum(lines.longest_days, np.maximum(lines.end_days - lines.lead_days, 0.0))
    return np.asarray(np.maximum(demand_rate, 0.0) * days)


def _plain_lot(lines: Lines, demand_rate: Floats) -> Floats:
    holding = np.nan_to_num(lines.holding)
    known = (holding > 0) & (lines.order_cost > 0)
    lot = np.sqrt(
        2 * lines.order_cost * np.maximum(demand_rate, 0.0) / np.where(known, holding, 1.0)
    )
    return np.where(known, lot, 0.0)


def _break_lot(lines: Lines, demand_rate: Floats) -> Floats:
    """The best lot of the lines with price breaks; 0 where no break is worth it."""
    offered = (np.nan_to_num(lines.holding) > 0) & ~np.isnan(lines.goods_cost)
    if lines.break_quantity.shape[1] < 2 or not offered.any():
        return np.zeros(len(lines))
    usual = np.maximum(demand_rate, 0.0) * lines.review_days
    lot = breaks.best_lot(
        demand_rate,
        order_cost=lines.order_cost,
        unit_cost=np.nan_to_num(lines.goods_cost),
        holding=np.nan_to_num(lines.holding),
        least=np.maximum(usual, lines.minimum),
        most=np.minimum(np.maximum(demand_rate, 0.0) * lines.longest_days, lines.most),
        quantities=lines.break_quantity,
        shares=lines.break_share,
    )
    reached = breaks.share_at(lines.break_quantity, lines.break_share, lot) < 1.0
    return np.where(offered & reached, lot, 0.0)


def place(lines: Lines, target: Target, position: Position) -> Order:
    """The quantity of each line that is expected to cost least, as pack, minimum and maximum allow.

    With `target.costs` every candidate is priced by it: nothing, the multiples of the pack around
    the level, the smallest order, the price steps and what a price rise makes worth buying ahead.
    Without (a plain policy) an order is made from `at` down, by the nearest multiple.

    lines: the n lines; target: where the policy wants them; position: their stock and what they
    await, transfers included.
    """
    have = position.stock + position.coming(lines.protection_days)
    need = thousandths(target.up_to) - have
    if target.costs is None:
        return _explained(lines, target, _nearest(lines, target, need, have), need)
    quantity, left_out = _cheapest(lines, target, target.costs, need, have)
    return replace(_explained(lines, target, quantity, need), left_out=left_out)


def smallest_order(lines: Lines) -> Floats:
    """The least that can be ordered of each line: the minimum quantity, in whole packs."""
    least = np.maximum(lines.minimum, lines.pack)
    return np.asarray(np.ceil(least / lines.pack - 1e-9) * lines.pack)


def largest_order(lines: Lines) -> Floats:
    """The most that can be ordered of each line at once, in whole packs; inf: no limit."""
    packs = np.floor(lines.most / lines.pack + 1e-9)
    return np.where(np.isfinite(lines.most), packs * lines.pack, np.inf)


def _cheapest(
    lines: Lines, target: Target, costs: CostModel, need: Floats, have: Floats
) -> tuple[Floats, Floats]:
    """The quantity that costs least, and the cheaper price step that lasts too long; 0: none."""
    obliged = costs.obliged & (need > 0)
    wants = (need + target.order_up_to_gap > 0) & (lines.blocked == "") & (obliged | ~target.never)
    least, most, pack = smallest_order(lines), largest_order(lines), lines.pack
    wanted = np.maximum(need + target.order_up_to_gap, 0.0)
    lower = np.floor(wanted / pack + 1e-9) * pack
    ahead = np.ceil((wanted + target.ahead) / pack - 1e-9) * pack
    steps = np.ceil(lines.break_quantity[:, 1:] / pack[:, None] - 1e-9) * pack[:, None]
    best, cost = np.zeros(len(lines)), costs.total(have, np.zeros(len(lines)))
    cost[obliged] = np.inf
    enough = np.where(obliged & target.promise, need - 1e-9, 0.0)
    lasting = cover_limit(lines, target, need)
    steps_in_time = np.where(steps <= lasting[:, None], steps, np.inf)
    for candidate in (lower, lower + pack, least, ahead, *steps_in_time.T):
        quantity = np.clip(candidate, least, most)
        possible = wants & np.isfinite(candidate) & (least <= most)
        possible &= (quantity >= enough) | (quantity >= most)
        price = costs.total(have, np.where(possible, quantity, 0.0))
        better = possible & (price < cost - 1e-9)
        best, cost = np.where(better, quantity, best), np.where(better, price, cost)
    limit = np.minimum(most, np.maximum(lasting, best))
    best = _descended(lines, costs, have, best, at_least=np.maximum(least, enough), limit=limit)
    cost, left_out = costs.total(have, best), np.zeros(len(lines))
    for step in steps.T:
        possible = wants & (step > lasting) & (step <= most) & np.isfinite(step)
        price = costs.total(have, np.where(possible, step, 0.0))
        better = possible & (price < cost - 1e-9)
        left_out, cost = np.where(better, step, left_out), np.where(better, price, cost)
    return best, left_out


def cover_limit(lines: Lines, target: Target, need: Floats) -> Floats:
    """Units above which an order for a price step's sake would last too long; without steps inf.
    What is needed anyway, or is the smallest order, never does.

    lines: the n lines; target: where the policy wants them; need: n, units short of that.
    """
    packs = np.floor(np.maximum(need + target.order_up_to_gap, 0.0) / lines.pack + 1e-9) + 1.0
    usual = np.maximum(packs * lines.pack, smallest_order(lines))
    lasting = np.maximum(longest(lines, target.demand_rate), usual)
    return np.where(np.isfinite(lines.break_quantity[:, 1:]).any(axis=1), lasting, np.inf)


def _descended(
    lines: Lines,
    costs: CostModel,
    have: Floats,
    quantity: Floats,
    *,
    at_least: Floats,
    limit: Floats,
) -> Floats:
    """Each ordered quantity moved by whole packs, ever fewer, for as long as it costs less.

    lines: the n lines; costs: what each quantity costs; have: n, units there, coming or moved here;
    quantity: n, the best of the candidates; at_least, limit: n, units below and above which no
    order may go.
    """
    rows = np.flatnonzero(quantity > 0)
    costs, have, best = costs.at(rows), have[rows], quantity[rows]
    pack, most, least = lines.pack[rows], limit[rows], at_least[rows]
    cost = costs.total(have, best)
    for packs in _STRIDES:
        for candidate in (best - packs * pack, best + packs * pack):
            possible = (candidate >= least - 1e-9) & (candidate <= most)
            price = costs.total(have, np.where(possible, candidate, best))
            better = possible & (price < cost - 1e-9)
            best, cost = np.where(better, candidate, best), np.where(better, price, cost)
    answer = quantity.copy()
    answer[rows] = best
    return answer


def _nearest(lines: Lines, target: Target, need: Floats, have: Floats) -> Floats:
    """From `at` down to the level, by the nearest multiple of the pack."""
    wants = (need > 0) & (have <= target.at) & (lines.blocked == "")
    packed = np.floor(need / lines.pack + 0.5) * lines.pack
    packed = np.where(packed > 0, np.clip(packed, smallest_order(lines), largest_order(lines)), 0.0)
    return np.where(wants & (smallest_order(lines) <= largest_order(lines)), packed, 0.0)


def within_capacity(lines: Lines, target: Target, order: Order, position: Position) -> Order:
    """The order cut to FILL_SHARE of each warehouse's capacity at its arrival; what would miss the
    largest share of its demand is served first.

    lines: the n lines, with their warehouses and capacities (NaN: no limit); target: whose demand
    tells what would be missed; order: before the cut; position: stock and what is awaited, of which
    the lead time's demand is gone by then.
    """
    if not (~np.isnan(lines.capacity)).any():
        return order
    coming = position.coming(lines.lead_days + 1e-9)
    sold = lines.windows.means_until(lines.lead_days[:, None])[:, 0]
    shelf = np.maximum(lines.on_hand, 0.0) + order.moved + coming
    frame = lines.keys[["warehouse_id"]].assign(
        room=lines.capacity * FILL_SHARE,
        held=np.maximum(shelf - sold, 0.0),
        asked=order.quantity,
        risk=-target.demand.shortage(position.stock + position.coming(lines.protection_days))
        / np.maximum(target.demand.expected, 1e-9),
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


def _explained(lines: Lines, target: Target, quantity: Floats, need: Floats) -> Order:
    """The parts of each quantity. need: n, units missing to the level."""
    ordered, pack = quantity > 0, lines.pack
    wanted = np.maximum(need + target.order_up_to_gap, 0.0)
    over = np.where(ordered, quantity - wanted, 0.0)
    bound = ordered & (over >= pack - 1e-9) & (quantity <= smallest_order(lines) + 1e-9)
    minimum = np.where(bound, over, 0.0)
    capped = ordered & (over <= -pack + 1e-9) & (quantity >= largest_order(lines) - 1e-9)
    limited = np.where(capped, -over, 0.0)
    # Whole packs more or fewer than the level and lot: another lot costs less.
    other = ~bound & ~capped & (np.abs(over) >= pack - 1e-9)
    ahead = target.order_up_to_gap + np.where(other, over, 0.0)
    lot = thousandths(np.maximum(ahead, 0.0))
    surplus = thousandths(np.maximum(-(need + target.order_up_to_gap), 0.0))
    waiting = thousandths(np.where(ordered, np.maximum(-ahead, 0.0), wanted))
    minimum, limited = thousandths(minimum), thousandths(limited)
    rounding = thousandths(quantity - need - lot - surplus + waiting - minimum + limited)
    nothing = np.zeros(len(quantity))
    return Order(
        quantity,
        lot=lot,
        surplus=surplus,
        waiting=waiting,
        minimum=minimum,
        rounding=rounding,
        limited=limited,
        cut=nothing,
        moved=nothing,
        unfunded=nothing,
        too_little=np.zeros(len(quantity), dtype=bool),
        left_out=nothing,
    )


def loss(target: Target, stock: Floats) -> Floats:
    """Expected cost of shortage and leftover in units of both together: the newsvendor's.

    target: of n lines, with the distribution of their demand; stock: n, units, what display and
    buffer hold included.
    """
    demand, stock = target.demand, stock - target.display - target.buffer
    return target.ratio * demand.shortage(stock) + (1 - target.ratio) * demand.leftover(stock)


def thousandths(values: Floats) -> Floats:
    """Rounded to what a planner reads; never −0."""
    return np.round(values, _DIGITS) + 0.0
