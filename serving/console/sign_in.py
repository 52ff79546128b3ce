"""Signing in with an API key or with a provider, and out. The form works without scripts; neither
key nor token ever comes back."""

from dataclasses import replace
from html import escape
from urllib.parse import parse_qs, quote

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from nicegui import app as nicegui_app

from serving.console.api import ApiError
from serving.console.oidc import OidcProvider, SignInError
from serving.console.session import COOKIE, Person
from serving.console.shell import THEMES, Shell, find_key_owner
from serving.console.texts import language_of, translate
from serving.console.view import ROOT

_MOST_BYTES = 10_000
_BEGUN = "argosy_sign_in"  # the cookie of a browser that stands at the provider


def install(shell: Shell) -> None:
    """Add the sign-in page and what it posts to. shell: what all pages share."""

    @nicegui_app.get("/sign-in", include_in_schema=False)
    async def page(request: Request) -> Response:
        after = safe_address(request.query_params.get("next"))
        ended = "Your session has ended. Sign in again." if "ended" in request.query_params else ""
        return HTMLResponse(_page(request, after, ended, shell))

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
            return HTMLResponse(_page(request, after, told, shell), status or 503)
        return _entered(request, shell, person, after)

    @nicegui_app.post("/sign-out", include_in_schema=False)
    async def leave(request: Request) -> Response:
        person = shell.sessions.end(request.cookies.get(COOKIE))
        after = f"{ROOT}/sign-in"
        if person is not None and person.tokens is not None and shell.provider is not None:
            after = await shell.provider.leave_url(person.tokens.id_token) or after
        answer = JSONResponse({"next": after})
        answer.delete_cookie(COOKIE, path=ROOT)
        return answer

    if shell.provider is not None:
        _install_provider(shell, shell.provider)


def _install_provider(shell: Shell, provider: OidcProvider) -> None:
    """The way to the provider and the way back."""

    @nicegui_app.get("/sign-in/start", include_in_schema=False)
    async def start(request: Request) -> Response:
        after = safe_address(request.query_params.get("next"))
        try:
            address, browser = await provider.begin(after)
        except SignInError as error:
            return HTMLResponse(_page(request, after, str(error), shell), 503)
        answer = RedirectResponse(address, 303)
        _set_cookie(request, shell, answer, _BEGUN, browser)
        return answer

    @nicegui_app.get("/sign-in/back", include_in_schema=False)
    async def back(request: Request) -> Response:
        try:
            kept = request.cookies.get(_BEGUN)
            tokens, after = await provider.finish(dict(request.query_params), kept)
            person = await find_key_owner(shell.http, tokens.id_token)  # it checks the signature
        except (SignInError, ApiError) as error:
            told, status = str(error), getattr(error, "status", 403) or 503
            return HTMLResponse(_page(request, "/today", told, shell), status)
        answer = _entered(request, shell, replace(person, tokens=tokens), after)
        answer.delete_cookie(_BEGUN, path=ROOT)
        return answer


def _entered(request: Request, shell: Shell, person: Person, after: str) -> Response:
    """Somebody is signed in: their session begins, on the page they came for."""
    answer = RedirectResponse(f"{ROOT}{after}", 303)
    _set_cookie(request, shell, answer, COOKIE, shell.sessions.begin(person))
    return answer


def _set_cookie(request: Request, shell: Shell, answer: Response, name: str, value: str) -> None:
    outside = shell.provider.client.console_url if shell.provider is not None else ""
    secure = request.url.scheme == "https" or outside.startswith("https://")
    answer.set_cookie(name, value, path=ROOT, httponly=True, samesite="lax", secure=secure)


def safe_address(address: str | None) -> str:
    """Where to go after signing in: a page of the console, whatever the link asked for.

    >>> safe_address("/orders?state=draft"), safe_address("//elsewhere.example/")
    ('/orders?state=draft', '/today')
    """
    known = address and address.startswith("/") and not address.startswith(("//", "/\\"))
    return quote(address, safe="/?&=%:,~+-_.") if known and address else "/today"


def _page(request: Request, after: str, told: str, shell: Shell) -> str:
    accepted = request.headers.get("accept-language", "")
    language = language_of(accepted, request.cookies.get("argosy_language"))
    theme = request.cookies.get("argosy_theme", "auto")
    said = {name: escape(translate(text, language)) for name, text in _TEXTS.items()}
    alert = f'<p class="alert" role="alert">{escape(translate(told, language))}</p>' if told else ""
    provider = ""
    if shell.provider is not None:
        start = f"{ROOT}/sign-in/start?next={quote(after, safe='')}"
        provider = (
            f'<p><a class="provider" href="{escape(start)}">{said["provider"]}</a></p>'
            f'<p class="or">{said["or"]}</p>'
        )
    return f"""<!doctype html>
<html lang="{language}" data-theme="{theme if theme in THEMES else "auto"}"><head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{said["title"]} · Argosy</title>
<link rel="icon" href="{ROOT}/assets/argosy.svg">
<link rel="stylesheet" href="{ROOT}/assets/sign_in.css"></head>
<body><main><img src="{ROOT}/assets/argosy.svg" alt="" width="40" height="40">
<h1>Argosy</h1><p>{said["lead"]}</p>{alert}{provider}
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
    "or": "or with a key",
    "provider": "Sign in with your account",
    "hint": "Whoever runs the server makes keys: argosy keys add NAME --scopes plan,approve",
}
