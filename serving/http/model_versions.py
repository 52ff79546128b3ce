"""The registered versions of a use case's model, over HTTP, beside the one that serves."""

from datetime import datetime

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from decisions.runtime import Runtime
from serving.http.auth import scoped
from serving.http.paging import Page
from serving.http.promotion import UseCaseInPath


class ModelVersion(BaseModel):
    """A registered version. note: why it was last promoted or rolled back."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "version": "3",
                    "champion": True,
                    "model": "Boosted",
                    "cut_off": "2017-12-30T00:00:00Z",
                    "created_at": "2018-01-01T05:00:00Z",
                    "run_id": "5b2d1c0f9e8a7766",
                    "metrics": {"average_precision": 0.73},
                    "note": "better in the shadow week",
                }
            ]
        }
    )

    version: str
    champion: bool = Field(description="Whether it is the one that serves.")
    model: str
    cut_off: datetime = Field(description="Nothing known later was used in training.")
    created_at: datetime
    run_id: str
    metrics: dict[str, float]
    note: str


class ModelVersionPage(Page[ModelVersion]):
    """The versions of a use case, the newest first."""


def router(runtime: Runtime) -> APIRouter:
    """GET /v1/models/{use_case}/versions. runtime: whose registry is read."""
    routes = APIRouter(prefix="/v1/models", tags=["models"], dependencies=[Depends(scoped())])

    @routes.get(
        "/{use_case}/versions",
    )
    def list_model_versions(use_case: UseCaseInPath) -> ModelVersionPage:
        """List the registered versions of a use case's model.

        Every version with its metrics; one of them is the champion, which serves.
        """
        found = runtime.registry.versions(use_case)
        names = ModelVersion.model_fields
        return ModelVersionPage(
            data=[ModelVersion(**{name: getattr(each, name) for name in names}) for each in found]
        )

    return routes
