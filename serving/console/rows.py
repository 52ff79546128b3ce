"""What the grids fetch: pages of the API's lists, asked in the name of the session."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from nicegui import app as nicegui_app

from serving.console.api import ApiClient, ApiError
from serving.console.session import COOKIE
from serving.console.shell import Shell
from serving.console.titles import titles_of

# The lists that grids may page through and people may download, by the name in the grid's address.
LISTS: Final[Mapping[str, str]] = {
    "lines": "/v1/replenishment/lines",
    "purchases": "/v1/replenishment/orders",
    "purchase": "/v1/replenishment/orders/{id}",
    "transfers": "/v1/replenishment/transfers",
    "moves": "/v1/replenishment/transfer-orders",
    "move": "/v1/replenishment/transfer-orders/{id}",
    "exceptions": "/v1/forecasts/exceptions",
    "quarantine": "/v1/data/quarantine",
}
# Those whose lines name products by their ids alone.
_UNTITLED = frozenset({"exceptions", "transfers"})
MEDIA_TYPES: Final[Mapping[str, str]] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def install(shell: Shell) -> None:
    """Add the addresses that grids fetch from. shell: what all pages share."""

    @nicegui_app.get("/rows/{name}", include_in_schema=False)
    async def page(name: str, request: Request) -> Response:
        return await _answer(shell, name, request, None)

    @nicegui_app.get("/files/{name}.{kind}", include_in_schema=False)
    async def file(name: str, kind: str, request: Request) -> Response:
        return await _answer(shell, name, request, kind)


async def _answer(shell: Shell, name: str, request: Request, kind: str | None) -> Response:
    """A page as JSON, or the whole list as a file. kind: `csv`, `xlsx`, None for JSON."""
    path = LISTS.get(name)
    if path is None or (kind is not None and kind not in MEDIA_TYPES):
        return _refusal(404, "There is no such list.")
    try:
        person = await shell.find_person(request.cookies.get(COOKIE))
        if person is None:
            return _refusal(401, "Your session has ended. Sign in again.")
        client = shell.client_of(person)
        query: dict[str, Any] = dict(request.query_params)
        path = path.replace("{id}", quote(query.pop("id", ""), safe="")) if "{id}" in path else path
        if kind is None:
            answer = await client.get(path, **query)
            if name in _UNTITLED:
                await _add_titles(client, answer["data"])
            return JSONResponse(answer)
        content = await client.get_file(path, MEDIA_TYPES[kind], **query)
    except ApiError as error:
        return _refusal(error.status or 503, str(error))
    headers = {"Content-Disposition": f'attachment; filename="argosy-{name}.{kind}"'}
    return Response(content, media_type=MEDIA_TYPES[kind], headers=headers)


async def _add_titles(client: ApiClient, lines: list[dict[str, Any]]) -> None:
    """Put each product's title beside its id; the id stands for one that has none."""
    titles = await titles_of(client, (line["product_id"] for line in lines))
    for line in lines:
        line["title"] = titles.get(line["product_id"], line["product_id"])


def _refusal(status: int, sentence: str) -> Response:
    return JSONResponse({"detail": sentence}, status)
