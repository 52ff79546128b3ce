"""Bodies that a route reads itself: as JSON, as a model, as OpenAPI describes them."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, StringConstraints, ValidationError

from serving.http.errors import Problem

Body = TypeVar("Body", bound=BaseModel)
# Why a person does something: words, not blanks.
WrittenReason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)
]


async def loaded(request: Request) -> Any:
    """The JSON body; Problem when it is none."""
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        told = f"The body is not JSON: {error.msg} (byte {error.pos})."
        raise Problem(400, "malformed_json", told) from None


def valid(kind: type[Body], body: Any, more: Iterable[Mapping[str, Any]] = ()) -> Body:
    """The body as a model; every fault at once, by the name of its field. more: other faults.

    kind: the pydantic model.
    """
    faults: list[Mapping[str, Any]] = list(more)
    try:
        found = kind.model_validate(body)
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()] + faults
    if faults:
        raise RequestValidationError(faults)
    return found


def schema(kind: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI entry of a body that the function reads itself."""
    described = kind.model_json_schema(ref_template="#/components/schemas/{model}")
    content = {"application/json": {"schema": described}}
    return {"requestBody": {"required": True, "content": content}}
