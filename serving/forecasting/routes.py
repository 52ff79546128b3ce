"""The forecast endpoint: what will sell of one product from one warehouse."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BeforeValidator

from serving.auth import scoped
from serving.errors import Fault, Problem
from serving.forecasting.answers import Forecast, Past, past_of, told
from serving.forecasting.batch import DECILES, out_of_range, rising
from serving.forecasting.outlook import Outlooks
from serving.forecasting.planners import add
from serving.live import Live

Id = Annotated[str, Query(min_length=1, max_length=128)]


def _split(values: object) -> object:
    """`0.1,0.9` and a repeated parameter are the same list."""
    if not isinstance(values, list):
        return values
    return [part for value in values for part in str(value).split(",")]


Levels = Annotated[list[float] | None, BeforeValidator(_split)]


def router(live: Live) -> APIRouter:
    """Forecasts, one pair at a time."""
    outlooks = Outlooks(live)
    routes = APIRouter(prefix="/v1", dependencies=[Depends(scoped("plan"))])

    @routes.get("/forecasts")
    def forecasts(
        warehouse_id: Id,
        product_id: Id,
        horizon: Annotated[
            int | None, Query(ge=1, description="Periods ahead; all there are when left out.")
        ] = None,
        quantiles: Annotated[
            Levels, Query(description="Levels, 0.01 to 0.99; one parameter each.")
        ] = None,
        history: Annotated[
            int, Query(ge=0, le=1000, description="Closed periods told, with what was corrected.")
        ] = 0,
    ) -> Forecast:
        """Mean and quantiles of each coming period, and of the sum of the periods 1 … h.

        The first period is the running one. An unknown product or warehouse is a cold start: its
        look-alikes' sales of their first periods (`served_by` says so).
        """
        levels = rising(quantiles or DECILES)
        if wrong := out_of_range(levels):
            fault = Fault("/quantiles", "0.01 to 0.99", "query")
            raise Problem(422, "invalid_quantile", wrong, fields=[fault])
        outlook = outlooks.of(warehouse_id, product_id)
        if horizon is not None and horizon > outlook.horizon:
            detail = f"horizon {horizon}: the forecast reaches {outlook.horizon} periods ahead."
            fault = Fault("/horizon", f"at most {outlook.horizon}", "query")
            raise Problem(422, "invalid_horizon", detail, fields=[fault])
        live.telemetry.counted("forecasting", outlook.served_by, degraded=outlook.degraded)
        past = _history(live, warehouse_id, product_id, history) if history else []
        return told(outlook, horizon or outlook.horizon, levels, past)

    add(routes, live)
    return routes


def _history(live: Live, warehouse_id: str, product_id: str, count: int) -> list[Past]:
    pair = {"warehouse_id": warehouse_id, "product_id": product_id}
    return past_of(live.store.history("demand", live.now(), only=pair).tail(count))
