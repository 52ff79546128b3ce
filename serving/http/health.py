"""How the server is: /healthz, /readyz, /metrics, /v1/models."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict

from data.lake.needs import missing_tables
from data.use_cases import UseCaseName, needs_of
from decisions import telemetry
from decisions.runtime import Runtime
from serving.http.auth import scoped
from serving.http.errors import FieldFault, Problem


class Health(BaseModel):
    """The process answers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: Literal["ok"] = "ok"


class LiveModel(BaseModel):
    """One use case: the release in use, and why its newest is not, if so."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "use_case": "fraud",
                    "version": "3",
                    "model": "Boosted",
                    "cut_off": "2017-12-30T00:00:00Z",
                    "metrics": {"average_precision": 0.61},
                    "contract": "5b2d1c0f9e8a7766",
                    "problem": None,
                }
            ]
        }
    )

    use_case: str
    version: str | None
    model: str | None
    cut_off: datetime | None
    metrics: dict[str, float]
    contract: str | None
    problem: str | None


class Models(BaseModel):
    """All use cases."""

    data: list[LiveModel]
    has_more: bool = False
    next_cursor: str | None = None


class Readiness(BaseModel):
    """All is loaded; a use case may still tell why its newest release is not in use.

    problems: what is away at the moment, and the use cases whose tables are not there; answers go
    on without, and say so.
    """

    status: Literal["ready"] = "ready"
    features_as_of: datetime
    problems: list[str]
    models: list[LiveModel]


def router(runtime: Runtime) -> APIRouter:
    """The routes of the core."""
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz")
    async def check_health() -> Health:
        """Whether the process answers."""
        return Health()

    @routes.get("/readyz")
    def check_readiness() -> Readiness:
        """Whether all models and features are loaded; else 503 with what to run.

        A use case whose tables were never brought holds no other back: `problems` names it.
        """
        as_of = runtime.features_as_of()
        unasked = _without_tables(runtime)
        missing = _missing(runtime, as_of, unasked)
        if missing or as_of is None:
            told = " ".join(fault.message for fault in missing)
            raise Problem(503, "not_ready", told, fields=missing, headers={"Retry-After": "5"})
        reasons = (runtime.database_problem(), *map(runtime.problem, unasked))
        away = [text for text in reasons if text]
        return Readiness(features_as_of=as_of, problems=away, models=_models(runtime))

    @routes.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    def read_metrics() -> Response:
        """The metrics, as Prometheus reads them."""
        return Response(runtime.telemetry.page(), media_type=telemetry.MEDIA_TYPE)

    @routes.get("/v1/models", dependencies=[Depends(scoped())], tags=["models"])
    async def list_models() -> Models:
        """The releases in use."""
        return Models(data=_models(runtime))

    return routes


def _without_tables(runtime: Runtime) -> list[UseCaseName]:
    """Use cases that can have no model, as the lake lacks their tables; none before any has one."""
    unloaded = [name for name in runtime.settings.use_cases if runtime.release(name) is None]
    if len(unloaded) == len(runtime.settings.use_cases):
        return []
    return [name for name in unloaded if missing_tables(runtime.lake, needs_of(name))]


def _missing(
    runtime: Runtime, as_of: datetime | None, unasked: Collection[UseCaseName]
) -> list[FieldFault]:
    missing = [
        FieldFault(
            f"/models/{use_case}",
            f"{use_case}: {runtime.problem(use_case) or 'not loaded yet'}.",
            "server",
        )
        for use_case in runtime.settings.use_cases
        if runtime.release(use_case) is None and use_case not in unasked
    ]
    if not runtime.migrated:
        told = runtime.database_problem() or "not looked at yet"
        missing.append(
            FieldFault("/database", f"The database was never reached: {told}.", "server")
        )
    if as_of is None:
        missing.append(
            FieldFault("/features", "No features are computed; run argosy materialize.", "server")
        )
    return missing


def _models(runtime: Runtime) -> list[LiveModel]:
    models = []
    for use_case in runtime.settings.use_cases:
        release = runtime.release(use_case)
        models.append(
            LiveModel(
                use_case=use_case,
                version=release.version if release else None,
                model=type(release.model).__name__ if release else None,
                cut_off=release.cut_off if release else None,
                metrics=dict(release.metrics) if release else {},
                contract=release.contract if release else None,
                problem=runtime.problem(use_case),
            )
        )
    return models
