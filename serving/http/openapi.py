"""The API's own description: OpenAPI 3.1 that a stranger understands and a generator can read."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from serving.http import errors
from serving.http.operation_examples import add_examples


def name_operation(route: APIRoute) -> str:
    """The operationId of a route: the name of its function, a verb with its object."""
    return route.name


class DescribedApi(FastAPI):
    """FastAPI whose description has summaries from docstrings and the problem schema."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 description."""
        if self.openapi_schema is None:
            self.openapi_schema = _completed(super().openapi())
        return self.openapi_schema


def _completed(whole: dict[str, Any]) -> dict[str, Any]:
    schemas = whole.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = errors.SCHEMA
    for operations in whole["paths"].values():
        for operation in operations.values():
            for body in operation.get("requestBody", {}).get("content", {}).values():
                schemas.update(body["schema"].pop("$defs", {}))
            operation.update(_worded(operation))
            add_examples(operation["operationId"], operation)
    return whole


def _worded(operation: Mapping[str, Any]) -> dict[str, str]:
    """summary and description: the first sentence of the docstring, and the whole of it."""
    text = " ".join(operation.get("description", "").split())
    head, dot, _ = text.partition(". ")
    summary = (head + dot).strip().rstrip(".:")
    return {"summary": summary or operation["summary"], "description": text}
