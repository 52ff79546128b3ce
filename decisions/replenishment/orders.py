"""What planners decide on the plan's lines, and the purchase orders made of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from data.purchasing import Outcome, State, Step, Suggested
from data.records.purchasing import Purchasing
from decisions.replenishment.line_ids import identity
from decisions.replenishment.plan import Plan

# A line that is not ordered for one of these reasons cannot be approved either.
NEVER = ("discontinued", "its life ends", "it is launched only")


@dataclass(frozen=True)
class Wish:
    """What is asked for a line. quantity: None leaves the suggested one."""

    line_id: str
    quantity: float | None = None
    reason: str = ""


def wishes_of(lines: pd.DataFrame, *, reason: str) -> list[Wish]:
    """What to approve so that a plan is ordered as it stands. lines: of the plan; reason: why."""
    ordered = lines[lines["order_quantity"] > 0]
    ids = identity(ordered)
    return [
        Wish(str(line_id), float(quantity), reason)
        for line_id, quantity in zip(ids, ordered["order_quantity"], strict=True)
    ]


def decide(
    plan: Plan, buying: Purchasing, wishes: Sequence[Wish], *, to: State, actor: str, at: datetime
) -> list[Outcome]:
    """Approve, dismiss or reopen lines of the plan: an outcome a wish, in order.

    A faulty wish changes nothing and says why.

    plan: today's; buying: where decisions are kept; wishes: a line's id, quantity and reason each;
    to: `approved`, `dismissed` or `draft` (reopened); actor: who decides; at: when.
    """
    rows = plan.lines.assign(line_id=identity(plan.lines)).set_index("line_id")
    terms = _terms(plan)
    faults = [_fault(rows, terms, wish, to=to) for wish in wishes]
    steps = [
        _step(rows.loc[[wish.line_id]].iloc[0], wish, plan, to=to, actor=actor, at=at)
        for wish, fault in zip(wishes, faults, strict=True)
        if not fault
    ]
    done = iter(buying.decide(steps) if steps else [])
    return [
        Outcome(wish.line_id, "draft", 0.0, fault) if fault else next(done)
        for wish, fault in zip(wishes, faults, strict=True)
    ]


def _terms(plan: Plan) -> pd.DataFrame:
    """Pack and smallest order of each supplier's line."""
    frame = plan.frame.assign(line_id=identity(plan.frame))
    return frame.drop_duplicates("line_id").set_index("line_id")


def _fault(rows: pd.DataFrame, terms: pd.DataFrame, wish: Wish, *, to: State) -> str:
    if wish.line_id not in rows.index:
        return "no line of the plan has this id"
    row = rows.loc[wish.line_id]
    if to == "draft":
        return ""
    if to == "dismissed":
        return "" if wish.reason.strip() else "say why: a dismissal needs a reason"
    if row["supplier_id"] is None or pd.isna(row["supplier_id"]):
        return "there are no supply terms: nobody can be asked"
    why = row["not_ordered_reason"]
    if isinstance(why, str) and why.startswith(NEVER):
        return f"it cannot be ordered: {why}"
    quantity = row["order_quantity"] if wish.quantity is None else wish.quantity
    if not quantity > 0:
        return "nothing is suggested for it; say a quantity"
    pack, least = terms.loc[wish.line_id, ["pack_size", "min_order_quantity"]]
    pack = pack if pack > 0 else 1.0
    if abs(quantity / pack - round(quantity / pack)) > 1e-9:
        return f"{quantity:g} is no multiple of the pack of {pack:g}"
    if least > quantity:
        return f"{quantity:g} is below the supplier's minimum of {least:g}"
    return ""


def _step(row: pd.Series, wish: Wish, plan: Plan, *, to: State, actor: str, at: datetime) -> Step:
    cost, lead = row["unit_cost"], row["lead_time_days"]
    line = Suggested(
        line_id=wish.line_id,
        planned_at=plan.as_of,
        warehouse_id=row["warehouse_id"],
        product_id=row["product_id"],
        supplier_id=row["supplier_id"] or "",
        quantity=float(row["order_quantity"]),
        unit_cost=None if pd.isna(cost) else float(cost),
        lead_days=0.0 if pd.isna(lead) else float(lead),  # none: it can be dismissed only
    )
    changed = wish.quantity is not None and wish.quantity != line.quantity
    state: State = "changed" if to == "approved" and changed else to
    return Step(line, state, actor, at, wish.quantity, wish.reason)
