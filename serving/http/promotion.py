"""Which release serves, changed over HTTP: promote and roll back, with a reason that is kept."""

import logging
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from data.settings import RowName
from decisions.runtime import Runtime
from models.promotion import objections
from serving.http.auth import Caller, scoped
from serving.http.errors import Fault, Problem
from serving.http.idempotency import IDEMPOTENT, once

_LOG = logging.getLogger("argosy.models")
_Admin = Annotated[Caller, Depends(scoped("admin"))]
_Reason = Annotated[str, Field(min_length=3, max_length=500, description="Why; it is kept.")]


class Promotion(BaseModel):
    """Which version shall serve, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"version": "4", "reason": "better in the shadow week"}]},
    )

    version: str = Field(pattern="^[0-9]{1,9}$")
    reason: _Reason
    force: StrictBool = Field(False, description="Also when the gates object.")


class Rollback(BaseModel):
    """Why the former version shall serve again."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "too many challenges"}]}
    )

    reason: _Reason


class InUse(BaseModel):
    """What serves now. Other workers follow within `reload_seconds`."""

    row: str
    version: str
    former_version: str | None
    objections: list[str] = Field(description="What the gates had against it, where forced.")


def router(runtime: Runtime) -> APIRouter:
    """POST /v1/models/{row}:promote and :rollback."""
    routes = APIRouter(prefix="/v1/models", tags=["models"])

    @routes.post("/{row}:promote", response_model=InUse, dependencies=[IDEMPOTENT])
    def promote(row: RowName, body: Promotion, request: Request, caller: _Admin) -> Response:
        """Make a version the one that serves, if the gates let it pass: its sample, metric and
        slices, calibration, latency and feature types against those of the champion."""
        return once(runtime, request, body, lambda: _promote(runtime, row, body, caller))

    @routes.post("/{row}:rollback", response_model=InUse, dependencies=[IDEMPOTENT])
    def rollback(row: RowName, body: Rollback, request: Request, caller: _Admin) -> Response:
        """Make the version that served before this one serve again."""
        return once(runtime, request, body, lambda: _rollback(runtime, row, body, caller))

    return routes


def _promote(runtime: Runtime, row: str, body: Promotion, caller: Caller) -> InUse:
    known = {each.version for each in runtime.registry.versions(row)}
    if body.version not in known:
        raise Problem(404, "unknown_version", f"{row} has no version {body.version}.")
    former = runtime.release(row)
    against = objections(runtime.registry.load(row, body.version), former)
    if against and not body.force:
        fields = [Fault("/version", sentence) for sentence in against]
        told = f"{row} version {body.version} does not pass: {'; '.join(against)}."
        raise Problem(409, "gate_failed", told, fields=fields)
    runtime.registry.promote(row, body.version, f"{body.reason} (by {caller.name})")
    return _changed(runtime, row, former.version if former else None, against)


def _rollback(runtime: Runtime, row: str, body: Rollback, caller: Caller) -> InUse:
    former = runtime.release(row)
    runtime.registry.rollback(row, f"{body.reason} (by {caller.name})")
    return _changed(runtime, row, former.version if former else None, [])


def _changed(runtime: Runtime, row: str, former: str | None, against: list[str]) -> InUse:
    """Take it into use here and now; the log says who was there before."""
    runtime.refresh()
    release = runtime.release(row)
    if release is None:
        raise Problem(503, "model_unavailable", str(runtime.problem(row)))
    fields = {"row": row, "version": release.version, "former": former, "forced": bool(against)}
    _LOG.info("the release changed", extra={"fields": fields})
    return InUse(row=row, version=release.version, former_version=former, objections=against)
