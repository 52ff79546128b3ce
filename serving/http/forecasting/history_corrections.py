"""The endpoints of planners' corrections of history."""

import uuid
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictFloat

from data.history_corrections import Action, checked_correction
from data.overrides import EVERY
from decisions.forecasting.corrected_history import (
    CorrectionEffect,
    check_succession,
    renew_forecasts,
)
from decisions.runtime import Runtime
from features.forecasting import HistoryCorrection, HistoryCorrectionError
from serving.http.bodies import WrittenReason
from serving.http.errors import Problem
from serving.http.forecasting.planner_schemas import Id
from serving.http.forecasting.query import MaybeId
from serving.http.idempotency import IDEMPOTENT, once
from serving.http.paging import Cursor, Limit, Page, cut_page


class HistoryCorrectionRequest(BaseModel):
    """What a planner knows of past periods, of one pair, or of all of a warehouse, a product, a
    category or a country; or that a product continues another one.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "warehouse_id": "DE1",
                    "product_id": "p1082185",
                    "first": "2017-11-20",
                    "last": "2017-11-26",
                    "action": "exclude",
                    "author": "m.lang",
                    "reason": "a television report, once",
                }
            ]
        },
    )

    warehouse_id: Id | None = Field(None, description="Left out: every warehouse.")
    product_id: Id | None = Field(None, description="Left out: every product.")
    category: Id | None = Field(None, description="Its products, and those of categories in it.")
    country: Id | None = Field(None, description="Of the warehouses.")
    first: date = Field(description="Closed periods that start from this day …")
    last: date | None = Field(
        None, description="… to this day, today at the latest; left out: `first`."
    )
    action: Action = Field(
        description="mark: a note that changes no number; exclude: demand is unknown; "
        "replace: it was `quantity`; continue: from `first` on the product succeeds "
        "`predecessor_id`, whose forecast ends there."
    )
    predecessor_id: Id | None = Field(
        None, description="The product that product_id continues; only of `continue`."
    )
    factor: StrictFloat | None = Field(
        None,
        gt=0,
        le=1000,
        allow_inf_nan=False,
        description="Units of the product for one of its predecessor, such as 0.5 for a pack twice "
        "as large; left out: 1. Only of `continue`.",
    )
    quantity: StrictFloat | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="Units a period, of several pairs together: spread as they sold.",
    )
    author: Annotated[str, Field(min_length=1, max_length=200)]
    reason: WrittenReason


class HistoryCorrectionAnswer(BaseModel):
    """A correction as it is kept."""

    correction_id: str
    warehouse_id: str = Field(description="* for every warehouse.")
    product_id: str = Field(description="* for every product.")
    category: str | None
    country: str | None
    first: date
    last: date
    action: Action
    quantity: float | None
    predecessor_id: str | None
    factor: float | None
    author: str
    reason: str
    created_at: datetime
    periods: int | None = Field(
        None, description="Closed periods that it touches, over all pairs; null: not looked up."
    )
    renewed: int | None = Field(
        None, description="Forecasts made anew at once; null: not looked up."
    )
    note: str | None = Field(None, description="Why it touches no period, or no forecast yet.")


class HistoryCorrectionPage(Page[HistoryCorrectionAnswer]):
    """Corrections, the newest first."""


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Put the endpoints of corrections on the forecasts' router.

    routes: the router they are added to; runtime: whose store and records they use.
    """

    @routes.post(
        "/forecasts/history-corrections",
        status_code=201,
        dependencies=[IDEMPOTENT],
        response_model=HistoryCorrectionAnswer,
    )
    def create_history_correction(request: Request, body: HistoryCorrectionRequest) -> Response:
        """Mark, exclude or replace past periods, or name a successor; stored before it is answered.

        `continue` tells that a product succeeds another one: it inherits level, season and weekdays
        until its own sales say otherwise, and the forecast of the other ends on that day.

        Training, batch forecasts, exceptions and value added read the corrected history from then
        on, and forecasts of its pairs are made anew at once (of up to 500). Reports of accuracy
        compare with what was really sold.
        """
        return once(runtime, request, body, lambda: _add(runtime, body), status=201)

    @routes.get("/forecasts/history-corrections")
    def list_history_corrections(
        warehouse_id: MaybeId = None,
        product_id: MaybeId = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> HistoryCorrectionPage:
        """Corrections of past periods that were not undone, the newest first.

        With a warehouse or product: those that name it (as predecessor, too), or every one.
        """
        found = runtime.records.history_corrections.known_at(runtime.now())
        mine = [
            _told(one)
            for one in found
            if warehouse_id in (None, one.warehouse_id) or one.warehouse_id == EVERY
            if product_id in (None, one.product_id, one.predecessor_id) or one.product_id == EVERY
        ]
        return HistoryCorrectionPage(**cut_page(mine, limit, cursor))

    @routes.delete("/forecasts/history-corrections/{correction_id}")
    def drop_history_correction(
        correction_id: Annotated[str, Path(max_length=128)],
    ) -> HistoryCorrectionAnswer:
        """Undo a correction: history is what it was, and its forecasts are made anew at once."""
        now = runtime.now()
        found = runtime.records.history_corrections.drop(correction_id, now)
        if found is None:
            detail = f"history correction {correction_id}: there is none."
            raise Problem(404, "unknown_history_correction", detail)
        return _told(found, renew_forecasts(runtime, found, now))


def _add(runtime: Runtime, body: HistoryCorrectionRequest) -> HistoryCorrectionAnswer:
    now = runtime.now()
    given = body.model_dump()
    given |= {name: given[name] or EVERY for name in ("warehouse_id", "product_id")}
    given["last"] = given["last"] or given["first"]
    correction = HistoryCorrection(correction_id=uuid.uuid4().hex, created_at=now, **given)
    try:
        checked_correction(correction)
        if correction.action == "continue":
            check_succession(runtime, correction, now)
        runtime.records.history_corrections.add(correction)
    except HistoryCorrectionError as error:
        raise Problem(422, "invalid_history_correction", f"{error}.") from error
    return _told(correction, renew_forecasts(runtime, correction, now))


def _told(
    correction: HistoryCorrection, effect: CorrectionEffect | None = None
) -> HistoryCorrectionAnswer:
    """A correction as it is told, with what it changed where that was looked up."""
    kept = {name: getattr(correction, name) for name in HistoryCorrectionAnswer.model_fields
            if hasattr(correction, name)}  # fmt: skip
    if effect is None:
        return HistoryCorrectionAnswer(**kept)
    return HistoryCorrectionAnswer(
        **kept, periods=effect.periods, renewed=effect.renewed, note=effect.note or None
    )
