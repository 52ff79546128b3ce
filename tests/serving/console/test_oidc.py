"""Signing in with a provider: what the browser brings back must be what was begun."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from serving.console.api import ApiClient, ApiError, SignedOutError
from serving.console.oidc import OidcClient, OidcProvider, SignInError, claims_of
from tests.oidc_provider import SCOPES, running_provider
from tests.serving.http.test_faults import free_port

ISSUER = "https://login.shop.example"
CLIENT = OidcClient(ISSUER, "argosy", "s/cret", "openid email", "https://argosy.shop.example")
pytestmark = pytest.mark.anyio


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


class Provider:
    """A provider that asks for PKCE and renews tokens; now: its clock and the console's."""

    def __init__(self, **told):
        self.now = 1_000_000.0
        self.told = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize?tenant=shop",
            "token_endpoint": f"{ISSUER}/token",
            "end_session_endpoint": f"{ISSUER}/leave",
            **told,
        }
        self.codes = {}
        self.refreshed = 0
        self.away = False
        self.change = {}
        self.form = {}
        self.auth = None

    def authorize(self, address):
        """What the person's browser is sent back with."""
        query = dict(parse_qsl(urlsplit(address).query))
        assert query["response_type"] == "code"
        assert query["redirect_uri"] == "https://argosy.shop.example/console/sign-in/back"
        self.codes["the-code"] = query
        return {"code": "the-code", "state": query["state"]}

    def answer(self, request):
        if self.away:
            raise httpx.ConnectError("away")
        if request.url.path == "/.well-known/openid-configuration":
            return httpx.Response(200, json=self.told)
        self.form = {name: each[0] for name, each in parse_qs(request.content.decode()).items()}
        self.auth = request.headers.get("authorization")
        if self.form["grant_type"] == "refresh_token":
            self.refreshed += 1
            return self._tokens({}, f"refresh-{self.refreshed}")
        begun = self.codes.pop(self.form["code"], None)
        digest = hashlib.sha256(self.form["code_verifier"].encode()).digest()
        proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if begun is None or begun["code_challenge"] != proof:
            return httpx.Response(400, json={"error": "invalid_grant"})
        return self._tokens({"nonce": begun["nonce"]}, "refresh-0")

    def _tokens(self, more, refresh):
        claims = {"iss": ISSUER, "aud": "argosy", "sub": "u1", "exp": self.now + 300}
        kept = {**claims, **more, **self.change}
        token = f"{part({'alg': 'RS256'})}.{part(kept)}.signature-{self.refreshed}"
        return httpx.Response(200, json={"id_token": token, "refresh_token": refresh})

    def console(self, client=CLIENT):
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))
        return OidcProvider(client, http, clock=lambda: self.now)


async def test_the_code_is_exchanged_with_the_proof_that_was_begun_with():
    provider = Provider()
    console = provider.console()
    address, browser = await console.begin("/orders")
    query = dict(parse_qsl(urlsplit(address).query))
    assert (query["tenant"], query["code_challenge_method"]) == ("shop", "S256")
    assert query["scope"] == "openid email"
    tokens, after = await console.finish(provider.authorize(address), browser)
    assert after == "/orders"
    assert claims_of(tokens.id_token)["nonce"] == query["nonce"]
    assert provider.auth == "Basic " + base64.b64encode(b"argosy:s%2Fcret").decode()
    assert "client_secret" not in provider.form


@pytest.mark.parametrize(
    ("told", "secret", "form"),
    [
        ({"token_endpoint_auth_methods_supported": ["client_secret_post"]}, "s/cret", "s/cret"),
        ({}, None, None),
    ],
)
async def test_the_client_shows_itself_as_the_provider_wants(told, secret, form):
    provider = Provider(**told)
    console = provider.console(
        OidcClient(ISSUER, "argosy", secret, "openid", "https://argosy.shop.example/")
    )
    address, browser = await console.begin("/today")
    await console.finish(provider.authorize(address), browser)
    assert (provider.form["client_id"], provider.form.get("client_secret")) == ("argosy", form)
    assert provider.auth is None


@pytest.mark.parametrize(
    "fault",
    ["state", "browser", "no browser", "late", "twice", "issuer", "no issuer", "code", "refused"],
)
async def test_what_was_not_begun_here_is_refused(fault):
    named = {"authorization_response_iss_parameter_supported": True} if "issuer" in fault else {}
    provider = Provider(**named)
    console = provider.console()
    address, browser = await console.begin("/orders")
    query = provider.authorize(address)
    if fault == "state":
        query["state"] = "another"
    elif "browser" in fault:  # somebody else's sign-in is slipped to this browser
        browser = None if fault == "no browser" else "another"
    elif fault == "late":
        provider.now += 601
    elif fault == "twice":
        await console.finish(dict(query), browser)
    elif fault == "issuer":
        query["iss"] = "https://login.evil.example"
    elif fault == "code":
        query["code"] = "stolen"
    elif fault == "refused":
        query = {"state": query["state"], "error": "access_denied"}
    with pytest.raises(SignInError, match=r"not begun here|did not let you in"):
        await console.finish(query, browser)


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": "replayed"},
        {"nonce": None},
        {"iss": "https://login.evil.example"},
        {"aud": "another-client"},
        {"exp": None},
    ],
)
async def test_a_token_of_another_sign_in_is_refused(change):
    provider = Provider()
    console = provider.console()
    address, browser = await console.begin("/orders")
    provider.change = change
    with pytest.raises(SignInError, match="did not let you in"):
        await console.finish(provider.authorize(address), browser)


async def test_a_provider_that_is_away_or_another_one_is_told():
    provider = Provider()
    provider.away = True
    with pytest.raises(SignInError, match="does not answer"):
        await provider.console().begin("/today")
    with pytest.raises(SignInError, match="another one than ARGOSY_OIDC_ISSUER"):
        await Provider(issuer="https://login.evil.example").console().begin("/today")


async def signed_in(provider):
    console = provider.console()
    address, browser = await console.begin("/orders")
    tokens, _ = await console.finish(provider.authorize(address), browser)
    return console, tokens


async def test_a_token_is_renewed_before_it_is_over_and_the_api_sees_the_new_one():
    provider = Provider()
    _, tokens = await signed_in(provider)
    seen = []

    def api(request):
        seen.append(request.headers["authorization"])
        return httpx.Response(200, json={})

    http = httpx.AsyncClient(transport=httpx.MockTransport(api), base_url="http://api.test")
    client = ApiClient(http, tokens.id_token, fresh=tokens.fresh)
    await client.get("/v1/x")
    provider.now += 280
    await client.get("/v1/x")
    await client.post("/v1/x", {})
    assert provider.refreshed == 1
    assert seen[0] != seen[1] == seen[2] == f"Bearer {tokens.id_token}"
    provider.now += 280
    await client.get("/v1/x")
    assert provider.form["refresh_token"] == "refresh-1", "the newest one counts"


@pytest.mark.parametrize("change", [{"sub": "somebody-else"}, {"aud": "x"}, {"iss": "x"}])
async def test_what_is_renewed_for_another_person_ends_the_session(change):
    provider = Provider()
    _, tokens = await signed_in(provider)
    before, provider.change = tokens.id_token, change
    provider.now += 290
    assert await tokens.fresh() == before
    provider.now += 20
    with pytest.raises(SignedOutError):
        await tokens.fresh()


async def test_while_the_provider_is_away_a_token_holds_until_its_end():
    provider = Provider()
    _, tokens = await signed_in(provider)
    provider.away = True
    provider.now += 290
    assert await tokens.fresh() == tokens.id_token
    provider.now += 20
    with pytest.raises(ApiError, match="provider does not answer"):
        await tokens.fresh()
    provider.away = False
    assert await tokens.fresh() == tokens.id_token
    assert provider.refreshed == 1


async def test_signing_out_goes_by_the_provider():
    provider = Provider()
    console, tokens = await signed_in(provider)
    address = urlsplit(await console.leave_url(tokens.id_token))
    query = dict(parse_qsl(address.query))
    assert query["id_token_hint"] == tokens.id_token
    left = "https://argosy.shop.example/console/sign-in"
    assert query["post_logout_redirect_uri"] == left
    assert await Provider(end_session_endpoint=None).console().leave_url("x") is None


async def test_the_console_remembers_no_more_than_it_can():
    console = Provider().console()
    for _ in range(50):
        await console.begin("/today")
    assert len(console._begun) == 50
    console.clock = lambda: 1_000_601.0
    await console.begin("/today")
    assert len(console._begun) == 1


# The whole way, with a real provider and real servers -----------------------------------------


@contextmanager
def serving(folder, command, port, **variables):
    """`argosy` serving until the end of the block."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ARGOSY_")}
    with (folder / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "argosy", *command, "--port", str(port)],
            cwd=Path(__file__).parents[3],
            env={**kept, "ARGOSY_HOME": str(folder / "home"), **variables},
            stdout=log,
            stderr=log,
        )
    try:
        until = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < until:
            try:
                httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5)
                break
            except httpx.TransportError:
                time.sleep(0.3)
        assert process.poll() is None, (folder / f"{port}.log").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["beside the API", "on its own"])
def test_people_sign_in_with_a_real_provider_and_out_again(tmp_path, place):
    api_port, console_port = free_port(), free_port()
    with running_provider(tmp_path) as provider:
        alone = place == "on its own"
        own = f"http://127.0.0.1:{console_port if alone else api_port}"
        variables = {
            "ARGOSY_OIDC_ISSUER": provider.issuer,
            "ARGOSY_OIDC_CLIENT_ID": "argosy",
            "ARGOSY_OIDC_CLIENT_SECRET": "secret",
            "ARGOSY_OIDC_SCOPES": SCOPES,
            "ARGOSY_CONSOLE_URL": own,
            "ARGOSY_USE_CASES": "fraud",
        }
        workers = ["--workers", "2"] if alone else []
        with serving(tmp_path, ["serve", *workers], api_port, **variables) as api:
            if not alone:
                walk_through(provider, api, own)
                return
            command = ["console", "--api", api]
            with serving(tmp_path, command, console_port, **variables) as console:
                walk_through(provider, api, console)


def walk_through(provider, api, console):
    with httpx.Client(base_url=console, timeout=60) as browser:
        page = browser.get("/console/today")
        assert page.status_code == 303
        page = browser.get(page.headers["location"])
        assert "Sign in with your account" in page.text
        begun = browser.get("/console/sign-in/start?next=/models")
        assert begun.headers["location"].startswith(provider.issuer)
        refused = browser.get(address_of(provider.deny(begun.headers["location"])))
        assert refused.status_code == 403
        assert "did not let you in" in refused.text

        begun = browser.get("/console/sign-in/start?next=/models")
        back = provider.let_in(begun.headers["location"], "u-olga")
        stranger = httpx.get(f"{console}{address_of(back)}")
        assert stranger.status_code == 403, "another browser cannot use it"
        begun = browser.get("/console/sign-in/start?next=/models")
        back = provider.let_in(begun.headers["location"], "u-olga")
        entered = browser.get(address_of(back))
        assert (entered.status_code, entered.headers["location"]) == (303, "/console/models")
        assert browser.get(address_of(back)).status_code == 403, "a code is used once"
        assert "olga@shop.example" in browser.get("/console/models").text
        assert "eyJ" not in str(dict(browser.cookies)), "no token reaches the browser"

        without = browser.get("/console/sign-in/start?next=/models")
        back = provider.let_in(without.headers["location"], "u-carl")
        cleaner = browser.get(address_of(back))
        assert cleaner.status_code == 403
        assert "none of their roles" in cleaner.text

        left = browser.post("/console/sign-out").json()["next"]
        assert left.startswith(f"{provider.issuer}/oauth2/end_session?id_token_hint=eyJ")
        assert browser.get("/console/models").status_code == 303
    assert httpx.get(f"{api}/v1/models").status_code == 401


def address_of(url):
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"
