"""The frame around every page: menu, header, language, light and dark, keys, errors."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote

import httpx
from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from nicegui import ui

from serving.console.api import ApiClient, ApiError
from serving.console.formats import Formats, locale_of
from serving.console.oidc import OidcProvider
from serving.console.session import COOKIE, Person, Sessions
from serving.console.texts import LANGUAGES, language_of
from serving.console.view import ROOT, ConsoleView, failure

Build = Callable[[ConsoleView], Awaitable[None]]
THEMES = ("auto", "light", "dark")


@dataclass(frozen=True)
class Screen:
    """A page. path: below /console; scopes: one of them is needed; use_case: shown only where the
    API serves it, "" always; in_menu: whether the menu names it; parent: the path of the menu entry
    that is marked while it is shown."""

    path: str
    title: str
    icon: str
    build: Build
    scopes: tuple[str, ...] = ()
    use_case: str = ""
    in_menu: bool = True
    parent: str = ""


@dataclass(frozen=True)
class Shell:
    """What all pages share. http: a client whose base URL is the API's; provider: with which
    people sign in, None: with keys only."""

    http: httpx.AsyncClient
    sessions: Sessions
    provider: OidcProvider | None = None
    screens: list[Screen] = field(default_factory=list)

    def install(self, screens: Sequence[Screen]) -> None:
        """Put pages where the browser finds them."""
        self.screens.extend(screens)
        for screen in screens:
            self._install(screen)

    async def find_person(self, token: str | None) -> Person | None:
        """Who asks: the session's person, or anyone where the API asks for no key.

        token: of the session cookie. None: must sign in. Raises ApiError when nothing answers.
        """
        found = self.sessions.find(token)
        if found is not None:
            return found
        try:
            return await find_key_owner(self.http, None)
        except ApiError as error:
            if error.status == 401:
                return None
            raise

    def _install(self, screen: Screen) -> None:
        @ui.page(screen.path, title=f"{screen.title} · Argosy", response_timeout=30, dark=None)
        async def shown(request: Request) -> Response | None:
            try:
                person = await self.find_person(request.cookies.get(COOKIE))
            except ApiError as error:
                _without_api(self.view(request, _NOBODY), error)
                return None
            if person is None:
                here = quote(_address(request), safe="")
                return RedirectResponse(f"{ROOT}/sign-in?next={here}", 303)
            await self._show(screen, self.view(request, person))
            return None

    def client_of(self, person: Person) -> ApiClient:
        """The API in the name of a person."""
        fresh = person.tokens.fresh if person.tokens else None
        return ApiClient(self.http, person.key, fresh=fresh)

    def view(self, request: Request, person: Person) -> ConsoleView:
        """What a page is built with. request: the browser's; person: who looks."""
        accepted = request.headers.get("accept-language", "")
        language = language_of(accepted, request.cookies.get("argosy_language"))
        return ConsoleView(
            person=person,
            token=request.cookies.get(COOKIE),
            sessions=self.sessions,
            client=self.client_of(person),
            formats=Formats(locale_of(accepted, language), person.base_currency),
            language=language,
            query={**request.query_params, **request.path_params},
            address=_address(request),
        )

    async def _show(self, screen: Screen, view: ConsoleView) -> None:
        _head(view, request_theme())
        title = view.t(screen.title)
        ui.page_title(f"{title} · Argosy")
        with ui.element("div").classes("frame"):
            self._menu(screen, view)
            with ui.element("div").classes("main"):
                _header(title, view)
                with ui.element("main").classes("content").props("id=content tabindex=-1"):
                    if view.person.may(*screen.scopes):
                        await screen.build(view)
                    else:
                        _forbidden(view, screen)

    def _menu(self, current: Screen, view: ConsoleView) -> None:
        with ui.element("nav").classes("menu").props(f'aria-label="{view.t("Pages")}"'):
            with ui.element("a").classes("brand").props(f"href={ROOT}/today"):
                ui.html(_LOGO, sanitize=False)
                ui.label("Argosy")
            for screen in self.screens:
                if _is_shown(screen, view.person):
                    _menu_entry(screen, view, here=screen.path in {current.path, current.parent})
            ui.element("div").classes("grow")
            ui.label(view.t("Press ? for keys")).classes("menu-hint")


def _menu_entry(screen: Screen, view: ConsoleView, *, here: bool) -> None:
    entry = ui.element("a").classes("entry" + (" here" if here else ""))
    entry.props(f'href={ROOT}{screen.path} title="{view.t(screen.title)}"')
    if here:
        entry.props("aria-current=page")
    with entry:
        ui.icon(screen.icon).props("aria-hidden=true")
        ui.label(view.t(screen.title))


def _is_shown(screen: Screen, person: Person) -> bool:
    served = not screen.use_case or screen.use_case in person.use_cases
    return screen.in_menu and served and person.may(*screen.scopes)


async def find_key_owner(http: httpx.AsyncClient, key: str | None) -> Person:
    """Whose key it is. http: the API; key: None asks without one. Raises ApiError."""
    me = await ApiClient(http, key).get("/v1/me")
    return Person(
        name=me["name"],
        scopes=frozenset(me["scopes"]),
        key=key,
        base_currency=me["base_currency"],
        use_cases=tuple(me["use_cases"]),
        owner=me["owner"],
    )


_NOBODY = Person("", frozenset(), None, "EUR", ())


def _address(request: Request) -> str:
    path = request.url.path.removeprefix(ROOT)
    return f"{path}?{request.url.query}" if request.url.query else path


def request_theme() -> str:
    """The theme this browser has chosen: auto, light or dark."""
    request = ui.context.client.request
    chosen = request.cookies.get("argosy_theme", "auto") if request else "auto"
    return chosen if chosen in THEMES else "auto"


def _head(view: ConsoleView, theme: str) -> None:
    ui.dark_mode({"light": False, "dark": True}.get(theme))
    ui.colors(
        primary="#0f6b78",
        positive="#1d6b3f",
        warning="#7a4b00",
        negative="#a8261c",
        info="#0b5661",
    )
    settings = json.dumps(
        {
            "locale": view.formats.tag,
            "currency": view.formats.currency,
            "loading": view.t("Loading…"),
        }
    )
    ui.add_head_html(
        f'<link rel="stylesheet" href="{ROOT}/assets/console.css">'
        f"<script>window.argosySettings = {settings};"
        f'document.documentElement.lang = "{view.language}";</script>'
        f'<script src="{ROOT}/assets/console.js"></script>'
    )


def _header(title: str, view: ConsoleView) -> None:
    with ui.element("header").classes("bar"):
        ui.html(
            f'<a class="skip" href="#content">{view.t("Skip to the content")}</a>', sanitize=False
        )
        with ui.element("h1").classes("title"):
            ui.html(escape(title), sanitize=False, tag="span")
        ui.element("div").classes("grow")
        _themes(view)
        _languages(view)
        _person(view)


def _themes(view: ConsoleView) -> None:
    current = request_theme()
    following = THEMES[(THEMES.index(current) + 1) % len(THEMES)]
    names = {"auto": view.t("Theme: automatic"), "light": view.t("Theme: light")}
    name = names.get(current, view.t("Theme: dark"))
    icon = {"auto": "brightness_auto", "light": "light_mode", "dark": "dark_mode"}[current]
    button = (
        ui.button(icon=icon, color=None)
        .props(f'flat dense round aria-label="{name}"')
        .classes("tool")
    )
    button.on("click", js_handler=f"() => argosy.choose('argosy_theme', '{following}')")
    with button:
        ui.tooltip(name)


def _languages(view: ConsoleView) -> None:
    with (
        ui.button(icon="translate", color=None)
        .props(f'flat dense round aria-label="{view.t("Language")}"')
        .classes("tool"),
        ui.menu(),
    ):
        for tag, name in LANGUAGES.items():
            entry = ui.menu_item(name).props(f"lang={tag}")
            entry.on("click", js_handler=f"() => argosy.choose('argosy_language', '{tag}')")


def _person(view: ConsoleView) -> None:
    if view.person.key is None:
        ui.label(view.t("No keys asked")).classes("person quiet")
        return
    ui.label(view.person.name).classes("person")
    button = ui.button(icon="logout", color=None).props(
        f'flat dense round aria-label="{view.t("Sign out")}" data-key=sign-out'
    )
    button.classes("tool").on("click", js_handler="() => argosy.signOut()")
    with button:
        ui.tooltip(view.t("Sign out"))


def _forbidden(view: ConsoleView, screen: Screen) -> None:
    with ui.element("div").classes("empty").props("role=alert"):
        ui.icon("lock").classes("empty-icon")
        ui.label(view.t("Your key may not see this page.")).classes("empty-title")
        needed = view.t(
            "It needs the scope {scopes}; {name} has {held}.",
            scopes=" / ".join(screen.scopes),
            name=view.person.name,
            held=", ".join(sorted(view.person.scopes)),
        )
        ui.label(needed).classes("quiet")


def _without_api(view: ConsoleView, error: ApiError) -> None:
    _head(view, request_theme())
    with ui.element("main").classes("alone"):
        failure(view, error, ui.navigate.reload)


def empty(view: ConsoleView, title: str, hint: str, icon: str = "inbox") -> None:
    """A place where there is nothing to show, and what to do about it.

    view: the page; title: what there is none of; hint: what helps; icon: a Material icon's name.
    """
    with ui.element("div").classes("empty"):
        ui.icon(icon).classes("empty-icon").props("aria-hidden=true")
        ui.label(title).classes("empty-title")
        ui.label(hint).classes("quiet")


_LOGO = (
    '<svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">'
    '<path d="M12 2v13M12 3c4 1 6 5 6 10h-6M12 6c-3 1-5 4-5 7h5" fill="none" stroke="currentColor"'
    ' stroke-width="1.7" stroke-linejoin="round"/><path d="M3 16h18l-2.5 5h-13z"'
    ' fill="currentColor"/></svg>'
)
