"""The planners' endpoints: overrides, exceptions, value added, corrections."""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request, Response

from decisions.forecasting.corrected_history import corrected_history
from decisions.forecasting.override_layer import Renewal, pair_attributes, renew
from decisions.forecasting.reports import report
from decisions.runtime import Runtime
from features.forecasting import Override, OverrideError
from serving.http.errors import Problem
from serving.http.forecasting.planner_schemas import (
    Correction,
    CorrectionPage,
    ErringPair,
    ExceptionPage,
    OverrideAnswer,
    OverridePage,
    OverrideRequest,
    Value,
    ValuePage,
    asked,
    corrections,
    known_number,
    told,
)
from serving.http.forecasting.query import Id, MaybeId
from serving.http.idempotency import IDEMPOTENT, once
from serving.http.paging import Cursor, Limit, cut_page
from serving.http.table_answers import AS_FILE, file_type_of, table_answer


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Put the planners' endpoints on the forecasts' router.

    routes: the router they are added to; runtime: whose store and records they use.
    """
    _overrides(routes, runtime)
    _reports(routes, runtime)


def _overrides(routes: APIRouter, runtime: Runtime) -> None:
    @routes.post(
        "/forecasts/overrides",
        status_code=201,
        dependencies=[IDEMPOTENT],
        response_model=OverrideAnswer,
    )
    def create_override(request: Request, body: OverrideRequest) -> Response:
        """Put a person's view above the model's until it expires; stored before it is answered.

        The forecast in the store bears it at once, so replenishment plans with it. `applied` is
        false, and `note` says why, while there is no forecast of it (the next one will bear it) and
        where the override touches none of the forecast's periods. Units of several pairs are spread
        as these are forecast.
        """
        return once(runtime, request, body, lambda: _add(runtime, body), status=201)

    @routes.get("/forecasts/overrides")
    def list_overrides(
        warehouse_id: MaybeId = None,
        product_id: MaybeId = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> OverridePage:
        """Overrides that were not dropped, the newest first; `holds` is false for expired ones."""
        found, now = runtime.records.overrides.all(warehouse_id, product_id), runtime.now()
        return OverridePage(**cut_page([told(one, now) for one in found], limit, cursor))

    @routes.delete("/forecasts/overrides/{override_id}")
    def drop_override(override_id: Annotated[str, Path(max_length=128)]) -> OverrideAnswer:
        """Take an override off; the model's forecast is back at once."""
        now = runtime.now()
        found = runtime.records.overrides.drop(override_id, now)
        if found is None:
            raise Problem(404, "unknown_override", f"override {override_id}: there is none.")
        renew(runtime, found, now)
        return told(found, now, applied=False)


def _add(runtime: Runtime, body: OverrideRequest) -> OverrideAnswer:
    now = runtime.now()
    override = asked(body, uuid.uuid4().hex, now)
    try:
        runtime.records.overrides.add(override)
    except OverrideError as error:
        raise Problem(422, "invalid_override", f"{error}.") from error
    renewal = renew(runtime, override, now)
    applied = override.override_id in renewal.touched
    return told(override, now, applied=applied, note=_note(runtime, override, renewal))


def _note(runtime: Runtime, override: Override, renewal: Renewal) -> str | None:
    """Why an override changes nothing now; None where it does."""
    if override.override_id in renewal.touched:
        return None
    if not renewal.is_stored:
        if unknown := pair_attributes(runtime).unknown(override):
            return f"{unknown}: it changes nothing as long as that is so."
        return "There is no forecast of it yet; the next one will bear the override."
    return (
        f"It touches no period: none starts from {override.first} to {override.last}; those of the "
        f"forecast start from {renewal.first} to {renewal.last}."
    )


def _reports(routes: APIRouter, runtime: Runtime) -> None:
    @routes.get("/forecasts/exceptions", response_model=ExceptionPage, responses=AS_FILE)
    def list_forecast_exceptions(
        warehouse_id: MaybeId = None,
        limit: Limit = 100,
        cursor: Cursor = None,
        accept: Annotated[str, Header()] = "",
    ) -> Any:
        """Pairs whose forecasts erred to one side on closed periods, the most money first.

        With `Accept: text/csv`, or that of XLSX, all pairs.
        """
        table = report(runtime, "exceptions", warehouse_id)
        if media_type := file_type_of(accept):
            return table_answer(table, media_type)
        rows = [
            ErringPair.model_validate(
                {**one, "money_at_stake": known_number(one["money_at_stake"])}
            )
            for one in table.to_dict("records")
        ]
        return ExceptionPage(**cut_page(rows, limit, cursor))

    @routes.get("/forecasts/value-added")
    def get_forecast_value_added(warehouse_id: MaybeId = None) -> ValuePage:
        """Forecast value added on closed periods: naive, seasonal naive, model, and final (with
        overrides).
        """
        table = report(runtime, "value_added", warehouse_id)
        return ValuePage(data=[Value.model_validate(one) for one in table.to_dict("records")])

    @routes.get("/forecasts/corrections")
    def list_demand_corrections(
        warehouse_id: Id, product_id: Id, limit: Limit = 100, cursor: Cursor = None
    ) -> CorrectionPage:
        """Where a pair's demand is not its sales, and why, the newest period first."""
        pair = {"warehouse_id": warehouse_id, "product_id": product_id}
        demand = corrected_history(runtime, runtime.now(), only=pair)
        demand = demand.assign(sold=demand["observed_sold"])
        rows: list[Correction] = list(corrections(demand))
        return CorrectionPage(**cut_page(rows, limit, cursor))
