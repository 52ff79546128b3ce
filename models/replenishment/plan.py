"""The plan: every line's quantity and the parts that add up to it, transfers and caps together."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from models.replenishment import excess_stock
from models.replenishment.budget import Caps, Filled, fill
from models.replenishment.explain import not_ordered, sentences
from models.replenishment.lines import KEYS, NO_FORECAST, NO_TERMS, Lines
from models.replenishment.order import Order, Target, place, thousandths, within_capacity
from models.replenishment.order_value import reach_minimum
from models.replenishment.position import Position
from models.replenishment.projection import break_days
from models.replenishment.protection_interval import Floats
from models.replenishment.transfers import Moves, Moving, transfers

COLUMNS = (
    *KEYS,
    "order_quantity",
    "order_value",
    "demand_mean",
    "promotion_lift",
    "safety_stock",
    "display_stock",
    "promotion_buffer",
    "lot_stock",
    "reorder_point",
    "order_up_to",
    "on_hand",
    "reserved",
    "on_order",
    "inventory_position",
    "transferred",
    "surplus",
    "waiting",
    "minimum",
    "rounding",
    "maximum_cut",
    "capacity_cut",
    "budget_cut",
    "lost_before_arrival",
    "order_on",
    "lead_time_days",
    "lead_time_sd",
    "review_period_days",
    "target_quantile",
    "stockout_probability",
    "stockout_probability_unordered",
    "money_at_risk",
    "lost_sales_expected",
    "overdue_quantity",
    "unit_cost",
    "stockout_on",
    "decide_by",
    "stock_cover_days",
    "on_order_later",
    "demand_class",
    "proposal",
    "proposal_value",
    "not_ordered_reason",
    "reason",
)

_AHEAD_DAYS = 91.0  # dates further ahead are not told

# The parts of a quantity and their signs: their sum is order_quantity, to the last digit.
WATERFALL: dict[str, int] = {
    "demand_mean": 1,
    "promotion_lift": 1,
    "safety_stock": 1,
    "display_stock": 1,
    "promotion_buffer": 1,
    "lot_stock": 1,
    "on_hand": -1,
    "reserved": 1,
    "on_order": -1,
    "transferred": -1,
    "surplus": 1,
    "waiting": -1,
    "minimum": 1,
    "rounding": 1,
    "maximum_cut": -1,
    "capacity_cut": -1,
    "budget_cut": -1,
}

# What is unknown where there is nothing to plan by.
_PLANNED = (
    "demand_mean",
    "promotion_lift",
    "safety_stock",
    "display_stock",
    "promotion_buffer",
    "lot_stock",
    "reorder_point",
    "order_up_to",
    "surplus",
    "waiting",
    "rounding",
    "lost_before_arrival",
    "target_quantile",
    "stockout_probability",
    "stockout_probability_unordered",
    "money_at_risk",
    "lost_sales_expected",
    "stock_cover_days",
    "proposal_value",
)
_PROMISED = ("lead_time_days", "lead_time_sd", "review_period_days")  # by the supply terms


@dataclass(frozen=True)
class Options:
    """What a plan may do. caps: of all orders together. digits: of the base currency's minor unit.
    moving: what a transfer takes; None: no transfers are proposed."""

    caps: Caps = field(default_factory=Caps)
    digits: int = 2
    moving: Moving | None = field(default_factory=Moving)


@dataclass(frozen=True)
class Planned:
    """A plan. lines: COLUMNS, a row each; transfers: see `transfers.COLUMNS`. filled: how the caps
    were filled, None without any."""

    lines: pd.DataFrame
    transfers: pd.DataFrame
    filled: Filled | None


def plan(
    lines: Lines,
    target_level: Callable[[Position], Target],
    options: Options,
    *,
    standing: Moves | None = None,
) -> Planned:
    """One row a line, columns COLUMNS; units, days, and money in the base currency.

    The parts in WATERFALL, with their signs, add up to order_quantity to the last digit; on_hand is
    missing where stock was never observed, and counts as 0 then.
    promotion_lift: what planned promotions add to demand_mean, as the forecast explains it.
    transferred: units that come from another warehouse (below 0: go there). lost_before_arrival:
    demand that is not in demand_mean, because the shelf will be empty before an order can arrive.
    order_on: the next day on which the supplier takes orders: lead time and review count from it.
    order_value is missing where the unit cost or the exchange rate is unknown. money_at_risk: the
    lost sales expected if nothing is ordered; lost_sales_expected: although this is. stockout_on:
    when the expected stock is at its minimum; decide_by: the last order day before the expected
    position falls to the reorder point. stock_cover_days: how long what is on hand lasts. standing:
    transfers already planned, which are kept as they are.

    lines: the pairs, a line each; target_level: gives for a position (stock and what is awaited)
    where the policy wants it; options: the caps, digits of money, and what a transfer takes.
    """
    position = Position.of(lines)
    target = _readable(target_level(position))
    moves = standing or _moves(lines, target, position, options)
    units = moves.units(lines)
    order = replace(place(lines, target, position.moved(units)), moved=units)
    have = position.stock + position.coming(lines.protection_days) + units
    order = reach_minimum(lines, target, order, have)
    order = within_capacity(lines, target, order, position)
    order, filled = _funded(lines, target, order, position, options)
    table = _table(lines, target, order, position, moves, options)
    return Planned(table, moves.table, filled)


def plan_transfers(
    lines: Lines, target_level: Callable[[Position], Target], options: Options
) -> Moves:
    """The transfers that `plan` makes of these lines; of a product they rest on its lines alone.

    lines, target_level, options: as in `plan`.
    """
    position = Position.of(lines)
    return _moves(lines, _readable(target_level(position)), position, options)


def _moves(lines: Lines, target: Target, position: Position, options: Options) -> Moves:
    if options.moving is None:
        return Moves.none()
    bought = place(lines, target, position)
    return transfers(lines, target, bought, position, options.moving, digits=options.digits)


def _funded(
    lines: Lines, target: Target, order: Order, position: Position, options: Options
) -> tuple[Order, Filled | None]:
    """The order cut to what the caps leave of it."""
    if not options.caps.bind:
        return order, None
    have = position.stock + position.coming(lines.protection_days) + order.moved
    filled = fill(lines, target, order.quantity, have, options.caps)
    cut = order.quantity - filled.quantity
    return replace(order, quantity=filled.quantity, unfunded=cut), filled


def _table(
    lines: Lines,
    target: Target,
    order: Order,
    position: Position,
    moves: Moves,
    options: Options,
) -> pd.DataFrame:
    capped, digits = options.caps.name, options.digits
    on_order, later = position.coming(lines.protection_days), position.later(lines.protection_days)
    have = position.stock + on_order
    after = have + order.moved
    cost = np.where(lines.rate_known, lines.unit_cost(order.quantity), np.nan)
    value = np.where(order.quantity > 0, cost * order.quantity, 0.0)
    proposal, effect = excess_stock.proposals(
        lines, target, position, order, gains=moves.gains(lines)
    )
    lift = _lift(lines, target)
    order_on, stockout_on, decide_by = _dates(lines, target, order, position)
    frame = lines.keys.assign(
        order_quantity=order.quantity,
        order_value=np.round(value, digits),
        demand_mean=thousandths(target.mean - lift),
        promotion_lift=lift,
        safety_stock=target.safety,
        display_stock=target.display,
        promotion_buffer=target.buffer,
        lot_stock=order.lot,
        reorder_point=thousandths(_reorder_point(target)),
        order_up_to=thousandths(target.up_to + order.lot),
        on_hand=_known_stock(lines, thousandths(lines.on_hand)),
        reserved=thousandths(lines.reserved),
        on_order=thousandths(on_order),
        inventory_position=_known_stock(lines, thousandths(have)),
        transferred=order.moved,
        surplus=order.surplus,
        waiting=order.waiting,
        minimum=order.minimum,
        rounding=order.rounding,
        maximum_cut=order.limited,
        capacity_cut=order.cut,
        budget_cut=order.unfunded,
        lost_before_arrival=target.lost,
        order_on=order_on,
        lead_time_days=np.round(lines.lead_days - lines.wait_days - lines.closed_days, 2),
        lead_time_sd=np.round(lines.lead_sd, 2),
        review_period_days=np.round(lines.review_days, 2),
        target_quantile=np.round(target.ratio, 4),
        stockout_probability=_risk(lines, target, after + order.quantity),
        stockout_probability_unordered=_risk(lines, target, have),
        money_at_risk=np.round(_at_risk(lines, target, have), digits),
        lost_sales_expected=np.round(_at_risk(lines, target, after + order.quantity), digits),
        overdue_quantity=thousandths(position.forgotten()),
        unit_cost=np.round(cost, 4),
        stockout_on=stockout_on,
        decide_by=decide_by,
        stock_cover_days=_known_stock(lines, excess_stock.stock_cover_days(target, position)),
        on_order_later=thousandths(later),
        demand_class=lines.demand_class,
        proposal=proposal,
        proposal_value=np.round(effect, digits),
    )
    why = not_ordered(lines, target, order, have, capped=capped)
    sentence = sentences(lines, target, order, have, why, lift=lift, capped=capped)
    bare = lines.blocked == NO_TERMS
    unknown = bare | (lines.blocked == NO_FORECAST)
    frame.loc[unknown, list(_PLANNED)] = np.nan
    frame.loc[bare, list(_PROMISED)] = np.nan
    frame.loc[bare, "order_on"] = None
    frame.loc[unknown, ["proposal", "stockout_on", "decide_by"]] = None
    frame["not_ordered_reason"] = [text or None for text in why]
    frame["reason"] = sentence
    return frame[list(COLUMNS)]


def _known_stock(lines: Lines, units: Floats) -> Floats:
    """Numbers that rest on the stock of each line, missing where it was never observed."""
    return np.where(lines.counted, units, np.nan)


def _lift(lines: Lines, target: Target) -> Floats:
    """Units of the mean that planned promotions bring; of what is lost they bring their share."""
    whole = np.maximum(target.mean + target.lost, 1e-9)
    lift = lines.windows.promoted(lines.protection_days) * target.mean / whole
    planned = lines.promotion[:, 1] > 0
    return thousandths(np.where(planned, np.clip(lift, 0.0, target.mean), 0.0))


def _dates(
    lines: Lines, target: Target, order: Order, position: Position
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """When the supplier next takes an order, when stock falls to its minimum, and by when to order,
    as ISO dates; None: never within the projection.

    What is ordered now is decided now; another line on the last order day before its expected
    position falls to the policy's reorder point.
    """
    day = break_days(lines, position)
    have = position.stock + position.coming(lines.protection_days) + order.moved
    above = have - np.where(np.isfinite(target.at), target.at, target.up_to)
    falls = np.where(
        target.demand_rate > 1e-9, above / np.maximum(target.demand_rate, 1e-9), np.inf
    )
    falls = np.where(target.never & (target.at == -np.inf), np.inf, np.maximum(falls, 0.0))
    falls = np.where(falls <= _AHEAD_DAYS, falls, np.inf)
    finite = np.isfinite(falls)
    latest = lines.calendar.last_day(np.where(finite, falls, 0.0))
    decide = np.where(order.quantity > 0, lines.wait_days, np.maximum(latest, lines.wait_days))
    today = lines.moment.dt.floor("D")
    return (
        _date(today, lines.wait_days),
        _date(lines.moment, np.where(np.isfinite(day), day, np.nan)),
        _date(today, np.where(finite | (order.quantity > 0), decide, np.nan)),
    )


def _date(since: pd.Series, days: Floats) -> pd.Series:
    dates = (since + pd.to_timedelta(days, unit="D")).dt.strftime("%Y-%m-%d")
    text: pd.Series = dates.astype(object).where(dates.notna(), None)
    return text


def _reorder_point(target: Target) -> Floats:
    """The position from which on an order is made; missing where none ever is."""
    return np.where(
        np.isfinite(target.at), target.at, np.where(target.at > 0, target.up_to, np.nan)
    )


def _risk(lines: Lines, target: Target, position: Floats) -> Floats:
    """Probability that demand is more than the position (n, units). Where units are whole, more
    than 17 is 17.5 of a smooth curve."""
    whole = (np.mod(lines.pack, 1.0) == 0) & (np.mod(lines.on_hand, 1.0) == 0)
    risk = target.demand.exceeds(position + np.where(whole, 0.5, 0.0))
    return np.asarray(np.round(risk, 4))


def _at_risk(lines: Lines, target: Target, have: Floats) -> Floats:
    """What not ordering is expected to lose over the protection interval; missing where money is
    unknown."""
    short: Floats = target.demand.shortage(have) * lines.shortage
    return np.where(lines.rate_known, short, np.nan)


def _readable(target: Target) -> Target:
    """Whole thousandths, so that what is printed adds up."""
    return replace(
        target,
        mean=thousandths(target.mean),
        safety=thousandths(target.safety),
        display=thousandths(target.display),
        buffer=thousandths(target.buffer),
        lost=thousandths(target.lost),
    )
