"""The endpoints of transfers: what to move before buying, decided on, ordered and cancelled."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Header, Query, Request

from data.purchasing import OrderState, State
from decisions.replenishment.awaited import moves
from decisions.replenishment.line_ids import TRANSFER, identity
from decisions.replenishment.orders import Wish, decidable_transfers, decide
from decisions.replenishment.plan import Plan, select
from decisions.runtime import Runtime
from serving.http.callers import Caller
from serving.http.errors import FieldFault, Problem
from serving.http.idempotency import IDEMPOTENT, once
from serving.http.paging import Cursor, Limit, cut_page, page_end, page_start
from serving.http.replenishment.answers import Entry, decided_on, made
from serving.http.replenishment.bodies import (
    DecidedAll,
    LinesToDecide,
    OrderToCancel,
    decided,
    in_state,
)
from serving.http.replenishment.purchasing_routes import Planner, cancel_lines, decider, export
from serving.http.replenishment.transfer_bodies import (
    ExportedTransferOrders,
    Transfer,
    TransferAnswer,
    TransferOrders,
    TransferPage,
    TransfersPutOff,
    TransfersToDismiss,
    TransfersToExport,
    orders_of_transfers,
    put_off_transfer,
    transfer_table,
)
from serving.http.table_answers import AS_FILE, file_type_of, table_answer

Text = Annotated[str | None, Query(max_length=128)]


def transfer_lists(runtime: Runtime, current: Callable[[], Plan]) -> APIRouter:
    """The transfers of the plan, and what is put off.

    runtime: the stores and releases in use; current: gives the plan as of now.
    """
    routes = APIRouter()
    records = runtime.records.transfers

    @routes.get("/transfers", response_model=TransferPage, responses=AS_FILE)
    def list_transfers(
        product_id: Text = None,
        from_warehouse_id: Text = None,
        to_warehouse_id: Text = None,
        state: State | None = None,
        limit: Limit = 100,
        cursor: Cursor = None,
        accept: Annotated[str, Header()] = "",
    ) -> Any:
        """What to move between warehouses before buying, the most gain first.

        With `Accept: text/csv`, or that of XLSX, all that fit.
        """
        plan = current()
        rows = select(
            _with_states(runtime, plan),
            product_id=product_id,
            from_warehouse_id=from_warehouse_id,
            to_warehouse_id=to_warehouse_id,
            state=state,
        )
        if media_type := file_type_of(accept):
            return table_answer(rows, media_type)
        start = page_start(cursor, stamp=plan.stamp)
        return TransferPage(
            **made(plan),
            total=len(rows),
            gain=round(float(rows["gain"].sum()), plan.digits),
            cost=round(float(rows["cost"].sum()), plan.digits),
            data=[_transfer(row) for _, row in rows.iloc[start : start + limit].iterrows()],
            **page_end(start + limit, len(rows), stamp=plan.stamp),
        )

    @routes.get("/transfers/put-off")
    def list_put_off_transfers(limit: Limit = 100, cursor: Cursor = None) -> TransfersPutOff:
        """List the transfers that planners do not want before some day.

        `POST /v1/replenishment/transfers:reopen` lets the next plan suggest one again.
        """
        lines = [put_off_transfer(each) for each in records.put_off(runtime.now())]
        return TransfersPutOff(**cut_page(lines, limit, cursor))

    @routes.get("/transfers/{transfer_line_id:path}")
    def get_transfer(transfer_line_id: str) -> TransferAnswer:
        """One transfer by its id, `from~product~to`, and who decided what on it."""
        plan = current()
        rows = _with_states(runtime, plan)
        found = rows[rows["id"] == transfer_line_id]
        if not len(found):
            raise Problem(
                404,
                "unknown_transfer",
                f"No transfer of the plan has the id {transfer_line_id!r}; "
                "GET /v1/replenishment/transfers lists them.",
            )
        _, trail = decided_on(records, plan, transfer_line_id)
        entries = [Entry(**vars(each)) for each in trail]
        return TransferAnswer(**made(plan), data=_transfer(found.iloc[0]), trail=entries)

    return routes


def transfer_decisions(runtime: Runtime, current: Callable[[], Plan]) -> APIRouter:
    """Approve, dismiss, put off and reopen transfers.

    runtime: the stores and releases in use; current: gives the plan as of now.
    """
    routes = APIRouter()
    records = runtime.records.transfers

    def taken(wishes: list[Wish], to: State, caller: Caller) -> DecidedAll:
        lines = decidable_transfers(current())
        return decided(decide(lines, records, wishes, to=to, by=decider(runtime, caller)))

    @routes.post("/transfers:approve", dependencies=[IDEMPOTENT], response_model=DecidedAll)
    def approve_transfers(body: LinesToDecide, request: Request, caller: Planner) -> Any:
        """Approve transfers, or change their quantities: one result a transfer.

        From the next plan on the sender has so much less and the receiver so much more. Where the
        transfers of one sender cost more than `ARGOSY_SECOND_APPROVAL_ABOVE` to move, they are
        `awaiting_second` then: somebody else approves them, too.
        """
        wishes = [Wish(item.id, item.quantity, item.reason) for item in body.items]
        return once(runtime, request, body, lambda: taken(wishes, "approved", caller))

    @routes.post("/transfers:dismiss", dependencies=[IDEMPOTENT], response_model=DecidedAll)
    def dismiss_transfers(body: TransfersToDismiss, request: Request, caller: Planner) -> Any:
        """Dismiss transfers for this plan, or until some day, each with its reason: one result a
        transfer."""
        until = body.moment
        if until is not None and until <= runtime.now():
            fault = FieldFault("/until", "a day after that of the plan", "body")
            raise Problem(422, "until_is_past", f"until: {fault.message}.", fields=[fault])
        wishes = [Wish(item.id, None, item.reason, until) for item in body.items]
        return once(runtime, request, body, lambda: taken(wishes, "dismissed", caller))

    @routes.post("/transfers:reopen", dependencies=[IDEMPOTENT], response_model=DecidedAll)
    def reopen_transfers(body: LinesToDecide, request: Request, caller: Planner) -> Any:
        """Take back decisions on transfers that are not ordered yet, also on those put off: one
        result a transfer."""
        wishes = [Wish(item.id, None, item.reason) for item in body.items]
        return once(runtime, request, body, lambda: taken(wishes, "draft", caller))

    return routes


def transfer_orders(runtime: Runtime) -> APIRouter:
    """Transfer orders of what is approved. runtime: the records and the lake."""
    routes = APIRouter()
    records, currency = runtime.records.transfers, runtime.settings.base_currency

    @routes.post(
        "/transfer-orders:export",
        dependencies=[IDEMPOTENT],
        response_model=ExportedTransferOrders,
    )
    def export_transfer_orders(body: TransfersToExport, request: Request, caller: Planner) -> Any:
        """Make transfer orders of all that is approved, one a sender and receiver.

        What was exported is not exported again: a second call answers with no orders.
        """

        def work() -> ExportedTransferOrders:
            sender, receiver = body.from_warehouse_id, body.to_warehouse_id
            # After the newest count of the shelf, in which the goods still are.
            at = runtime.now() + timedelta(seconds=1)
            ends = {"warehouse_id": receiver, "supplier_id": sender}
            done = export(runtime, records, caller, at=at, **ends)
            orders = orders_of_transfers(list(done.ordered), currency)
            return ExportedTransferOrders(data=orders, awaiting_second=list(done.awaiting_second))

        return once(runtime, request, body, work)

    @routes.get("/transfer-orders", response_model=TransferOrders, responses=AS_FILE)
    def list_transfer_orders(
        state: OrderState | None = None,
        limit: Limit = 100,
        cursor: Cursor = None,
        accept: Annotated[str, Header()] = "",
    ) -> Any:
        """Transfer orders made here, all or those in one state, the newest first.

        As CSV or XLSX they have the columns of `transfers`: what `ingest` takes.
        """
        lines = in_state(records.orders(), state)
        if media_type := file_type_of(accept):
            return table_answer(transfer_table(lines), media_type)
        return TransferOrders(**cut_page(orders_of_transfers(lines, currency), limit, cursor))

    @routes.get("/transfer-orders/{transfer_id}", response_model=TransferOrders, responses=AS_FILE)
    def get_transfer_order(transfer_id: str, accept: Annotated[str, Header()] = "") -> Any:
        """One transfer order, as JSON, CSV or XLSX."""
        lines = records.orders(transfer_id)
        if not lines:
            raise _unknown(transfer_id)
        if media_type := file_type_of(accept):
            return table_answer(transfer_table(lines), media_type)
        return TransferOrders(data=orders_of_transfers(lines, currency))

    return routes


def transfer_cancellation(runtime: Runtime) -> APIRouter:
    """Cancel transfer orders. runtime: the records and the lake."""
    routes = APIRouter()
    records, currency = runtime.records.transfers, runtime.settings.base_currency

    @routes.post(
        "/transfer-orders/{transfer_id}:cancel",
        dependencies=[IDEMPOTENT],
        response_model=TransferOrders,
    )
    def cancel_transfer_order(
        transfer_id: str, body: OrderToCancel, request: Request, caller: Planner
    ) -> Any:
        """Cancel a transfer order made here, or some of its lines, as far as the goods have not
        come.

        The plan counts them no more. A transfer that your own system holds is cancelled there:
        bring `transfers` with its `cancelled_at`.
        """

        def work() -> TransferOrders:
            if not records.orders(transfer_id):
                raise _unknown(transfer_id)
            ordering = moves(runtime.records, runtime.lake)
            lines = cancel_lines(runtime, ordering, transfer_id, body, caller)
            return TransferOrders(data=orders_of_transfers(lines, currency))

        return once(runtime, request, body, work)

    return routes


def _with_states(runtime: Runtime, plan: Plan) -> pd.DataFrame:
    """The plan's transfers with their ids and what was decided on them."""
    states, _ = decided_on(runtime.records.transfers, plan)
    ids = identity(plan.transfers, TRANSFER)
    found = [states.get(line_id, ("draft", None)) for line_id in ids]
    return plan.transfers.assign(
        id=ids,
        state=[state for state, _ in found],
        approved_quantity=pd.Series([quantity for _, quantity in found], ids.index, dtype=float),
    )


def _transfer(row: pd.Series) -> Transfer:
    return Transfer.model_validate({name: _known(value) for name, value in row.items()})


def _known(value: Any) -> Any:
    return None if pd.isna(value) else value


def _unknown(transfer_id: str) -> Problem:
    return Problem(404, "unknown_order", f"No transfer order {transfer_id!r} was made here.")
