"""A query parameter that an operation does not know is a fault: it would be silently ignored."""

from difflib import get_close_matches

from fastapi import Request, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute

from serving.http.errors import FieldFault, Problem


def refuse_unknown_parameters(request: Request) -> None:
    """Raise Problem 422, naming the nearest known ones, for parameters of no meaning here."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = [
        field.alias
        for field in get_flat_params(route.dependant)
        if isinstance(field.field_info, params.Query)
    ]
    faults = [
        FieldFault(f"/{name}", _unknown(name, known), "query")
        for name in dict.fromkeys(request.query_params)
        if name not in known
    ]
    if faults:
        named = ", ".join(f"query {fault.pointer}" for fault in faults)
        raise Problem(422, "invalid_request", f"Not valid: {named}.", fields=faults)


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    meant = f"; is it {near[0]!r}?" if near else f"; there are {', '.join(known) or 'none'}"
    return f"unknown parameter{meant}"
