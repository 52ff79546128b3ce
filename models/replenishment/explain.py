"""Why a line is ordered or not: a reason in a few words, and one sentence with its numbers."""

import numpy as np

from models.replenishment.lines import Lines, Texts, number
from models.replenishment.order import Order, Target, smallest_order
from models.replenishment.order_value import WAITS
from models.replenishment.protection_interval import Floats


def not_ordered(lines: Lines, target: Target, order: Order, have: Floats, *, capped: str) -> Texts:
    """Why a line is not ordered; "" where it is.

    lines: the n lines; target: where the policy wants them; order: what is ordered of each, with
    the parts that explain it; have: n, units there or coming within the protection interval,
    without transfers; capped: what all orders together are held to.
    """
    need = target.up_to - have - order.moved
    least = smallest_order(lines)
    why = np.full(len(lines), "less than a pack is needed", dtype=object)
    # The first that holds is the reason: the list runs from the weakest to the strongest.
    for holds, text in (
        (have > target.at, "above the reorder point"),
        (
            (least > need) & (least > lines.pack) & (target.order_up_to_gap == 0),
            "waiting costs less than ordering now",
        ),
        (target.never & (target.at == -np.inf), "an order costs more than the sales it saves"),
        (need <= 0, "stock and orders cover the demand"),
        (order.too_little, WAITS),
        (order.moved > 0, "a transfer covers the need"),
        (order.cut > 0, "warehouse full"),
        ((order.cut == 0) & (order.unfunded > 0), f"{capped} spent on lines that gain more"),
    ):
        why[holds] = text
    blocked = lines.blocked != ""
    why[blocked] = lines.blocked[blocked]
    why[order.quantity > 0] = ""
    return why


def sentences(
    lines: Lines,
    target: Target,
    order: Order,
    have: Floats,
    why: Texts,
    *,
    lift: Floats,
    capped: str,
) -> Texts:
    """The numbers of each line in one English sentence, and what was assumed in another.

    lines, target, order, have, capped: as for `not_ordered`; why: n, its answer; lift: n, units of
    the expected demand that planned promotions add.
    """
    lost = "; " + number(np.round(target.lost, 2)) + " more will be lost before an order can come"
    cover = (
        number(np.round(target.mean, 2))
        + " expected to sell in "
        + number(np.round(lines.protection_days, 1))
        + " days ("
        + _waiting(lines)
        + "lead time "
        + number(np.round(lines.lead_days - lines.wait_days - lines.closed_days, 1))
        + _closed(lines)
        + " + review "
        + number(lines.review_days)
        + ")"
        + np.where(lift >= 0.05, ", " + number(np.round(lift, 2)) + " of it by a promotion,", "")
        + " and "
        + number(np.round(target.safety, 2))
        + " for safety"
        + _further(target)
        + " make "
        + number(np.round(target.up_to, 2))
        + "; "
        + number(have)
        + " are there or coming"
        + np.where(target.lost >= 0.05, lost, "")
        + _moved(order)
    )
    ordered = (
        "Order "
        + number(order.quantity)
        + ": "
        + cover
        + _extras(lines, target, order, capped)
        + "."
    )
    silent = "Order nothing: " + cover + "; " + why + "."
    blocked = "Order nothing: " + why + "; " + number(have) + " are there or coming."
    sentence = np.where(lines.blocked != "", blocked, silent)
    told = np.where(order.quantity > 0, ordered, sentence) + lines.notes
    answer: Texts = told + _left_out(lines, target, order)
    return answer


def _left_out(lines: Lines, target: Target, order: Order) -> Texts:
    """That a price step is not taken, since it would last too long."""
    days = order.left_out / np.maximum(target.demand_rate, 1e-9)
    text = " The price from " + number(order.left_out) + " on is left out: so many last "
    text = text + number(np.round(days)) + " days, and max_cover_days is "
    text = text + number(lines.longest_days) + "."
    answer: Texts = np.where(order.left_out > 0, text, "")
    return answer


def _waiting(lines: Lines) -> Texts:
    """That the supplier takes no order today."""
    answer: Texts = np.where(
        lines.wait_days > 0, "order day in " + number(lines.wait_days) + " + ", ""
    )
    return answer


def _closed(lines: Lines) -> Texts:
    """That a closure delays the order."""
    days = number(np.round(lines.closed_days, 1))
    answer: Texts = np.where(lines.closed_days >= 0.05, " + closed " + days, "")
    return answer


def _further(target: Target) -> Texts:
    """What else is in the level: the shelf's minimum and a promotion's buffer."""
    display = ", " + number(np.round(target.display, 2)) + " more for the display minimum"
    buffer = ", " + number(np.round(target.buffer, 2)) + " for a promotion of uncertain lift"
    shown = np.where(target.display > 0, display, "")
    answer: Texts = shown + np.where(target.buffer > 0, buffer, "")
    return answer


def _moved(order: Order) -> Texts:
    came = "; " + number(order.moved) + " come from another warehouse"
    went = "; " + number(-order.moved) + " go to another warehouse"
    sentence = np.select([order.moved > 0, order.moved < 0], [came, went], "")
    return np.asarray(sentence, dtype=object)


def _extras(lines: Lines, target: Target, order: Order, capped: str) -> Texts:
    """What an order has beyond the need, and what it lacks."""
    dearer = (lines.rise > 0) & (target.ahead > 0)
    why = np.where(dearer, "its cost rises before the next order", "more at once is cheaper")
    smallest = " more for the supplier's smallest order"
    least = np.where(lines.minimum_value > 0, smallest + " or its minimum value", smallest)
    parts: Texts = np.full(len(order.quantity), "", dtype=object)
    for units, text in (
        (order.lot, " more because " + why.astype(object)),
        (order.minimum, least.astype(object)),
        (-order.waiting, " fewer because waiting for the rest costs less"),
        (-order.limited, " fewer because the supplier sells no more at once"),
        (order.rounding, None),
        (-order.cut, " fewer because the warehouse would be too full"),
        (-order.unfunded, f" fewer because the {capped} is spent on better lines"),
    ):
        said = "; rounded by " + number(units)
        if text is not None:
            said = "; " + number(np.abs(units)) + text
        parts = parts + np.where(units != 0, said, "")
    return parts
