"""Alerts over HTTP: listed, acknowledged, muted."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from data.alerts import Alert, AlertError, AlertKind, Severity
from data.decisions import Note
from decisions.fraud.feedback import Moment
from decisions.kpis.alerts import mute_alerts
from decisions.kpis.catalogue import KPIS
from decisions.kpis.metrics import KpiWatch
from decisions.runtime import Runtime
from serving.http.auth import scoped
from serving.http.bodies import WrittenReason
from serving.http.callers import Caller
from serving.http.errors import Problem
from serving.http.idempotency import IDEMPOTENT, once
from serving.http.kpis import READERS
from serving.http.paging import Cursor, Limit, Page, cut_page

_Reader = Annotated[Caller, Depends(scoped("plan", "approve", "review"))]
_Dimension = Literal["market", "warehouse_id", "channel", "category"]
_CAUSES = tuple(dict.fromkeys([*KPIS, *(kpi.topic for kpi in KPIS.values() if kpi.topic)]))

_QUIET_SECONDS = 30.0  # after a start


class ContributionShare(BaseModel):
    """How much of a change lies in one part of the shop; 1 is all of it."""

    dimension: str
    value: str
    share: float


class AlertLine(BaseModel):
    """A KPI past a bound, changed all at once, or without figures; open until resolved_at.

    place: the part of the shop, empty for all of it; contributions: where most of the change lies.
    """

    alert_id: str
    cause: str
    kpi: str
    kind: AlertKind
    severity: Severity
    place: dict[str, str]
    first_day: date
    last_day: date
    value: float | None
    expected: float | None
    text: str
    contributions: list[ContributionShare]
    raised_at: datetime
    resolved_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None


class AlertPage(Page[AlertLine]):
    """Alerts, the newest first."""


class AlertNote(BaseModel):
    """What is said of an alert by whoever sees to it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"note": "the carrier is on strike"}]}
    )

    note: str = Field("", max_length=500)


class AlertMute(BaseModel):
    """Which alerts are not raised, where, until when and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "cause": "demand",
                    "place": {"warehouse_id": "DE1"},
                    "until": "2099-01-31T00:00:00Z",
                    "reason": "the warehouse moves",
                }
            ]
        },
    )

    cause: Literal[*_CAUSES] = Field(description="A KPI, or a topic of several.")  # type: ignore[valid-type]  # the catalogue's names
    place: dict[
        Literal["market", "warehouse_id", "channel", "category"],
        Annotated[str, Field(max_length=128)],
    ] = Field(default_factory=dict, description="The part of the shop; empty: anywhere.")
    until: Moment
    reason: WrittenReason


class MuteLine(BaseModel):
    """A mute as it is kept."""

    cause: str
    place: dict[str, str]
    until: datetime
    reason: str
    author: str


def router(runtime: Runtime) -> APIRouter:
    """The routes under /v1/alerts; runtime: whose records hold them."""
    routes = APIRouter(prefix="/v1/alerts", tags=["kpis"], dependencies=READERS)
    runtime.watched.append(KpiWatch(runtime, quiet_seconds=_QUIET_SECONDS).look)

    @routes.get("")
    def list_alerts(
        open_only: Annotated[bool, Query(description="Without those that are resolved.")] = True,
        kpi: Annotated[str | None, Query(max_length=64)] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> AlertPage:
        """List alerts with their place and where most of the change lies, the newest first."""
        alerts = runtime.records.alerts
        found = alerts.open() if open_only else alerts.all()
        lines = [_line(one) for one in found if kpi in {None, one.kpi}]
        return AlertPage(**cut_page(lines, limit, cursor))

    @routes.post("/{alert_id}:acknowledge", response_model=AlertLine, dependencies=[IDEMPOTENT])
    def acknowledge_alert(
        alert_id: str, body: AlertNote, request: Request, caller: _Reader
    ) -> Response:
        """Say that somebody sees to an alert; the first one to say so stays."""

        def work() -> AlertLine:
            try:
                at = datetime.now(UTC)
                found = runtime.records.alerts.acknowledge(
                    alert_id, author=caller.name, note=body.note, at=at
                )
            except AlertError as error:
                raise Problem(404, "unknown_alert", str(error)) from error
            return _line(found)

        return once(runtime, request, body, work)

    @routes.post(":mute", response_model=MuteLine, dependencies=[IDEMPOTENT])
    def mute_alert_cause(body: AlertMute, request: Request, caller: _Reader) -> Response:
        """Raise no alerts of a KPI or topic, anywhere or in one place, until a moment."""

        def work() -> MuteLine:
            try:
                note = mute_alerts(
                    runtime.records,
                    body.cause,
                    place=body.place,  # type: ignore[arg-type]  # literals are texts
                    until=body.until,
                    author=caller.name,
                    reason=body.reason,
                )
            except AlertError as error:
                raise Problem(422, "invalid_request", str(error)) from error
            return _mute(note)

        return once(runtime, request, body, work)

    return routes


def _line(alert: Alert) -> AlertLine:
    shares = [ContributionShare(**vars(one)) for one in alert.contributions]
    return AlertLine(
        **{name: value for name, value in vars(alert).items() if name != "contributions"},
        contributions=shares,
    )


def _mute(note: Note) -> MuteLine:
    return MuteLine(cause=note.key, author=note.author, **note.body)
