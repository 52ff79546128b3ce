"""Who a key belongs to: what a client needs to know to show what may be done."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from decisions.runtime import Runtime
from serving.http.auth import scoped
from serving.http.callers import Caller


class KeyOwner(BaseModel):
    """Whose key asks, what it may do, and what is served here."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "planning-screen",
                    "owner": "anna@shop.example",
                    "scopes": ["approve", "plan"],
                    "use_cases": ["forecasting", "replenishment"],
                    "base_currency": "EUR",
                }
            ]
        }
    )

    name: str = Field(description="The key's name; `anyone` where no keys are asked for.")
    owner: str = Field(description="The person or service that answers for the key.")
    scopes: list[str]
    use_cases: list[str]
    base_currency: str


def router(runtime: Runtime) -> APIRouter:
    """GET /v1/me. runtime: whose settings are told."""
    routes = APIRouter(tags=["health"])

    @routes.get("/v1/me")
    async def show_key_owner(caller: Annotated[Caller, Depends(scoped())]) -> KeyOwner:
        """Show whose key this is, what it may do, and which use cases are served here."""
        return KeyOwner(
            name=caller.name,
            owner=caller.owner or caller.name,
            scopes=sorted(caller.scopes),
            use_cases=list(runtime.settings.use_cases),
            base_currency=runtime.settings.base_currency,
        )

    return routes
