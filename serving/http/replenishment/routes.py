"""The endpoints of replenishment."""

from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Depends, Header, Query

from decisions.replenishment.line_ids import identity
from decisions.replenishment.plan import Plan, Plans, ranked, select
from decisions.runtime import Runtime
from serving.http.auth import scoped
from serving.http.errors import Problem
from serving.http.paging import Cursor, page_end, page_start
from serving.http.replenishment.accuracy import accuracy_routes
from serving.http.replenishment.answers import (
    SuggestionAnswer,
    SuggestionPage,
    decided_on,
    depth,
    made,
    suggestions,
)
from serving.http.replenishment.line_routes import worklist_routes
from serving.http.replenishment.planning_routes import planning
from serving.http.replenishment.purchasing_routes import (
    approvals,
    cancellation,
    decisions,
    orders,
    plan_decisions,
)
from serving.http.replenishment.transfer_routes import (
    transfer_cancellation,
    transfer_decisions,
    transfer_lists,
    transfer_orders,
)
from serving.http.table_answers import AS_FILE, file_type_of, table_answer

Text = Annotated[str | None, Query(max_length=128)]


def router(runtime: Runtime) -> APIRouter:
    """Suggestions, one by one and in pages, transfers and what-if plans."""
    plans = Plans(runtime)
    runtime.watched.append(plans.look)
    routes = APIRouter(prefix="/v1/replenishment", dependencies=[Depends(scoped("plan"))])
    buying = runtime.records.purchasing

    def current() -> Plan:
        plan = plans.current()
        runtime.telemetry.counted("replenishment", plan.served_by, degraded=plan.degraded)
        return plan

    @routes.get(
        "/suggestions",
        response_model=SuggestionPage,
        responses=AS_FILE,
    )
    def list_suggestions(
        warehouse_id: Text = None,
        product_id: Text = None,
        supplier_id: Text = None,
        ordered: Annotated[
            bool | None, Query(description="Only lines ordered, or only lines not ordered.")
        ] = None,
        slow: Annotated[
            bool | None, Query(description="Only lines with more than 90 days of stock, or others.")
        ] = None,
        limit: Annotated[int | None, Query(ge=1, le=1000)] = None,
        cursor: Cursor = None,
        accept: Annotated[str, Header()] = "",
    ) -> Any:
        """The plan's lines, the most money at risk first, then the soonest last day to decide.

        With `Accept: text/csv`, or that of XLSX, all lines asked for, or `limit` of them.
        """
        plan = current()
        lines = select(
            plan.lines, warehouse_id=warehouse_id, product_id=product_id, supplier_id=supplier_id
        )
        lines = ranked(_kept(lines, ordered=ordered, slow=slow))
        start = page_start(cursor, stamp=plan.stamp)
        if media_type := file_type_of(accept):
            asked = lines.assign(id=identity(lines)).iloc[start:][:limit]
            return table_answer(asked, media_type, _headers(plan))
        end = start + (limit or 100)
        return SuggestionPage(
            **made(plan),
            data=suggestions(lines.iloc[start:end], decided_on(buying, plan)[0]),
            **page_end(end, len(lines), stamp=plan.stamp),
        )

    @routes.get("/suggestions/{suggestion_id:path}")
    def get_suggestion(suggestion_id: str) -> SuggestionAnswer:
        """One line by its id, `warehouse~product~supplier`: its waterfall in units and money, the
        cost of other quantities, the stock ahead, and what was decided on it."""
        plan = current()
        found = plan.lines[identity(plan.lines) == suggestion_id]
        if not len(found):
            raise Problem(
                404,
                "unknown_suggestion",
                f"No line of the plan has the id {suggestion_id!r}; "
                "GET /v1/replenishment/suggestions lists them.",
            )
        states, trail = decided_on(buying, plan, suggestion_id)
        return depth(plan, found.iloc[0], states, trail=trail)

    routes.include_router(worklist_routes(runtime, current))
    routes.include_router(planning(current))
    routes.include_router(decisions(runtime, current))
    routes.include_router(plan_decisions(runtime, current))
    routes.include_router(approvals(runtime))
    routes.include_router(orders(runtime))
    routes.include_router(cancellation(runtime))
    routes.include_router(accuracy_routes(runtime))
    routes.include_router(transfer_lists(runtime, current))
    routes.include_router(transfer_decisions(runtime, current))
    routes.include_router(transfer_orders(runtime))
    routes.include_router(transfer_cancellation(runtime))
    return routes


def _kept(lines: pd.DataFrame, *, ordered: bool | None, slow: bool | None) -> pd.DataFrame:
    """The lines that are ordered or not, slow or not, as asked."""
    if ordered is not None:
        lines = lines[(lines["order_quantity"] > 0) == ordered]
    return lines if slow is None else lines[lines["proposal"].notna() == slow]


def _headers(plan: Plan) -> dict[str, str]:
    """What a CSV has no place for."""
    return {
        "X-Model-Version": plan.model_version or "",
        "X-Served-By": plan.served_by,
        "X-Degraded": str(bool(plan.degraded)).lower(),
    }
