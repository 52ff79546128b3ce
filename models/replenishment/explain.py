"""The plan: every line's numbers, its reason not to order, and one sentence for a person."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from models.replenishment.cover import Floats
from models.replenishment.lines import KEYS, Lines, Texts, number
from models.replenishment.order import Order, Target, place, thousandths, within_capacity
from models.replenishment.position import Position

COLUMNS = (
    *KEYS,
    "order_quantity",
    "order_value",
    "demand_mean",
    "safety_stock",
    "order_up_to",
    "on_hand",
    "reserved",
    "on_order",
    "inventory_position",
    "surplus",
    "minimum",
    "rounding",
    "capacity_cut",
    "lost_before_arrival",
    "lead_time_days",
    "lead_time_sd",
    "review_period_days",
    "target_quantile",
    "stockout_probability",
    "stockout_probability_unordered",
    "money_at_risk",
    "on_order_later",
    "demand_class",
    "not_ordered_reason",
    "reason",
)

# What is unknown where there is nothing to plan by.
_PLANNED = (
    "demand_mean",
    "safety_stock",
    "order_up_to",
    "surplus",
    "rounding",
    "lost_before_arrival",
    "target_quantile",
    "stockout_probability",
    "stockout_probability_unordered",
    "money_at_risk",
)


def plan(lines: Lines, aim: Callable[[Position], Target]) -> pd.DataFrame:
    """One row a line, columns COLUMNS; units, days, and order_value in the base currency.

    demand_mean + safety_stock − on_hand + reserved − on_order + surplus + minimum + rounding
    − capacity_cut = order_quantity, to the last digit. lost_before_arrival: demand that is not in
    demand_mean, because the shelf will be empty before an order can arrive. order_value is missing
    where the unit cost or the exchange rate is unknown. money_at_risk: the lost sales expected if
    nothing is ordered.
    """
    position = Position.of(lines)
    on_order, later = position.coming(lines.cover_days), position.later(lines.cover_days)
    target = _readable(aim(position))
    order = within_capacity(lines, target, place(lines, target, position))
    have = position.stock + on_order
    value = np.where(lines.rate_known, lines.landed_cost, np.nan) * order.quantity
    frame = lines.keys.assign(
        order_quantity=order.quantity,
        order_value=np.round(np.where(order.quantity > 0, value, 0.0), 2),
        demand_mean=target.mean,
        safety_stock=target.safety,
        order_up_to=thousandths(target.up_to),
        on_hand=thousandths(lines.on_hand),
        reserved=thousandths(lines.reserved),
        on_order=thousandths(on_order),
        inventory_position=thousandths(have),
        surplus=order.surplus,
        minimum=order.minimum,
        rounding=order.rounding,
        capacity_cut=order.cut,
        lost_before_arrival=target.lost,
        lead_time_days=np.round(lines.lead_days, 2),
        lead_time_sd=np.round(lines.lead_sd, 2),
        review_period_days=lines.review_days,
        target_quantile=np.round(target.ratio, 4),
        stockout_probability=np.round(target.demand.exceeds(have + order.quantity), 4),
        stockout_probability_unordered=np.round(target.demand.exceeds(have), 4),
        money_at_risk=np.round(_at_risk(lines, target, have), 2),
        on_order_later=thousandths(later),
        demand_class=lines.demand_class,
    )
    why = not_ordered(lines, target, order, have)
    sentence = _sentences(lines, target, order, have, why)
    unknown = lines.blocked != ""
    frame.loc[unknown & (lines.blocked != "discontinued"), list(_PLANNED)] = np.nan
    frame["not_ordered_reason"] = [text or None for text in why]
    frame["reason"] = sentence
    return frame[list(COLUMNS)]


def _at_risk(lines: Lines, target: Target, have: Floats) -> Floats:
    """What not ordering is expected to lose over the cover; missing where money is unknown."""
    loss: Floats = target.demand.shortage(have) * lines.shortage
    return np.where(lines.rate_known, loss, np.nan)


def _readable(target: Target) -> Target:
    """Whole thousandths, so that what is printed adds up."""
    return Target(
        mean=thousandths(target.mean),
        safety=thousandths(target.safety),
        lost=thousandths(target.lost),
        at=target.at,
        ratio=target.ratio,
        promise=target.promise,
        lot=target.lot,
        order_cost=target.order_cost,
        demand=target.demand,
    )


def not_ordered(lines: Lines, target: Target, order: Order, have: Floats) -> Texts:
    """Why a line is not ordered; "" where it is."""
    need = target.up_to - have
    why = np.full(len(lines), "less than a pack is needed", dtype=object)
    # The first that holds is the reason: the list runs from the weakest to the strongest.
    for holds, text in (
        (np.maximum(lines.minimum, target.lot) > need, "waiting costs less than ordering now"),
        (have > target.at, "above the reorder point"),
        (need <= 0, "stock and orders cover the demand"),
        (order.cut > 0, "warehouse full"),
    ):
        why[holds] = text
    blocked = lines.blocked != ""
    why[blocked] = lines.blocked[blocked]
    why[order.quantity > 0] = ""
    return why


def _sentences(lines: Lines, target: Target, order: Order, have: Floats, why: Texts) -> Texts:
    """The numbers of each line in one English sentence, and what was assumed in another."""
    lost = "; " + number(np.round(target.lost, 2)) + " more will be lost before an order can come"
    cover = (
        number(np.round(target.mean, 2))
        + " expected to sell in "
        + number(np.round(lines.cover_days, 1))
        + " days (lead time "
        + number(np.round(lines.lead_days, 1))
        + " + review "
        + number(lines.review_days)
        + ") and "
        + number(np.round(target.safety, 2))
        + " for safety make "
        + number(np.round(target.up_to, 2))
        + "; "
        + number(have)
        + " are there or coming"
        + np.where(target.lost >= 0.05, lost, "")
    )
    ordered = "Order " + number(order.quantity) + ": " + cover + _extras(order) + "."
    silent = "Order nothing: " + cover + "; " + why + "."
    blocked = "Order nothing: " + why + "; " + number(have) + " are there or coming."
    sentence = np.where(lines.blocked != "", blocked, silent)
    answer: Texts = np.where(order.quantity > 0, ordered, sentence) + lines.notes
    return answer


def _extras(order: Order) -> Texts:
    minimum = "; " + number(order.minimum) + " more for the smallest sensible order"
    packed = "; rounded by " + number(order.rounding)
    cut = "; " + number(order.cut) + " fewer because the warehouse would be too full"
    parts: Texts = np.full(len(order.quantity), "", dtype=object)
    for holds, text in (
        (order.minimum > 0, minimum),
        (order.rounding != 0, packed),
        (order.cut > 0, cut),
    ):
        parts = parts + np.where(holds, text, "")
    return parts
