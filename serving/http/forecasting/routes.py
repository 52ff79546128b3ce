"""The forecast endpoint: what will sell of one product from one warehouse."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from decisions.forecasting.corrected_history import corrected_history
from decisions.forecasting.outlook import Outlooks
from decisions.forecasting.reports import ReadyReports
from decisions.runtime import Runtime
from serving.http.auth import scoped
from serving.http.forecasting import accuracy, history_corrections, totals, what_if
from serving.http.forecasting import planner_routes as planners
from serving.http.forecasting.answers import Forecast, Past, past_of, told
from serving.http.forecasting.query import Horizon, Id, Levels, horizon_of, levels_of


def router(runtime: Runtime) -> APIRouter:
    """Forecasts, one pair at a time."""
    outlooks = Outlooks(runtime)
    routes = APIRouter(prefix="/v1", dependencies=[Depends(scoped("plan"))])

    @routes.get("/forecasts")
    def get_forecast(
        warehouse_id: Id,
        product_id: Id,
        horizon: Horizon = None,
        quantiles: Levels = None,
        history: Annotated[
            int, Query(ge=0, le=1000, description="Closed periods told, with what was corrected.")
        ] = 0,
    ) -> Forecast:
        """Mean and quantiles of each coming period, and of the sum of the periods 1 … h.

        The first period is the running one. An unknown product or warehouse is a cold start: its
        look-alikes' sales of their first periods (`served_by` says so).
        """
        levels = levels_of(quantiles)
        outlook = outlooks.of(warehouse_id, product_id)
        steps = horizon_of(horizon, outlook.horizon)
        runtime.telemetry.counted("forecasting", outlook.served_by, degraded=outlook.degraded)
        past = _history(runtime, warehouse_id, product_id, history) if history else []
        return told(outlook, steps, levels, past)

    runtime.watched.append(ReadyReports(runtime).look)
    planners.add(routes, runtime)
    history_corrections.add(routes, runtime)
    totals.add(routes, runtime)
    accuracy.add(routes, runtime)
    what_if.add(routes, runtime)
    return routes


def _history(runtime: Runtime, warehouse_id: str, product_id: str, count: int) -> list[Past]:
    pair = {"warehouse_id": warehouse_id, "product_id": product_id}
    return past_of(corrected_history(runtime, runtime.now(), only=pair).tail(count))
