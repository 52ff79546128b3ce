"""The KPIs over HTTP: the catalogue, and values by day and part of the shop."""

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from data.clock import EARLIEST_FACT
from decisions.fraud.feedback import LATEST_YEAR
from decisions.kpis.catalogue import DIMENSIONS, KPIS, Kpi
from decisions.kpis.compute import whole_day
from decisions.kpis.report import KpiValue, kpi_values, newest_day
from decisions.runtime import Runtime
from serving.http.auth import scoped
from serving.http.errors import FieldFault, Problem
from serving.http.paging import Cursor, Limit, Page, cut_page

READERS = [Depends(scoped("plan", "approve", "review"))]
_DAYS = 28
_MOST_DAYS = 800
KpiName = Literal[*KPIS]  # type: ignore[valid-type]  # the catalogue's names
Dimension = Literal["market", "warehouse_id", "channel", "placement"]


class KpiDefinition(BaseModel):
    """A KPI of the catalogue: what it is, who answers for it, and its bounds."""

    kpi: str
    formula: str
    unit: str
    direction: Literal["higher is better", "lower is better", "neither"]
    owner: str
    warn: float | None = Field(description="Bound of the value over `window_days`; null: none.")
    critical: float | None
    window_days: int


class KpiDefinitionPage(Page[KpiDefinition]):
    """The catalogue."""


class KpiFigure(BaseModel):
    """A KPI of the days first to last and of a part of the shop.

    market, warehouse_id, channel, placement are null where they do not split it. A value that is
    not known is null; unknown_rows tells how many rows lack a number (a cost, an exchange rate).
    """

    kpi: str
    first: date
    last: date
    market: str | None
    warehouse_id: str | None
    channel: str | None
    placement: str | None
    value: float | None
    numerator: float | None
    denominator: float | None
    rows: int
    unknown_rows: int


class KpiFigurePage(Page[KpiFigure]):
    """Values by KPI, day and part."""


def router(runtime: Runtime) -> APIRouter:
    """GET /v1/kpis and /v1/kpis/catalogue; runtime: whose records are read."""
    routes = APIRouter(prefix="/v1/kpis", tags=["kpis"], dependencies=READERS)

    @routes.get("/catalogue")
    def list_kpi_definitions(limit: Limit = 100, cursor: Cursor = None) -> KpiDefinitionPage:
        """List the KPIs with their formulas, units, bounds and owners."""
        known = [_definition(kpi) for kpi in KPIS.values()]
        return KpiDefinitionPage(**cut_page(known, limit, cursor))

    @routes.get("")
    def list_kpi_values(
        kpi: Annotated[list[KpiName] | None, Query(description="Of these only.")] = None,
        since: Annotated[date | None, Query(description="First day.")] = None,
        until: Annotated[
            date | None, Query(description="Last day; by default the newest whole day.")
        ] = None,
        by: Annotated[
            list[Dimension] | None, Query(description="Split by these, each named once.")
        ] = None,
        period: Annotated[
            Literal["day", "span"], Query(description="`span`: one value of all days.")
        ] = "day",
        market: str | None = None,
        warehouse_id: str | None = None,
        channel: str | None = None,
        placement: str | None = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> KpiFigurePage:
        """List values of KPIs by day, or of a span, in the whole shop or in its parts.

        Figures are those that `argosy kpis` computed last. A figure that is not known is null.
        """
        last = until or _last_day(runtime, kpi or ())
        first = since or max(last, date(1901, 1, 1)) - timedelta(days=_DAYS - 1)
        _check_span(first, last)
        given = zip(DIMENSIONS, (market, warehouse_id, channel, placement), strict=True)
        found = kpi_values(
            runtime.records,
            kpi or list(KPIS),
            since=first,
            until=last,
            by=[name for name in DIMENSIONS if name in (by or ())],
            only={name: value for name, value in given if value is not None},
            period=period,
        )
        page = cut_page(found, limit, cursor)
        return KpiFigurePage(**page | {"data": [_figure(one) for one in page["data"]]})

    return routes


def _last_day(runtime: Runtime, kpis: list[str] | tuple[str, ...]) -> date:
    """The newest whole day, or the newest that there are figures of, where that is sooner."""
    newest = newest_day(runtime.records, kpis)
    whole = whole_day(runtime)
    return min(newest, whole) if newest is not None else whole


def _check_span(first: date, last: date) -> None:
    told = EARLIEST_FACT.year < first.year and last.year < LATEST_YEAR
    if not told or first > last or (last - first).days >= _MOST_DAYS:
        why = f"it must be a day up to {_MOST_DAYS} days before `until`"
        raise Problem(
            422, "invalid_request", f"since: {why}.", fields=[FieldFault("/since", why, "query")]
        )


def _definition(kpi: Kpi) -> KpiDefinition:
    names = ("formula", "unit", "direction", "owner", "warn", "critical", "window_days")
    return KpiDefinition(kpi=kpi.name, **{name: getattr(kpi, name) for name in names})


def _figure(value: KpiValue) -> KpiFigure:
    return KpiFigure(**vars(value))
