"""Tokens of a provider are taken where they hold, and nowhere else."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import anyio
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi.testclient import TestClient
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from data.records import Records
from data.settings import Settings
from decisions.runtime import Runtime
from models.registry import Registry
from serving.console.oidc import OidcClient, OidcProvider
from serving.http.app import create_app
from serving.http.auth import create_key, is_token
from serving.http.errors import Problem
from serving.http.oidc import OidcError, ProviderKeys, SignedInPeople, roles_of
from tests.oidc_provider import SCOPES, RealProvider, running_provider

ISSUER = "https://login.shop.example"
RSA, OTHER = (rsa.generate_private_key(65537, 2048) for _ in "ab")
ELLIPTIC = ec.generate_private_key(ec.SECP256R1())


def jwk(key: Any, name: str, **more: Any) -> dict[str, Any]:
    kind = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    return {**json.loads(kind.to_jwk(key.public_key())), "kid": name, **more}


class Provider:
    """What a provider publishes; asked counts how often it is."""

    def __init__(self) -> None:
        self.keys = [jwk(RSA, "one"), jwk(ELLIPTIC, "two"), jwk(OTHER, "enc", use="enc")]
        self.issuer = ISSUER
        self.asked = 0
        self.away = False

    def fetch(self, address: str) -> Any:
        if self.away:
            raise httpx.ConnectError("away")
        self.asked += 1
        if address.endswith("/.well-known/openid-configuration"):
            return {"issuer": self.issuer, "jwks_uri": f"{ISSUER}/keys"}
        return {"keys": self.keys}


def settings_of(settings: Settings, **more: Any) -> Settings:
    given = {"oidc_issuer": ISSUER, "oidc_client_id": "argosy", "oidc_scopes": SCOPES, "auth": True}
    return Settings(home=settings.home, **{**given, **more})


def token(*, key: Any = RSA, algorithm: str = "RS256", header: Any = None, **claims: Any) -> str:
    now = int(time.time())
    told = {"iss": ISSUER, "aud": "argosy", "sub": "u1", "iat": now, "exp": now + 300}
    told |= {"email": "anna@shop.example", "groups": ["planners"], **claims}
    kept = {name: value for name, value in told.items() if value is not None}
    return jwt.encode(kept, key, algorithm, headers={"kid": "one"} if header is None else header)


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def people(settings: Settings, provider: Provider) -> SignedInPeople:
    return SignedInPeople(settings_of(settings), provider.fetch)


def test_a_token_says_who_and_what_they_may_do(people: SignedInPeople) -> None:
    shown = token()
    assert is_token(shown)
    assert people.known(shown) is None
    caller = people.find(shown)
    assert (caller.name, caller.owner) == ("anna@shop.example", "anna@shop.example")
    assert caller.scopes == {"plan", "approve"}
    assert people.known(shown) == caller


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ({"exp": int(time.time()) - 60}, "it is over; sign in again"),
        ({"exp": None}, "exp"),
        ({"sub": None}, "sub"),
        ({"iss": "https://login.evil.example"}, "issuer"),
        ({"iss": f"{ISSUER}/"}, "issuer"),
        ({"aud": "another-client"}, "Audience"),
        ({"aud": None}, "aud"),
        ({"nbf": int(time.time()) + 86_400}, "not yet valid"),
        ({"key": OTHER}, "Signature"),
        ({"key": OTHER, "header": {"kid": "enc"}}, "a key that the provider does not have"),
        ({"header": {"kid": "three"}}, "a key that the provider does not have"),
        ({"header": {}}, "a key that the provider does not have"),
        ({"key": "", "algorithm": "none"}, "a way that is not taken"),
        ({"header": {"kid": "one", "typ": "logout+jwt"}}, "a way that is not taken"),
        ({"key": ELLIPTIC, "algorithm": "ES256"}, ""),
        ({"email": None}, "no claim email"),
        ({"email": " "}, "no claim email"),
        ({"email": ["anna"]}, "no claim email"),
        ({"email_verified": False}, "has not verified"),
        ({"email_verified": "false"}, "has not verified"),
    ],
)
def test_a_token_that_does_not_hold_is_refused(
    people: SignedInPeople, made: dict[str, Any], why: str
) -> None:
    with pytest.raises(Problem) as refused:
        people.find(token(**made))
    assert (refused.value.status, refused.value.code) == (401, "unauthorized")
    assert why in refused.value.detail


def test_the_public_key_signs_nothing(people: SignedInPeople) -> None:
    """A provider's public key, taken as the secret of an HMAC."""
    public = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head, body, _ = token().split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"one"}').decode().rstrip("=")
    made = hmac.new(public, f"{head}.{body}".encode(), hashlib.sha256).digest()
    forged = f"{head}.{body}.{base64.urlsafe_b64encode(made).decode().rstrip('=')}"
    with pytest.raises(Problem, match="a way that is not taken"):
        people.find(forged)


@pytest.mark.parametrize(
    "text", ["eyJ.eyJ.x", "eyJhbGciOiJub25lIn0..", "eyJ" + "a" * 5000 + ".b.c"]
)
def test_what_is_no_token_is_refused(people: SignedInPeople, text: str) -> None:
    with pytest.raises(Problem) as refused:
        people.find(text)
    assert refused.value.status == 401


def test_other_algorithms_and_audiences_of_the_provider_are_taken(
    settings: Settings, provider: Provider
) -> None:
    several = settings_of(settings, oidc_audience="argosy-api,argosy")
    people = SignedInPeople(several, provider.fetch)
    assert people.find(token(key=ELLIPTIC, algorithm="ES256", header={"kid": "two"}))
    assert people.find(token(aud=["argosy-api", "account"], header={"kid": "one", "typ": "at+jwt"}))


def test_a_person_without_a_role_is_told_so(people: SignedInPeople) -> None:
    for groups in (None, [], ["cleaners"], "cleaners", {"planners": 1}, 7):
        with pytest.raises(Problem) as refused:
            people.find(token(groups=groups))
        assert (refused.value.status, refused.value.code) == (403, "no_role")
        assert refused.value.detail.startswith("anna@shop.example is signed in")


@pytest.mark.parametrize(
    ("claim", "claims", "held"),
    [
        ("groups", {"groups": ["planners", "ops"]}, {"plan", "approve", "admin"}),
        ("groups", {"groups": "planners other"}, {"plan", "approve"}),
        ("realm_access.roles", {"realm_access": {"roles": ["ops"]}}, {"admin"}),
        ("https://shop.example/roles", {"https://shop.example/roles": ["ops"]}, {"admin"}),
        ("groups", {}, set()),
    ],
)
def test_roles_become_scopes(
    settings: Settings, claim: str, claims: dict[str, Any], held: set[str]
) -> None:
    assert roles_of(settings_of(settings, oidc_roles_claim=claim)).scopes_of(claims) == held


def test_everybody_may_be_given_a_role(settings: Settings) -> None:
    roles = roles_of(settings_of(settings, oidc_scopes="*>plan,planners>approve"))
    assert roles.scopes_of({}) == {"plan"}
    assert roles.scopes_of({"groups": ["planners"]}) == {"plan", "approve"}


@pytest.mark.parametrize("scopes", ["planners>order", "planners>public", "planners>plan+"])
def test_a_scope_that_is_none_is_refused_at_the_start(settings: Settings, scopes: str) -> None:
    with pytest.raises(OidcError, match="is no scope of people"):
        SignedInPeople(settings_of(settings, oidc_scopes=scopes))


class TestProviderKeys:
    """Keys change, and the provider may be away."""

    def test_a_new_key_is_found_and_unknown_ones_do_not_make_us_ask(
        self, provider: Provider
    ) -> None:
        now = [0.0]
        keys = ProviderKeys(ISSUER, provider.fetch, lambda: now[0])
        assert keys.find("one")
        for _ in range(50):
            assert keys.find("three") is None
        assert provider.asked == 2
        provider.keys.append(jwk(OTHER, "three"))
        now[0] += 11
        assert keys.find("three")
        assert provider.asked == 4

    def test_while_the_provider_is_away_its_keys_hold(self, provider: Provider) -> None:
        now = [0.0]
        keys = ProviderKeys(ISSUER, provider.fetch, lambda: now[0])
        provider.away = True
        with pytest.raises(Problem, match="does not answer") as refused:
            keys.find("one")
        assert refused.value.status == 503
        provider.away, now[0] = False, 11.0
        assert keys.find("one")
        provider.away, now[0] = True, 10_000.0
        assert keys.find("one")

    def test_another_providers_keys_are_not_taken(self, provider: Provider) -> None:
        provider.issuer = "https://login.evil.example"
        with pytest.raises(Problem, match="keys are not known"):
            ProviderKeys(ISSUER, provider.fetch).find("one")


@pytest.fixture
def real(tmp_path: Any) -> Iterator[RealProvider]:
    with running_provider(tmp_path) as provider:
        yield provider


async def sign_in(provider: RealProvider, subject: str) -> str:
    """The token that the console gets for somebody."""
    client = OidcClient(
        provider.issuer, "argosy", "secret", "openid email profile", "http://127.0.0.1:1"
    )
    async with httpx.AsyncClient() as http:
        console = OidcProvider(client, http)
        address, browser = await console.begin("/orders")
        back = provider.let_in(address, subject)
        tokens, after = await console.finish(dict(parse_qsl(urlsplit(back).query)), browser)
    assert after == "/orders"
    return tokens.id_token


def test_people_of_a_real_provider_use_the_api_and_are_named_in_the_log(
    real: RealProvider, settings: Settings, registry: Registry
) -> None:
    given = settings_of(settings, oidc_issuer=real.issuer)
    runtime = Runtime(given, registry)
    with TestClient(create_app(given, runtime)) as client:

        def as_(subject: str) -> dict[str, str]:
            return {"Authorization": f"Bearer {anyio.run(sign_in, real, subject)}"}

        olga = as_("u-olga")
        me = client.get("/v1/me", headers=olga).json()
        assert (me["owner"], me["scopes"]) == ("olga@shop.example", ["admin"])
        placement = {"pins": [], "boosts": []}
        assert client.put("/v1/placements/home", json=placement, headers=olga).is_success
        (entry,) = runtime.records.audit.entries()
        assert (entry.actor, entry.owner) == ("olga@shop.example", "olga@shop.example")
        shown = client.put("/v1/placements/home", json=placement, headers=as_("u-anna"))
        assert (shown.status_code, shown.json()["code"]) == (403, "forbidden")
        for subject, status in (("u-carl", 403), ("u-dora", 401)):
            assert client.get("/v1/me", headers=as_(subject)).status_code == status
        tampered = olga["Authorization"][:-4] + "AAAA"
        assert client.get("/v1/me", headers={"Authorization": tampered}).status_code == 401
        for shown, status in ((tampered, 401), (as_("u-carl")["Authorization"], 403)):
            sent = client.post("/v1/events", content=b"{", headers={"Authorization": shown})
            assert sent.status_code == status, "before the body is read"
            assert sent.headers["content-type"] == "application/problem+json"


def test_keys_go_on_beside_a_provider(settings: Settings, registry: Registry) -> None:
    given = settings_of(settings, oidc_issuer="http://127.0.0.1:9")  # where nobody answers
    runtime = Runtime(given, registry)
    with TestClient(create_app(given, runtime)) as client:
        records: Records = runtime.records
        key = create_key(records, "desk", ["admin"], owner="Ann Lee")
        assert client.get("/v1/me", headers={"X-API-Key": key}).json()["owner"] == "Ann Lee"
        away = client.get("/v1/me", headers={"Authorization": f"Bearer {token()}"})
        assert (away.status_code, away.json()["code"]) == (503, "provider_unavailable")
