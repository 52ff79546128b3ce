"""The endpoints by which a suggestion becomes an order: approve, dismiss, export, look up."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request

from data.purchasing import (
    SECOND_PERSON,
    ExportedLines,
    OrderedLine,
    OrderState,
    PurchasingError,
    State,
)
from data.records.purchasing import Purchasing
from decisions.replenishment.awaited import Ordering, cancel, purchases
from decisions.replenishment.orders import Decider, Wish, decidable_orders, decide, wishes_of
from decisions.replenishment.plan import Plan
from decisions.replenishment.what_if import plan_under
from decisions.runtime import Runtime
from serving.http.auth import scoped
from serving.http.callers import Caller
from serving.http.errors import Problem
from serving.http.idempotency import IDEMPOTENT, once
from serving.http.paging import Cursor, Limit, cut_page
from serving.http.replenishment.bodies import (
    DecidedAll,
    Export,
    ExportedOrders,
    LinesToDecide,
    LinesToSecond,
    One,
    OrderToCancel,
    PlanToApprove,
    PurchaseOrders,
    decided,
    in_state,
    line_to_second,
    order_table,
    purchase_orders,
)
from serving.http.table_answers import AS_FILE, file_type_of, table_answer

_REFUSED = {
    "no line of the plan has this id": (404, "unknown_suggestion"),
    "say why: a dismissal needs a reason": (422, "reason_missing"),
}


Planner = Annotated[Caller, Depends(scoped("approve"))]


def decisions(runtime: Runtime, current: Callable[[], Plan]) -> APIRouter:
    """Approve and dismiss, one line or many.

    runtime: the stores and releases in use; current: gives the plan as of now.
    """
    routes = APIRouter()
    buying = runtime.records.purchasing

    def taken(wishes: list[Wish], to: State, caller: Caller) -> DecidedAll:
        lines = decidable_orders(current())
        return decided(decide(lines, buying, wishes, to=to, by=decider(runtime, caller)))

    def single(line_id: str, body: One, to: State, caller: Caller) -> DecidedAll:
        answer = taken([Wish(line_id, body.quantity, body.reason)], to, caller)
        problem = answer.data[0].problem
        if problem:
            waits = problem.startswith(SECOND_PERSON)
            other = "second_person_needed" if waits else "decision_refused"
            status, code = _REFUSED.get(problem, (409, other))
            raise Problem(status, code, f"{line_id}: {problem}.")
        return answer

    @routes.post("/suggestions:approve", dependencies=[IDEMPOTENT], response_model=DecidedAll)
    def approve_suggestions(body: LinesToDecide, request: Request, caller: Planner) -> Any:
        """Approve lines, or change their quantities: one result a line.

        Where the lines of one supplier come to more than `ARGOSY_SECOND_APPROVAL_ABOVE`, or to an
        unknown value, they are `awaiting_second` then: somebody else approves them, too.
        """
        wishes = [Wish(item.id, item.quantity, item.reason) for item in body.items]
        return once(runtime, request, body, lambda: taken(wishes, "approved", caller))

    @routes.post("/suggestions:dismiss", dependencies=[IDEMPOTENT], response_model=DecidedAll)
    def dismiss_suggestions(body: LinesToDecide, request: Request, caller: Planner) -> Any:
        """Dismiss lines, each with its reason: one result a line."""
        wishes = [Wish(item.id, None, item.reason) for item in body.items]
        return once(runtime, request, body, lambda: taken(wishes, "dismissed", caller))

    @routes.post(
        "/suggestions:reopen",
        dependencies=[IDEMPOTENT],
        response_model=DecidedAll,
    )
    def reopen_suggestions(body: LinesToDecide, request: Request, caller: Planner) -> Any:
        """Take back decisions on lines that are not ordered yet.

        Lines become drafts again, as the plan suggests them: one result a line.
        """
        wishes = [Wish(item.id, None, item.reason) for item in body.items]
        return once(runtime, request, body, lambda: taken(wishes, "draft", caller))

    @routes.post(
        "/suggestions/{suggestion_id:path}:approve",
        dependencies=[IDEMPOTENT],
        response_model=DecidedAll,
    )
    def approve_suggestion(suggestion_id: str, body: One, request: Request, caller: Planner) -> Any:
        """Approve one line, as suggested or with another quantity."""
        return once(runtime, request, body, lambda: single(suggestion_id, body, "approved", caller))

    @routes.post(
        "/suggestions/{suggestion_id:path}:dismiss",
        dependencies=[IDEMPOTENT],
        response_model=DecidedAll,
    )
    def dismiss_suggestion(suggestion_id: str, body: One, request: Request, caller: Planner) -> Any:
        """Dismiss one line; the reason is kept."""
        return once(
            runtime, request, body, lambda: single(suggestion_id, body, "dismissed", caller)
        )

    return routes


def plan_decisions(runtime: Runtime, current: Callable[[], Plan]) -> APIRouter:
    """Approve a plan under other terms.

    runtime: the stores and releases in use; current: gives the plan as of now.
    """
    routes = APIRouter()
    buying = runtime.records.purchasing

    @routes.post("/plan:approve", dependencies=[IDEMPOTENT], response_model=DecidedAll)
    def approve_plan(body: PlanToApprove, request: Request, caller: Planner) -> Any:
        """Approve all that a plan under other terms orders, such as one within a budget.

        The quantities are those of `POST /v1/replenishment/plan` with the same terms: one result a
        line that is ordered. Lines that it does not order stay as they are.
        """

        def work() -> DecidedAll:
            plan = current()
            own = body.model_dump(include={"warehouse_id", "product_id", "supplier_id"})
            wishes = wishes_of(plan_under(plan, body.terms(), **own).lines, reason=body.reason)
            by = decider(runtime, caller)
            return decided(decide(decidable_orders(plan), buying, wishes, to="approved", by=by))

        return once(runtime, request, body, work)

    return routes


def orders(runtime: Runtime) -> APIRouter:
    """Purchase orders of what is approved."""
    routes = APIRouter()
    buying, currency = runtime.records.purchasing, runtime.settings.base_currency

    @routes.post("/orders:export", dependencies=[IDEMPOTENT], response_model=ExportedOrders)
    def export_orders(body: Export, request: Request, caller: Planner) -> Any:
        """Make purchase orders of all that is approved, one a supplier and warehouse.

        What was exported is not exported again: a second call answers with no orders. Lines that
        together come to more than one person may order wait for a second one.
        """

        def work() -> ExportedOrders:
            made = export(runtime, buying, caller, at=runtime.now(), **body.model_dump())
            orders = purchase_orders(list(made.ordered), currency)
            return ExportedOrders(data=orders, awaiting_second=list(made.awaiting_second))

        return once(runtime, request, body, work)

    @routes.get("/orders", response_model=PurchaseOrders, responses=AS_FILE)
    def list_orders(
        state: OrderState | None = None,
        limit: Limit = 100,
        cursor: Cursor = None,
        accept: Annotated[str, Header()] = "",
    ) -> Any:
        """Purchase orders made here, all or those in one state, the newest first.

        As CSV or XLSX they have the columns of `purchase_orders`: what `ingest` takes.
        """
        lines = in_state(buying.orders(), state)
        if media_type := file_type_of(accept):
            return table_answer(order_table(lines), media_type)
        return PurchaseOrders(**cut_page(purchase_orders(lines, currency), limit, cursor))

    @routes.get("/orders/{po_id}", response_model=PurchaseOrders, responses=AS_FILE)
    def get_order(po_id: str, accept: Annotated[str, Header()] = "") -> Any:
        """One purchase order, as JSON, CSV or XLSX."""
        lines = buying.orders(po_id)
        if not lines:
            raise _unknown(po_id)
        if media_type := file_type_of(accept):
            return table_answer(order_table(lines), media_type)
        return PurchaseOrders(data=purchase_orders(lines, currency))

    return routes


def approvals(runtime: Runtime) -> APIRouter:
    """What waits for a second person. runtime: the records."""
    routes = APIRouter()
    settings = runtime.settings

    @routes.get("/approvals")
    def list_awaited_approvals(limit: Limit = 100, cursor: Cursor = None) -> LinesToSecond:
        """List the lines and transfers that wait until a second person approves them.

        `POST /v1/replenishment/suggestions:approve`, or `transfers:approve`, with a key of another
        owner than `asked_by` approves one as it is; `:dismiss` and `:reopen` take it back.
        """
        lines = [
            line_to_second(each, settings.base_currency, kind=records.kind)
            for records in (runtime.records.purchasing, runtime.records.transfers)
            for each in records.awaiting_second()
        ]
        stamp = hashlib.sha256(" ".join(line.id for line in lines).encode()).hexdigest()[:12]
        page = cut_page(lines, limit, cursor, stamp=stamp)
        return LinesToSecond(**page, above=settings.second_approval_above)

    return routes


def cancellation(runtime: Runtime) -> APIRouter:
    """Cancel purchase orders. runtime: the records and the lake."""
    routes = APIRouter()
    currency = runtime.settings.base_currency

    @routes.post("/orders/{po_id}:cancel", dependencies=[IDEMPOTENT], response_model=PurchaseOrders)
    def cancel_order(po_id: str, body: OrderToCancel, request: Request, caller: Planner) -> Any:
        """Cancel a purchase order made here, or some of its lines, as far as the goods have not
        come.

        The plan counts them no more. An order that your own system holds is cancelled there:
        bring `purchase_orders` with its `cancelled_at`.
        """

        def work() -> PurchaseOrders:
            if not runtime.records.purchasing.orders(po_id):
                raise _unknown(po_id)
            ordering = purchases(runtime.records, runtime.lake)
            lines = cancel_lines(runtime, ordering, po_id, body, caller)
            return PurchaseOrders(data=purchase_orders(lines, currency))

        return once(runtime, request, body, work)

    return routes


def cancel_lines(
    runtime: Runtime, ordering: Ordering, po_id: str, body: OrderToCancel, caller: Caller
) -> list[OrderedLine]:
    """Cancel an order as asked; its lines, as they are then. Raises Problem 409 where it stands.

    runtime: knows the moment; ordering: what is bought or moved; po_id: which order; body: which
    lines and why; caller: whose key it is.
    """
    by = {"actor": caller.name, "owner": caller.owner}
    try:
        return cancel(runtime, ordering, po_id, body.line_nos, reason=body.reason, **by)
    except PurchasingError as error:
        raise Problem(409, "order_stands", str(error)) from error


def export(
    runtime: Runtime,
    records: Purchasing,
    caller: Caller,
    *,
    at: datetime,
    warehouse_id: str | None,
    supplier_id: str | None,
) -> ExportedLines:
    """Make orders of what is approved.

    runtime: the settings; records: of what is bought or moved; caller: whose key it is; at: by the
    merchant's clock; warehouse_id, supplier_id: that lines must have, None: any.
    """
    by = decider(runtime, caller)
    return records.export(
        actor=by.actor,
        owner=by.owner,
        at=by.at,
        above=by.above,
        ordered_at=at,
        warehouse_id=warehouse_id,
        supplier_id=supplier_id,
    )


def decider(runtime: Runtime, caller: Caller) -> Decider:
    """Who decides now, and what it takes. runtime: the settings; caller: whose key it is."""
    above = runtime.settings.second_approval_above
    return Decider(caller.name, datetime.now(UTC), caller.owner, above)


def _unknown(po_id: str) -> Problem:
    return Problem(404, "unknown_order", f"No purchase order {po_id!r} was made here.")
