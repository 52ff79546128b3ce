"""Which release serves, changed over HTTP: promote and roll back, with a reason that is kept."""

import logging
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool

from data.use_cases import USE_CASES
from decisions.runtime import Runtime
from models.promotion import PromotionRefusedError, promote_release
from serving.http.auth import scoped
from serving.http.callers import Caller
from serving.http.errors import FieldFault, Problem
from serving.http.idempotency import IDEMPOTENT, once

_LOG = logging.getLogger("argosy.models")
_Admin = Annotated[Caller, Depends(scoped("admin"))]


def _known(use_case: str) -> str:
    if use_case not in USE_CASES:
        raise ValueError(f"there is no such use case; there are {', '.join(USE_CASES)}")
    return use_case


UseCaseInPath = Annotated[
    str, AfterValidator(_known), Path(json_schema_extra={"enum": list(USE_CASES)})
]
_Reason = Annotated[str, Field(min_length=3, max_length=500, description="Why; it is kept.")]


class Promotion(BaseModel):
    """Which version shall serve, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"version": "4", "reason": "better in the shadow week"}]},
    )

    version: str = Field(pattern="^[0-9]{1,9}$")
    reason: _Reason
    force: StrictBool = Field(False, description="Also when it fails the checks.")


class Rollback(BaseModel):
    """Why the former version shall serve again."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "too many challenges"}]}
    )

    reason: _Reason


class InUse(BaseModel):
    """What serves now. Other workers follow within `reload_seconds`."""

    use_case: str
    version: str
    former_version: str | None
    failed_checks: list[str] = Field(description="The checks that it failed, where it was forced.")


def router(runtime: Runtime) -> APIRouter:
    """POST /v1/models/{use_case}:promote and :rollback."""
    routes = APIRouter(prefix="/v1/models", tags=["models"])

    @routes.post("/{use_case}:promote", response_model=InUse, dependencies=[IDEMPOTENT])
    def promote_model(
        use_case: UseCaseInPath, body: Promotion, request: Request, caller: _Admin
    ) -> Response:
        """Make a version the one that serves, if the gates let it pass: its sample, metric and
        slices, calibration, latency and feature types against those of the champion."""
        return once(runtime, request, body, lambda: _promote(runtime, use_case, body, caller))

    @routes.post("/{use_case}:rollback", response_model=InUse, dependencies=[IDEMPOTENT])
    def roll_back_model(
        use_case: UseCaseInPath, body: Rollback, request: Request, caller: _Admin
    ) -> Response:
        """Make the version that served before this one serve again."""
        return once(runtime, request, body, lambda: _rollback(runtime, use_case, body, caller))

    return routes


def _promote(runtime: Runtime, use_case: str, body: Promotion, caller: Caller) -> InUse:
    known = {each.version for each in runtime.registry.versions(use_case)}
    if body.version not in known:
        raise Problem(404, "unknown_version", f"{use_case} has no version {body.version}.")
    former = runtime.release(use_case)
    why = f"{body.reason} (by {caller.name})"
    try:
        failed = promote_release(
            runtime.registry, use_case, body.version, reason=why, force=body.force
        )
    except PromotionRefusedError as error:
        fields = [FieldFault("/version", sentence) for sentence in error.failed]
        raise Problem(409, "gate_failed", str(error), fields=fields) from error
    return _changed(runtime, use_case, former.version if former else None, failed)


def _rollback(runtime: Runtime, use_case: str, body: Rollback, caller: Caller) -> InUse:
    former = runtime.release(use_case)
    runtime.registry.rollback(use_case, f"{body.reason} (by {caller.name})")
    return _changed(runtime, use_case, former.version if former else None, [])


def _changed(runtime: Runtime, use_case: str, former: str | None, against: list[str]) -> InUse:
    """Take it into use here and now; the log says who was there before."""
    runtime.refresh()
    release = runtime.release(use_case)
    if release is None:
        raise Problem(503, "model_unavailable", str(runtime.problem(use_case)))
    fields = {
        "use_case": use_case,
        "version": release.version,
        "former": former,
        "forced": bool(against),
    }
    _LOG.info("the release changed", extra={"fields": fields})
    return InUse(
        use_case=use_case, version=release.version, former_version=former, failed_checks=against
    )
