"""/docs, /redoc and /openapi.json from files of this machine: nothing is fetched elsewhere."""

import json
from functools import cache
from importlib import resources
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse

from decisions.runtime import Runtime
from serving.http.auth import scoped
from serving.http.errors import Problem

# Of the package fastapi-offline, which ships Swagger UI and ReDoc.
_FILES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "redoc.standalone.js": "text/javascript",
    "favicon.png": "image/png",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Argosy API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/docs/files/favicon.png">
<link rel="stylesheet" href="/docs/files/swagger-ui.css">
</head><body><div id="page"></div>
<script src="/docs/files/{script}"></script>
<script>
async function description(key) {{
  const answer = await fetch("/openapi.json", key ? {{headers: {{"X-API-Key": key}}}} : {{}});
  if (answer.status === 401) return description(prompt("An API key") || "");
  return answer.json();
}}
description("").then(spec => {show});
</script></body></html>"""
_SWAGGER = (
    'SwaggerUIBundle({spec, dom_id: "#page", deepLinking: true, persistAuthorization: false})'
)
_REDOC = 'Redoc.init(spec, {disableSearch: false}, document.getElementById("page"))'


def router(runtime: Runtime) -> APIRouter:
    """The pages; /openapi.json asks for a key where the settings say so."""
    routes = APIRouter(include_in_schema=False)
    guard = [Depends(scoped())] if runtime.settings.docs_key else []

    @routes.get("/openapi.json", dependencies=guard)
    def read_description(request: Request) -> Response:
        """The OpenAPI description, written once a process."""
        return Response(_description(request.app), media_type="application/json")

    @routes.get("/docs")
    async def show_swagger() -> HTMLResponse:
        """Swagger UI."""
        return HTMLResponse(_PAGE.format(script="swagger-ui-bundle.js", show=_SWAGGER))

    @routes.get("/redoc")
    async def show_redoc() -> HTMLResponse:
        """ReDoc."""
        return HTMLResponse(_PAGE.format(script="redoc.standalone.js", show=_REDOC))

    @routes.get("/docs/files/{name}")
    def read_file(name: Annotated[str, InPath(max_length=100)]) -> Response:
        """A script, style or picture of the pages."""
        if name not in _FILES:
            raise Problem(404, "not_found", "There is no such file.")
        headers = {"Cache-Control": "public, max-age=86400"}
        return Response(_file(name), media_type=_FILES[name], headers=headers)

    return routes


def _description(app: FastAPI) -> bytes:
    """The description as JSON; kept with the application."""
    kept: bytes | None = getattr(app.state, "description", None)
    if kept is None:
        kept = json.dumps(app.openapi(), ensure_ascii=False, separators=(",", ":")).encode()
        app.state.description = kept
    return kept


@cache
def _file(name: str) -> bytes:
    return (resources.files("fastapi_offline") / "static" / name).read_bytes()
