"""Signing in with an API key, and out. The form works without scripts; the key never comes back."""

from html import escape
from urllib.parse import parse_qs, quote

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from nicegui import app as nicegui_app

from serving.console.api import ApiError
from serving.console.session import COOKIE
from serving.console.shell import THEMES, Shell, find_key_owner
from serving.console.texts import language_of, translate
from serving.console.view import ROOT

_MOST_BYTES = 10_000


def install(shell: Shell) -> None:
    """Add the sign-in page and what it posts to. shell: what all pages share."""

    @nicegui_app.get("/sign-in", include_in_schema=False)
    async def page(request: Request) -> Response:
        after = safe_address(request.query_params.get("next"))
        ended = "Your session has ended. Sign in again." if "ended" in request.query_params else ""
        return HTMLResponse(_page(request, after, ended))

    @nicegui_app.post("/sign-in", include_in_schema=False)
    async def enter(request: Request) -> Response:
        form = parse_qs((await request.body())[:_MOST_BYTES].decode("utf-8", "replace"))
        key = form.get("key", [""])[0].strip()
        after = safe_address(form.get("next", [""])[0])
        try:
            person = await find_key_owner(shell.http, key)
        except (ApiError, UnicodeEncodeError) as error:
            status = getattr(error, "status", 401)
            told = "This key is not known here." if status == 401 else str(error)
            return HTMLResponse(_page(request, after, told), status or 503)
        answer = RedirectResponse(f"{ROOT}{after}", 303)
        secure = request.url.scheme == "https"
        token = shell.sessions.begin(person)
        answer.set_cookie(COOKIE, token, path=ROOT, httponly=True, samesite="lax", secure=secure)
        return answer

    @nicegui_app.post("/sign-out", include_in_schema=False)
    async def leave(request: Request) -> Response:
        shell.sessions.end(request.cookies.get(COOKIE))
        answer = RedirectResponse(f"{ROOT}/sign-in", 303)
        answer.delete_cookie(COOKIE, path=ROOT)
        return answer


def safe_address(address: str | None) -> str:
    """Where to go after signing in: a page of the console, whatever the link asked for.

    >>> safe_address("/orders?state=draft"), safe_address("//elsewhere.example/")
    ('/orders?state=draft', '/today')
    """
    known = address and address.startswith("/") and not address.startswith(("//", "/\\"))
    return quote(address, safe="/?&=%:,~+-_.") if known and address else "/today"


def _page(request: Request, after: str, told: str) -> str:
    accepted = request.headers.get("accept-language", "")
    language = language_of(accepted, request.cookies.get("argosy_language"))
    theme = request.cookies.get("argosy_theme", "auto")
    said = {name: escape(translate(text, language)) for name, text in _TEXTS.items()}
    alert = f'<p class="alert" role="alert">{escape(translate(told, language))}</p>' if told else ""
    return f"""<!doctype html>
<html lang="{language}" data-theme="{theme if theme in THEMES else "auto"}"><head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{said["title"]} · Argosy</title>
<link rel="icon" href="{ROOT}/assets/argosy.svg">
<link rel="stylesheet" href="{ROOT}/assets/sign_in.css"></head>
<body><main><img src="{ROOT}/assets/argosy.svg" alt="" width="40" height="40">
<h1>Argosy</h1><p>{said["lead"]}</p>{alert}
<form method="post" action="{ROOT}/sign-in">
<input type="hidden" name="next" value="{escape(after)}">
<label for="key">{said["key"]}</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
<button type="submit">{said["title"]}</button></form>
<p class="hint">{said["hint"]}</p></main></body></html>"""


_TEXTS = {
    "title": "Sign in",
    "lead": "Decisions of the shop: orders, forecasts, payments, customers.",
    "key": "Your key",
    "hint": "Whoever runs the server makes keys: argosy keys add NAME --scopes plan,approve",
}
