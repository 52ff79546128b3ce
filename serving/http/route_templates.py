"""Which operation a request was for, as the description names it."""

from starlette.types import Scope

from serving.http.escaped_ids import STAND_IN


def route_template(scope: Scope) -> str:
    """The path of the operation with its places, such as `/v1/customers/{customer_id}`; "none" for
    a request that fits none.

    scope: of an answered request. A route of a router within another knows only its own part of
    the path: what goes before is read from the request.
    """
    own = str(getattr(scope.get("route"), "path_format", ""))
    if not own:
        return "none"
    filled, path = own, str(scope["path"]).replace(STAND_IN, "/")
    for name, value in scope.get("path_params", {}).items():
        filled = filled.replace(f"{{{name}}}", str(value))
    before = path.removesuffix(filled)
    return own if before == path else before + own
