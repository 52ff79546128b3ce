"""The endpoints of replenishment."""

import base64
import binascii
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response

from serving.auth import scoped
from serving.errors import Fault, Problem
from serving.live import Live
from serving.replenishment.answers import (
    Change,
    SuggestionAnswer,
    SuggestionPage,
    WhatIf,
    identity,
    made,
    suggestions,
    totals,
)
from serving.replenishment.plan import Plan, Plans, changed, ranked, select

_CSV = "text/csv"
Text = Annotated[str | None, Query(max_length=128)]


def router(live: Live) -> APIRouter:
    """Suggestions, one by one and in pages, and what-if plans."""
    plans = Plans(live)
    routes = APIRouter(prefix="/v1/replenishment", dependencies=[Depends(scoped("plan"))])

    def current() -> Plan:
        plan = plans.current()
        live.telemetry.counted("replenishment", plan.served_by, degraded=plan.degraded)
        return plan

    @routes.get(
        "/suggestions",
        response_model=SuggestionPage,
        responses={200: {"content": {_CSV: {}}, "description": "Lines, as JSON or CSV."}},
    )
    def page(
        warehouse_id: Text = None,
        product_id: Text = None,
        supplier_id: Text = None,
        ordered: Annotated[
            bool | None, Query(description="Only lines ordered, or only lines not ordered.")
        ] = None,
        limit: Annotated[int | None, Query(ge=1, le=1000)] = None,
        cursor: Annotated[str | None, Query(max_length=512)] = None,
        accept: Annotated[str, Header()] = "",
    ) -> Any:
        """The plan's lines, the most money at risk first.

        With `Accept: text/csv` all lines asked for, or `limit` of them.
        """
        plan = current()
        lines = select(
            plan.lines, warehouse_id=warehouse_id, product_id=product_id, supplier_id=supplier_id
        )
        if ordered is not None:
            lines = lines[(lines["order_quantity"] > 0) == ordered]
        lines = ranked(lines)
        start = _position(cursor, plan) if cursor else 0
        if _CSV in accept:
            text = lines.assign(id=identity(lines)).iloc[start:][:limit].to_csv(index=False)
            return Response(text, media_type=_CSV, headers=_headers(plan))
        end = start + (limit or 100)
        more = end < len(lines)
        return SuggestionPage(
            **made(plan),
            data=suggestions(lines.iloc[start:end]),
            has_more=more,
            next_cursor=_cursor(end, plan) if more else None,
        )

    @routes.get("/suggestions/{suggestion_id:path}")
    def one(suggestion_id: str) -> SuggestionAnswer:
        """One line by its id, `warehouse~product~supplier`."""
        plan = current()
        found = plan.lines[identity(plan.lines) == suggestion_id]
        if not len(found):
            raise Problem(
                404,
                "unknown_suggestion",
                f"No line of the plan has the id {suggestion_id!r}; "
                "GET /v1/replenishment/suggestions lists them.",
            )
        return SuggestionAnswer(**made(plan), data=suggestions(found)[0])

    @routes.post("/plan")
    def what_if(change: Change) -> WhatIf:
        """The same plan under another lead time, service level or demand; nothing is kept."""
        plan = current()
        wanted = change.model_dump(include={"warehouse_id", "product_id", "supplier_id"})
        terms = change.model_dump(exclude={*wanted, "limit"})
        lines = plan.model.predict(changed(select(plan.frame, **wanted), **terms))
        return WhatIf(
            **made(plan),
            now=totals(select(plan.lines, **wanted)),
            changed=totals(lines),
            data=suggestions(ranked(lines).head(change.limit)),
        )

    return routes


def _headers(plan: Plan) -> dict[str, str]:
    """What a CSV has no place for."""
    return {
        "X-Model-Version": plan.model_version or "",
        "X-Served-By": plan.served_by,
        "X-Degraded": str(bool(plan.degraded)).lower(),
    }


def _cursor(position: int, plan: Plan) -> str:
    return base64.urlsafe_b64encode(f"{position} {plan.stamp}".encode()).decode()


def _position(cursor: str, plan: Plan) -> int:
    """Where the page starts; Problem when the cursor is not ours or its plan is gone."""
    try:
        position, _, stamp = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        start = int(position)
    except (binascii.Error, ValueError) as error:
        raise _bad_cursor("It is none of ours") from error
    if stamp != plan.stamp or start < 0:
        raise _bad_cursor("The plan has been made anew since")
    return start


def _bad_cursor(why: str) -> Problem:
    fault = Fault("/cursor", f"{why}; start again without it", place="query")
    return Problem(422, "invalid_cursor", f"cursor: {fault.message}.", fields=[fault])
