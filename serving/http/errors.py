"""Every error the API answers with: RFC 9457 problem+json, made in this file only.

Domain code knows no HTTP: `STATUSES` says which status each of its errors becomes.
"""

import http.client
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path

from data.errors import ArgosyError
from data.records import DatabaseError, RecordsError
from data.storefront import ExperimentError
from models.base import ModelError
from models.registry import NoFormerError, RegistryError

MEDIA_TYPE = "application/problem+json"

# Domain error -> (status, code). The class nearest in the inheritance wins.
STATUSES: Mapping[type[Exception], tuple[int, str]] = {
    ArgosyError: (503, "unavailable"),
    DatabaseError: (503, "database_unavailable"),
    RecordsError: (422, "invalid_record"),
    ExperimentError: (409, "experiment_exists"),
    ModelError: (503, "model_unavailable"),
    RegistryError: (503, "registry_unavailable"),
    NoFormerError: (409, "no_former_version"),
}

CODES: Mapping[int, str] = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "request_timeout",
    409: "conflict",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
    429: "too_many_requests",
    500: "internal_error",
    503: "unavailable",
}

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What was wrong and what helps."},
        "code": {"type": "string", "description": "A stable name, for machines."},
        "request_id": {"type": "string", "description": "Quote it; our log lines bear it too."},
        "errors": {
            "type": "array",
            "description": "Every faulty field.",
            "items": {
                "type": "object",
                "required": ["in", "pointer", "message"],
                "properties": {
                    "in": {"type": "string", "enum": ["body", "query", "path", "header", "server"]},
                    "pointer": {"type": "string", "description": "JSON pointer (RFC 6901)."},
                    "message": {"type": "string"},
                },
            },
        },
    },
    "examples": [
        {
            "type": "urn:argosy:problem:invalid_request",
            "title": "Unprocessable Content",
            "status": 422,
            "detail": "Not valid: body /limit.",
            "code": "invalid_request",
            "request_id": "7f9c2ba4e88f4f0b8d9f3a5c1e2d4b6a",
            "errors": [
                {
                    "in": "body",
                    "pointer": "/limit",
                    "message": "Input should be less than or equal to 100",
                }
            ],
        }
    ],
}

_PROBLEM = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}

# Given to FastAPI as `responses`: what every operation may answer beside success.
RESPONSES: Mapping[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request cannot be answered as it is.", **_PROBLEM},
    "5XX": {"description": "Argosy cannot answer now.", **_PROBLEM},
}


@dataclass(frozen=True)
class FieldFault:
    """One faulty field: `pointer` is a JSON pointer into `place`, such as `/items/0/quantity`."""

    pointer: str
    message: str
    place: str = "body"


class Problem(Exception):  # noqa: N818  # RFC 9457's word
    """An error answer: raise it anywhere under a route.

    code: a stable name for machines; detail: what was wrong, the value, the remedy, for people.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        fields: Sequence[FieldFault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.fields = tuple(fields)
        self.headers = dict(headers or {})


def answer(problem: Problem, request_id: str) -> Response:
    """The problem as an HTTP response.

    request_id: id that the caller may quote.
    """
    content: dict[str, Any] = {
        "type": f"urn:argosy:problem:{problem.code}",
        "title": http.client.responses.get(problem.status, "Error"),
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": request_id,
    }
    if problem.fields:
        content["errors"] = [
            {"in": fault.place, "pointer": fault.pointer, "message": fault.message}
            for fault in problem.fields
        ]
    body = orjson.dumps(content)
    return Response(body, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def from_domain(error: Exception) -> Problem:
    """The problem that a domain error becomes; its message is written for the caller."""
    for kind in type(error).__mro__:
        if kind in STATUSES:
            status, code = STATUSES[kind]
            again = {"Retry-After": "1"} if status == 503 else None
            return Problem(status, code, str(error), headers=again)
    raise error


def from_validation(error: RequestValidationError) -> Problem:
    """Every faulty field of a request, at once; values are not repeated (they may be personal)."""
    faults = error.errors()
    broken = next((fault for fault in faults if fault["type"] == "json_invalid"), None)
    if broken is not None:
        reason = broken.get("ctx", {}).get("error", "it cannot be read")
        place = broken["loc"][-1]
        return Problem(400, "malformed_json", f"The body is not JSON: {reason} (byte {place}).")
    fields = [_fault(fault["loc"], fault["msg"]) for fault in faults]
    named = ", ".join(f"{fault.place} {fault.pointer or '/'}" for fault in fields[:5])
    more = f" and {len(fields) - 5} more" if len(fields) > 5 else ""
    return Problem(422, "invalid_request", f"Not valid: {named}{more}.", fields=fields)


def from_http(error: HTTPException) -> Problem:
    """The framework's own errors: no such path, method not allowed."""
    code = CODES.get(error.status_code, f"http_{error.status_code}")
    return Problem(error.status_code, code, str(error.detail), headers=error.headers)


def internal() -> Problem:
    """What the caller sees of a defect: nothing but the request id to quote."""
    return Problem(500, "internal_error", "An error of ours; it is logged under the request id.")


def problem_of(error: Exception) -> Problem | None:
    """The problem that an error becomes; None for a defect of ours."""
    for kind in type(error).__mro__:
        if kind in _PROBLEMS:
            return _PROBLEMS[kind](error)
    return None


_PROBLEMS: Mapping[type[Any], Callable[[Any], Problem]] = {
    Problem: lambda problem: problem,
    RequestValidationError: from_validation,
    HTTPException: from_http,
    **dict.fromkeys(STATUSES, from_domain),
}


def install(app: FastAPI) -> None:
    """Answer all known errors of `app` with problem+json."""
    for kind, problem in _PROBLEMS.items():
        _handle(app, kind, problem)


def request_id(request: Request) -> str:
    """The id of this request, as given in or made for `X-Request-Id`."""
    return str(request.scope.get("request_id", ""))


def _handle(app: FastAPI, kind: type[Exception], problem: Callable[[Any], Problem]) -> None:
    async def handler(request: Request, error: Exception) -> Response:
        found = problem(error)
        if found.status == 405:
            found.headers = {"Allow": ", ".join(_allowed(app, request.url.path))}
        return answer(found, request_id(request))

    app.add_exception_handler(kind, handler)


def _allowed(app: FastAPI, path: str) -> list[str]:
    """The methods of a path, by the description; the framework names those of one route only. Of
    several templates that fit, the one with the most text of its own is meant."""
    fitting = {
        template: methods
        for template, methods in app.openapi()["paths"].items()
        if compile_path(template)[0].match(path)
    }
    meant = max(fitting, key=lambda template: len(re.sub("{.*?}", "", template)), default="")
    return sorted(method.upper() for method in fitting.get(meant, ()))


def _fault(location: Sequence[int | str], message: str) -> FieldFault:
    """A fault from pydantic's location: first where it is, then the path within.

    >>> _fault(("body", "items", 0, "quantity"), "Value error, must be positive")
    FieldFault(pointer='/items/0/quantity', message='must be positive', place='body')
    """
    place, *path = [str(part) for part in location]
    pointer = "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in path)
    return FieldFault(pointer, re.sub(r"^(Value|Assertion) error, ", "", message), place)
