"""A real browser before a real server: the sample merchant with keys, watched for faults."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from data.records import open_records
from data.settings import Settings
from serving.http.auth import create_key
from serving.http.callers import SCOPES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ROOT = Path(__file__).parents[3]
START_SECONDS = 240
REVIEWS = 60
# What Chromium says of requests that we mean to fail.
EXPECTED = ("status of 4", "status of 503", "ERR_CONNECTION_REFUSED", "WebSocket connection to")
# True where there is no grid, or it shows the data of its lines, or says that there are none.
_GRID_HAS_LINES = """!document.querySelector('.list-grid')
  || document.querySelector('.ag-overlay-no-rows-wrapper')
  || [...document.querySelectorAll('.ag-row .ag-cell')].some((cell) => cell.textContent.trim())"""
PEOPLE = {
    "anna": ("plan", "approve"),
    "bela": ("plan", "approve"),
    "carl": ("review", "decide"),
    "dora": ("review", "decide"),
    "eve": ("recommend",),
    "root": tuple(scope for scope in SCOPES if scope != "public"),  # that one stands alone
}
expect.set_options(timeout=60_000)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Server:
    """A running `argosy serve`, or `argosy console` before one. keys: by the person's name."""

    home: Path
    port: int
    keys: dict[str, str]
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        variables = {"ARGOSY_HOME": str(self.home), "ARGOSY_AUTH": "true", **self.environment}
        with (self.home / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "argosy", *self.command, "--port", str(self.port)],
                cwd=ROOT,
                env={**_plain_environment(), **variables},
                stdout=log,
                stderr=log,
            )
        self._wait()

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=60)
            self.process = None

    def _wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/console/sign-in", timeout=5).status_code == 200:
                    return
            assert self.process is not None
            assert self.process.poll() is None, (self.home / "server.log").read_text()[-3000:]
            time.sleep(0.5)
        raise AssertionError((self.home / "server.log").read_text()[-3000:])

    def ask(self, name: str, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The API's answer in the name of a person; asked again while the server is busy."""
        for _ in range(6):
            answer = httpx.request(
                method,
                f"{self.url}{path}",
                json=body,
                params=query,
                headers={"Authorization": f"Bearer {self.keys[name]}"},
                timeout=60,
            )
            if answer.status_code != 503:
                break
            time.sleep(1)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


def _plain_environment() -> dict[str, str]:
    """The environment without what is only for tests."""
    return {k: v for k, v in os.environ.items() if not k.startswith("ARGOSY_")}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def console_home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the trained sample merchant that the journeys may change; one for each worker."""
    _browser_or_skip()  # before the merchant is made, which takes minutes
    given = os.environ.get("ARGOSY_TEST_CONSOLE_HOME")
    source = Path(given) if given else request.getfixturevalue("pristine_home")
    home = tmp_path_factory.mktemp("console") / "home"
    shutil.copytree(source, home)
    return home


@pytest.fixture(scope="session")
def keys(console_home: Path) -> dict[str, str]:
    records = open_records(Settings(home=console_home))
    records.migrate()
    made = {name: create_key(records, name, scopes) for name, scopes in PEOPLE.items()}
    records.close()
    return made


@pytest.fixture(scope="session")
def server(console_home: Path, keys: dict[str, str]) -> Iterator[Server]:
    """The API with the console beside it; the queue holds reviews."""
    _browser_or_skip()
    # However many payments go to review, none is challenged instead.
    environment = {"ARGOSY_FRAUD_MOST_BLOCKS": "1"}
    made = Server(console_home, free_port(), keys, ["serve"], environment)
    made.start()
    warm(made)
    seed_reviews(made)
    yield made
    made.stop()


def warm(server: Server) -> None:
    """Let the first plan be made: on a busy machine that takes longer than a request may."""
    headers = {"Authorization": f"Bearer {server.keys['root']}"}
    for _ in range(60):
        url = f"{server.url}/v1/replenishment/lines/summary"
        if httpx.get(url, headers=headers, timeout=60).is_success:
            return
        time.sleep(1)
    raise AssertionError("no plan was made")


def seed_reviews(server: Server) -> None:
    """Payments that a shipped rule sends to review: first ones, and large."""
    for number in range(REVIEWS):
        payment = {
            "payment_id": f"journey-{number:03d}",
            "attempted_at": datetime.now(UTC).isoformat(),
            "customer_id": f"journey-customer-{number}",
            "amount": 6000.0 + number,
            "currency": "EUR",
            "card_id": f"journey-card-{number // 3}",
            "device_id": f"journey-device-{number}",
            "billing_country": "FR",
            "shipping_country": "FR",
            "ip_country": "FR",
            "address_match": True,
            "channel": "web",
        }
        server.ask("carl", "POST", "/v1/fraud/decisions", payment)


def _browser_or_skip() -> str:
    """Where Chromium is. The journeys run where ARGOSY_TEST_BROWSER=1 asks for them."""
    if os.environ.get("ARGOSY_TEST_BROWSER") != "1":
        missing = "" if CHROMIUM else "install Chromium (apt-get install chromium) and "
        pytest.skip(f"journeys in a real browser: {missing}set ARGOSY_TEST_BROWSER=1")
    if not CHROMIUM:
        pytest.fail("ARGOSY_TEST_BROWSER=1, and no Chromium here: apt-get install chromium")
    return CHROMIUM


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; for one module, as its event loop stands in the way of others."""
    path = _browser_or_skip()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Person:
    """Somebody before a browser of their own; what the page complains about is kept."""

    def __init__(self, server: Server, context: BrowserContext, name: str) -> None:
        context.set_default_timeout(90_000)
        self.server = server
        self.context = context
        self.name = name
        self.faults: list[str] = []
        self.actions = 0
        self.page: Page = context.new_page()
        self._watch(self.page)

    def _watch(self, page: Page) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("request", self._on_request)

    def _on_console(self, message: Any) -> None:
        if message.type == "error" and not any(text in message.text for text in EXPECTED):
            self.faults.append(f"console: {message.text}")

    def _on_request(self, request: Any) -> None:
        local = (self.server.url, self.server.url.replace("http", "ws"), "data:", "blob:")
        if not request.url.startswith(local):
            self.faults.append(f"outside: {request.url}")

    def sign_in(self) -> None:
        """Post the sign-in form, without opening a page: `open` does."""
        form = {"key": self.server.keys[self.name], "next": "/today"}
        answer = self.context.request.post(
            f"{self.server.url}/console/sign-in", form=form, max_redirects=0
        )
        assert answer.status == 303, answer.text()

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.server.url}/console{path}")
        self.settled()
        return self.page

    def settled(self) -> None:
        """Wait until nothing on the page is loading any more."""
        self.page.wait_for_selector("#content, main", timeout=60_000)
        self.page.wait_for_function(
            "window.socket === undefined || window.socket.connected", timeout=60_000
        )
        self.page.wait_for_timeout(250)
        self.page.wait_for_function("!document.querySelector('.skeleton')", timeout=60_000)
        self.page.wait_for_function(_GRID_HAS_LINES, timeout=60_000)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.actions += 1

    def click(self, name: str, role: Any = "button") -> None:
        self.page.get_by_role(role, name=name).first.click()
        self.actions += 1

    def told(self, text: str) -> None:
        """The person was told this in a notification."""
        expect(self.page.locator(".q-notification").filter(has_text=text).first).to_be_visible()

    def rows(self) -> int:
        """Lines of the grid that are on the screen with their data."""
        self.page.wait_for_function(
            "document.querySelector('.ag-row[row-index=\"0\"] [col-id=title]')?.textContent",
            timeout=60_000,
        )
        return self.page.locator(".ag-pinned-left-cols-container .ag-row").count()

    def accessibility(self) -> None:
        """Keep what axe finds that is serious or worse."""
        from axe_playwright_python.sync_playwright import Axe

        self.page.wait_for_load_state()
        found = Axe().run(self.page).response["violations"]
        self.faults += [
            f"axe: {each['id']} ({each['impact']}) {each['nodes'][0]['html'][:160]}"
            for each in found
            if each["impact"] in {"serious", "critical"}
        ]


Enter = Callable[..., Person]


@pytest.fixture
def enter(server: Server, chromium: Browser) -> Iterator[Enter]:
    """Somebody comes in: `enter("anna")`; in the end nothing may have gone wrong in the browser."""
    people: list[Person] = []

    def come(
        name: str = "root", *, signed_in: bool = True, at: Server | None = None, **how: Any
    ) -> Person:
        options = {"viewport": {"width": 1360, "height": 860}, "locale": "en-GB"}
        options |= {"reduced_motion": "reduce", **how}  # nothing is half faded when axe looks
        person = Person(at or server, chromium.new_context(**options), name)
        people.append(person)
        if signed_in:
            person.sign_in()
        return person

    yield come
    for person in people:
        if not person.page.is_closed():
            person.accessibility()
        person.context.close()
    assert [fault for person in people for fault in person.faults] == []
