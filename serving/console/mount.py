"""Where the screens are: beside the API in one process, or on their own before an API elsewhere."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import uvicorn
from fastapi import FastAPI
from nicegui import app as nicegui_app
from nicegui import ui
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.console import rows, sign_in
from serving.console.oidc import OidcClient, OidcProvider
from serving.console.session import Sessions
from serving.console.shell import Shell
from serving.console.view import ROOT

# The pages in the order of the menu, beside those of the use cases.
_FIRST, _LAST = ("today",), ("customers", "models", "data")
_MENU = ("replenishment", "forecasting", "fraud", "recommendation")


class ConsoleFront:
    """Sends /console to the screens, / there too, and everything else to the API.

    screens: the console's application; api: None where the API is elsewhere.
    """

    def __init__(self, screens: FastAPI, api: ASGIApp | None) -> None:
        self.app = screens
        self._api = api or _nothing_here

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or follow the server's start and end."""
        path = scope.get("path", "")
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif path == ROOT or path.startswith(f"{ROOT}/"):
            await self._show(scope, receive, send)
        elif path == "/" and scope["type"] == "http":
            await RedirectResponse(f"{ROOT}/today")(scope, receive, send)
        else:
            await self._api(scope, receive, send)

    async def _show(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not is_same_origin(scope):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            await PlainTextResponse("Another site must not ask here.", 403)(scope, receive, send)
        elif scope["path"] in {ROOT, f"{ROOT}/"}:
            await RedirectResponse(f"{ROOT}/today")(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def is_same_origin(scope: Scope) -> bool:
    """True if the request comes from the console's own pages, or from no page at all.

    scope: of an ASGI request. Another site's page sends its own name as Origin.
    """
    headers = dict(scope.get("headers", ()))
    origin = headers.get(b"origin", b"").decode("latin-1")
    if not origin:
        return True
    hosts = (headers.get(name, b"").decode("latin-1") for name in (b"host", b"x-forwarded-host"))
    return urlsplit(origin).netloc in {host for host in hosts if host}


def with_console(
    api: FastAPI,
    idle_minutes: float,
    use_cases: Sequence[str],
    oidc: OidcClient | None = None,
) -> ConsoleFront:
    """The API with the screens beside it, in one process.

    api: the application of the API; idle_minutes: after which a session ends; use_cases: names of
    those that have pages; oidc: the console as a provider knows it, None: people sign in with keys.
    """
    transport = httpx.ASGITransport(app=api, raise_app_exceptions=False)
    http = httpx.AsyncClient(transport=transport, base_url="http://argosy")
    return ConsoleFront(_screens(http, idle_minutes, use_cases, api, oidc), api)


def console_of(
    url: str, idle_minutes: float, use_cases: Sequence[str], oidc: OidcClient | None = None
) -> ConsoleFront:
    """The screens alone, of an API elsewhere.

    url: where the API is, such as `https://argosy.example`; idle_minutes: after which a session
    ends; use_cases: names of those that have pages; oidc: the console as a provider knows it, None:
    people sign in with keys.
    """
    http = httpx.AsyncClient(base_url=url)
    return ConsoleFront(_screens(http, idle_minutes, use_cases, None, oidc), None)


def run_console(
    front: ConsoleFront, *, host: str, port: int, log_config: Mapping[str, Any]
) -> None:
    """Show the console until Ctrl-C.

    front: of `console_of`; host, port: where to listen; log_config: of `logging.config`.
    """
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.run(
            front,
            host=host,
            port=port,
            log_config=dict(log_config),
            access_log=False,
            server_header=False,
        )


def _screens(
    http: httpx.AsyncClient,
    idle_minutes: float,
    use_cases: Sequence[str],
    api: FastAPI | None,
    oidc: OidcClient | None,
) -> FastAPI:
    outside = httpx.AsyncClient()

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            if api is not None:
                await stack.enter_async_context(api.router.lifespan_context(api))
            yield
            await http.aclose()
            await outside.aclose()

    screens = FastAPI(openapi_url=None, lifespan=lifespan)
    provider = OidcProvider(oidc, outside) if oidc is not None else None
    shell = Shell(http, Sessions(idle_minutes * 60), provider)
    nicegui_app.add_static_files("/assets", Path(__file__).parent / "static", max_cache_age=3600)
    sign_in.install(shell)
    rows.install(shell)
    for name in (*_FIRST, *_in_order(use_cases), *_LAST):
        import_module(f"serving.console.{name}").page(shell)
    ui.run_with(
        screens,
        mount_path=ROOT,
        title="Argosy",
        dark=None,
        tailwind=False,
        reconnect_timeout=10,
        show_welcome_message=False,
        favicon=Path(__file__).parent / "static" / "argosy.svg",
    )
    return screens


def _in_order(use_cases: Sequence[str]) -> list[str]:
    """The use cases in the order of the menu, those of the planner first."""
    own = [name for name in use_cases if name not in _LAST]
    return sorted(own, key=lambda name: _MENU.index(name) if name in _MENU else len(_MENU))


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    await PlainTextResponse("The console is at /console.", 404)(scope, receive, send)
