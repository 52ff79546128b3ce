"""What a page is built with: who looks, at which state, in which language, through which API."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlencode

from nicegui import ui

from serving.console.api import ApiClient, ApiError, SignedOutError
from serving.console.formats import Formats
from serving.console.session import Person, Sessions
from serving.console.texts import translate

ROOT = "/console"
Notice = Literal["info", "positive", "warning", "negative"]


@dataclass(frozen=True)
class ConsoleView:
    """One page as one person sees it.

    query: the state in the address, by name; address: the path and query to come back to.
    """

    person: Person
    token: str | None
    sessions: Sessions
    client: ApiClient
    formats: Formats
    language: str
    query: Mapping[str, str]
    address: str

    @property
    def api(self) -> ApiClient:
        """The API in this person's name. Raises SignedOutError when the session has ended."""
        if self.person.key is not None and self.sessions.find(self.token) is None:
            raise SignedOutError(self.t("Your session has ended. Sign in again."), status=401)
        return self.client

    def t(self, text: str, **values: object) -> str:
        """The text in the reader's language; values stand in its places."""
        return translate(text, self.language, **values)

    def remember(self, **state: object) -> None:
        """Put the state into the address, so that a link or a reload comes back to it."""
        kept = {name: value for name, value in state.items() if value not in (None, "", [])}
        query = f"?{urlencode(kept)}" if kept else "?"
        ui.run_javascript(f"history.replaceState(null, '', {query!r})")

    async def try_call(self, call: Awaitable[Any], done: str = "") -> Any:
        """The answer of a call; when it fails the person is told in a sentence, and it is None.

        call: a call of the API, not yet awaited; done: what to say when it went well.
        """
        try:
            answer = await call
        except SignedOutError:
            sign_in_again(self)
            return None
        except ApiError as error:
            self.say(str(error), kind="negative")
            return None
        if done:
            self.say(done, kind="positive")
        return answer

    def say(self, text: str, *, kind: Notice = "info") -> None:
        """Tell the person something in a note at the foot of the page.

        text: what; kind: info, positive, warning or negative.
        """
        lasting = 8000 if kind in {"negative", "warning"} else 3500
        ui.notify(
            text,
            type=kind,
            position="bottom",
            timeout=lasting,
            close_button=self.t("Close"),
            multi_line=len(text) > 80,
            textColor="white",
        )


def sign_in_again(view: ConsoleView) -> None:
    """Lead to the sign-in page, and from there back to this address."""
    ui.navigate.to(f"/sign-in?next={quote(view.address, safe='')}&ended=1")


def load(view: ConsoleView, fill: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """A part of the page that asks the API: a skeleton first, then what `fill` builds, or the
    error as a sentence with a way to try again. Returns a function that loads it again.

    view: the page; fill: builds the part.
    """
    outer = ui.element("div").classes("part")
    with outer:
        place = ui.element("div").classes("part")

    async def run() -> None:
        place.clear()
        with place:
            waiting = ui.element("div").classes("skeleton").props("role=status aria-busy=true")
            with waiting:
                ui.label(view.t("Loading…"))
            await ui.context.client.connected(timeout=30)
            try:
                await fill()
            except SignedOutError:
                sign_in_again(view)
            except ApiError as error:
                failure(view, error, again)
            finally:
                waiting.delete()

    def again() -> None:
        with outer:  # not in `place`: clearing that would end the timer that fills it
            ui.timer(0, run, once=True)

    again()
    return again


def failure(view: ConsoleView, error: ApiError, again: Callable[[], None] | None = None) -> None:
    """What could not be shown, in a sentence, with the request to quote.

    view: the page; error: what the API said; again: tries once more, None where it cannot.
    """
    with ui.element("div").classes("failure").props("role=alert"):
        ui.icon("error_outline").classes("failure-icon")
        with ui.element("div"):
            ui.label(str(error)).classes("failure-text")
            if error.request_id:
                ui.label(view.t("Request {id}", id=error.request_id)).classes("quiet")
        if again is not None:
            ui.button(view.t("Try again"), on_click=again, color=None).props("flat dense no-caps")
