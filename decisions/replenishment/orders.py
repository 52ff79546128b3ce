"""What planners decide on the plan's lines, and the purchase orders made of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from data.purchasing import AwaitedApproval, Outcome, State, Step, Suggested
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
    plan: Plan, buying: Purchasing, wishes: Sequence[Wish], *, to: State, by: Decider
) -> list[Outcome]:
    """Approve, dismiss or reopen lines of the plan: an outcome a wish, in order.

    A faulty wish changes nothing and says why. A wish for a line that waits for a second person
    means it as it waits, since an earlier plan too.

    plan: today's; buying: where decisions are kept; wishes: a line's id, quantity and reason each;
    to: `approved`, `dismissed` or `draft` (reopened); by: who decides.
    """
    rows = plan.lines.assign(line_id=identity(plan.lines)).set_index("line_id")
    terms = _terms(plan)
    waiting = {each.line.line_id: each for each in buying.awaiting_second()}
    made: list[Step | str] = []
    for wish in wishes:
        held = waiting.get(wish.line_id)
        if held is not None and _means(wish, held, to=to):
            made.append(_fault_of_held(rows, wish, to=to) or _step_on(held, wish, to=to, by=by))
        else:
            fault = _fault(rows, terms, wish, to=to)
            made.append(fault or _step(rows.loc[[wish.line_id]].iloc[0], wish, plan, to=to, by=by))
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
    return Step(held.line, to, by.actor, by.at, quantity, wish.reason, by.owner)


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
        return _without_reason(wish)
    if row["supplier_id"] is None or pd.isna(row["supplier_id"]):
        return "there are no supply terms: nobody can be asked"
    if never := _never(row):
        return never
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


def _without_reason(wish: Wish) -> str:
    return "" if wish.reason.strip() else "say why: a dismissal needs a reason"


def _never(row: pd.Series) -> str:
    """Why a line cannot be approved in any quantity; "" where it can."""
    why = row["not_ordered_reason"]
    stands = isinstance(why, str) and why.startswith(NEVER)
    return f"it cannot be ordered: {why}" if stands else ""


def _step(row: pd.Series, wish: Wish, plan: Plan, *, to: State, by: Decider) -> Step:
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
    return Step(line, state, by.actor, by.at, wish.quantity, wish.reason, by.owner)
