"""One person's data over HTTP: given out whole, and erased with a receipt."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Response
from fastapi import Path as InPath

from decisions.privacy import Receipt, erase, found
from decisions.runtime import Runtime
from serving.http.auth import scoped
from serving.http.callers import Caller

Id = Annotated[str, InPath(min_length=1, max_length=128)]


def router(runtime: Runtime) -> APIRouter:
    """GET and DELETE /v1/customers/{customer_id}."""
    routes = APIRouter(prefix="/v1/customers", tags=["privacy"])

    @routes.get(
        "/{customer_id}",
        response_class=Response,
        responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
    )
    def export_customer(
        customer_id: Id, caller: Annotated[Caller, Depends(scoped("admin"))]
    ) -> Response:
        """Everything that is kept of one customer, by place and table; empty when nothing is."""
        told = orjson.dumps(
            found(runtime, customer_id), option=orjson.OPT_SERIALIZE_NUMPY, default=str
        )
        return Response(told, media_type="application/json")

    @routes.delete("/{customer_id}")
    def erase_customer(
        customer_id: Id, caller: Annotated[Caller, Depends(scoped("admin"))]
    ) -> Receipt:
        """Erase a customer from the lake, the features and the records. Done again, it finds
        nothing more. Orders and payments stay for the books, without saying whose they are."""
        return erase(runtime, customer_id)

    return routes
