"""What planners decide on the plan's lines and transfers, before orders are made of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from data.purchasing import AwaitedApproval, Outcome, State, Step, Suggested
from data.records.purchasing import Purchasing
from decisions.replenishment.line_ids import TRANSFER, identity
from decisions.replenishment.plan import Plan

# A line that is not ordered for one of these reasons cannot be approved either.
NEVER = ("discontinued", "its life ends", "it is launched only")


@dataclass(frozen=True)
class Wish:
    """What is asked for a line. quantity: None leaves the suggested one; until: before which a
    transfer that is dismissed is not suggested again, None: in the next plan."""

    line_id: str
    quantity: float | None = None
    reason: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class DecidableLines:
    """What of a plan can be decided on.

    planned_at: the moment of the plan; rows: by line_id, with warehouse_id, product_id,
    supplier_id, order_quantity, unit_cost, lead_time_days and not_ordered_reason; limits: by
    line_id, with pack_size, min_order_quantity and `most`, NaN: any quantity.
    """

    planned_at: datetime
    rows: pd.DataFrame
    limits: pd.DataFrame


def decidable_orders(plan: Plan) -> DecidableLines:
    """The lines of a plan, each to be ordered from its supplier."""
    frame = plan.frame.assign(line_id=identity(plan.frame), most=np.nan)
    rows = plan.lines.assign(line_id=identity(plan.lines)).set_index("line_id")
    limits = frame.drop_duplicates("line_id").set_index("line_id")
    return DecidableLines(plan.as_of, rows, limits[["pack_size", "min_order_quantity", "most"]])


def decidable_transfers(plan: Plan) -> DecidableLines:
    """The transfers of a plan: the receiver orders from the sender what that has to give."""
    moved = plan.transfers.reset_index(drop=True)
    rows = moved.rename(columns={"to_warehouse_id": "warehouse_id"}).assign(
        line_id=identity(moved, TRANSFER),
        supplier_id=moved["from_warehouse_id"],
        order_quantity=moved["quantity"],
        unit_cost=moved["cost"] / moved["quantity"],
        lead_time_days=moved["days"],
        not_ordered_reason=None,
    )
    lines = plan.lines.assign(free=plan.lines["on_hand"] - plan.lines["reserved"])
    free = lines.set_index(["warehouse_id", "product_id"])["free"]
    senders = pd.MultiIndex.from_frame(moved[["from_warehouse_id", "product_id"]])
    limits = rows[["line_id"]].assign(
        pack_size=1.0, min_order_quantity=0.0, most=free.reindex(senders).to_numpy()
    )
    return DecidableLines(plan.as_of, rows.set_index("line_id"), limits.set_index("line_id"))


def wishes_of(lines: pd.DataFrame, *, reason: str) -> list[Wish]:
    """What to approve so that a plan is ordered as it stands. lines: of the plan; reason: why."""
    ordered = lines[lines["order_quantity"] > 0]
    ids = identity(ordered)
    return [
        Wish(str(line_id), float(quantity), reason)
        for line_id, quantity in zip(ids, ordered["order_quantity"], strict=True)
    ]


@dataclass(frozen=True)
class Decider:
    """Who decides, when and within what. actor: the key's name; owner: who answers for it; at: the
    wall clock; above: value of one supplier's lines (base currency) from which a second person must
    approve them, None: never."""

    actor: str
    at: datetime
    owner: str = ""
    above: float | None = None


def decide(
    lines: DecidableLines, buying: Purchasing, wishes: Sequence[Wish], *, to: State, by: Decider
) -> list[Outcome]:
    """Approve, dismiss or reopen lines of a plan: an outcome a wish, in order.

    A faulty wish changes nothing and says why. A wish for a line that waits for a second person
    means it as it waits, since an earlier plan too; one that was put off can be reopened.

    lines: of today's plan; buying: where decisions on such lines are kept; wishes: a line's id,
    quantity and reason each; to: `approved`, `dismissed` or `draft` (reopened); by: who decides.
    """
    rows = lines.rows
    waiting = {each.line.line_id: each for each in buying.awaiting_second()}
    put_off = {each.line.line_id: each.line for each in buying.put_off(lines.planned_at)}
    made: list[Step | str] = []
    for wish in wishes:
        held = waiting.get(wish.line_id)
        if held is not None and _means(wish, held, to=to):
            made.append(_fault_of_held(rows, wish, to=to) or _step_on(held, wish, to=to, by=by))
        elif to == "draft" and wish.line_id in put_off:
            made.append(_step_of(put_off[wish.line_id], wish, to=to, by=by))
        else:
            fault = _fault(lines, wish, to=to)
            made.append(fault or _step(lines, wish, to=to, by=by))
    steps = [each for each in made if isinstance(each, Step)]
    done = iter(buying.decide(steps, above=by.above) if steps else [])
    return [
        Outcome(wish.line_id, "draft", 0.0, each) if isinstance(each, str) else next(done)
        for wish, each in zip(wishes, made, strict=True)
    ]


def _means(wish: Wish, held: AwaitedApproval, *, to: State) -> bool:
    """True where a wish is about the line that waits, not about today's."""
    return to != "approved" or wish.quantity in (None, held.quantity)


def _fault_of_held(rows: pd.DataFrame, wish: Wish, *, to: State) -> str:
    """What speaks against a decision on a line that waits for a second person."""
    if to == "dismissed":
        return _without_reason(wish)
    if to == "draft" or wish.line_id not in rows.index:
        return ""
    return _never(rows.loc[[wish.line_id]].iloc[0])


def _step_on(held: AwaitedApproval, wish: Wish, *, to: State, by: Decider) -> Step:
    quantity = held.quantity if to == "approved" else None
    return _step_of(held.line, replace(wish, quantity=quantity), to=to, by=by)


def _step_of(line: Suggested, wish: Wish, *, to: State, by: Decider) -> Step:
    return Step(line, to, by.actor, by.at, wish.quantity, wish.reason, by.owner, wish.until)


def _fault(lines: DecidableLines, wish: Wish, *, to: State) -> str:
    if wish.line_id not in lines.rows.index:
        return "no line of the plan has this id"
    row = lines.rows.loc[wish.line_id]
    if to == "draft":
        return ""
    if to == "dismissed":
        return _without_reason(wish)
    if row["supplier_id"] is None or pd.isna(row["supplier_id"]):
        return "there are no supply terms: nobody can be asked"
    if never := _never(row):
        return never
    quantity = row["order_quantity"] if wish.quantity is None else wish.quantity
    if not quantity > 0:
        return "nothing is suggested for it; say a quantity"
    pack, least, most = lines.limits.loc[wish.line_id]
    pack = pack if pack > 0 else 1.0
    if abs(quantity / pack - round(quantity / pack)) > 1e-9:
        return f"{quantity:g} is no multiple of the pack of {pack:g}"
    if least > quantity:
        return f"{quantity:g} is below the supplier's minimum of {least:g}"
    if quantity > most:
        return f"{quantity:g} is more than the {most:g} that {row['supplier_id']} has"
    return ""


def _without_reason(wish: Wish) -> str:
    return "" if wish.reason.strip() else "say why: a dismissal needs a reason"


def _never(row: pd.Series) -> str:
    """Why a line cannot be approved in any quantity; "" where it can."""
    why = row["not_ordered_reason"]
    stands = isinstance(why, str) and why.startswith(NEVER)
    return f"it cannot be ordered: {why}" if stands else ""


def _step(lines: DecidableLines, wish: Wish, *, to: State, by: Decider) -> Step:
    row = lines.rows.loc[[wish.line_id]].iloc[0]
    cost, lead = row["unit_cost"], row["lead_time_days"]
    line = Suggested(
        line_id=wish.line_id,
        planned_at=lines.planned_at,
        warehouse_id=row["warehouse_id"],
        product_id=row["product_id"],
        supplier_id=row["supplier_id"] or "",
        quantity=float(row["order_quantity"]),
        unit_cost=None if pd.isna(cost) else float(cost),
        lead_days=0.0 if pd.isna(lead) else float(lead),  # none: it can be dismissed only
    )
    changed = wish.quantity is not None and wish.quantity != line.quantity
    return _step_of(line, wish, to="changed" if to == "approved" and changed else to, by=by)
