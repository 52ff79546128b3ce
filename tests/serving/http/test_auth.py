import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from data.records import ApiKey, DatabaseError, KeyExistsError, Records, RecordsError
from data.settings import Settings
from decisions.telemetry import Telemetry
from serving.http import errors
from serving.http.auth import (
    ApiKeyError,
    KeyRing,
    RateLimits,
    create_key,
    digest,
    rotate_key,
    scoped,
)
from serving.http.callers import Caller
from serving.http.request_guard import RequestGuard


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    records = Records(f"sqlite:///{tmp_path}/argosy.db")
    records.migrate()
    yield records
    records.close()


@pytest.fixture
def client(records: Records) -> Iterator[TestClient]:
    with TestClient(app(records, auth=True)) as client:
        yield client


def app(records: Records, *, auth: bool) -> FastAPI:
    app = FastAPI()
    errors.install(app)
    app.add_middleware(RequestGuard, telemetry=Telemetry())
    app.state.runtime = SimpleNamespace(settings=Settings(auth=auth))
    app.state.key_ring = KeyRing(records.keys)

    @app.get("/decide")
    async def decide(caller: Annotated[Caller, Depends(scoped("decide"))]) -> str:
        return caller.name

    @app.get("/either")
    async def either(caller: Annotated[Caller, Depends(scoped("plan", "approve"))]) -> str:
        return caller.name

    @app.get("/any", dependencies=[Depends(scoped())])
    async def anything() -> str:
        return "in"

    return app


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_a_key_opens_what_its_scopes_say(client: TestClient, records: Records) -> None:
    key = create_key(records, "payments", ["decide"])
    assert client.get("/decide", headers=bearer(key)).json() == "payments"
    assert client.get("/decide", headers={"X-API-Key": key}).json() == "payments"
    assert client.get("/any", headers=bearer(key)).status_code == 200
    assert client.get("/either", headers=bearer(key)).status_code == 403


def test_one_of_several_scopes_is_enough_and_admin_may_do_all(
    client: TestClient, records: Records
) -> None:
    planner = create_key(records, "planner", ["approve"])
    admin = create_key(records, "admin", ["admin"])
    assert client.get("/either", headers=bearer(planner)).json() == "planner"
    for path in ("/decide", "/either", "/any"):
        assert client.get(path, headers=bearer(admin)).status_code == 200


def test_no_key_and_an_unknown_key_are_401(client: TestClient, records: Records) -> None:
    create_key(records, "payments", ["decide"])
    for headers in (
        {},
        bearer("argosy_wrong"),
        {"X-API-Key": "é"},
        {"Authorization": "Basic eA=="},
    ):
        encoded = {name: value.encode() for name, value in headers.items()}
        answer = client.get("/decide", headers=encoded)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == 'Bearer realm="argosy"'
        assert answer.json()["code"] == "unauthorized"
        assert "argosy_wrong" not in answer.text


def test_a_missing_scope_is_403_and_named(client: TestClient, records: Records) -> None:
    key = create_key(records, "storefront", ["recommend", "events"])
    answer = client.get("/decide", headers=bearer(key))
    assert answer.status_code == 403
    assert answer.json()["detail"] == (
        "The key 'storefront' lacks the scope decide; it has events, recommend."
    )
    assert 'error="insufficient_scope", scope="decide"' in answer.headers["www-authenticate"]


def test_where_keys_are_off_everyone_is_let_in(records: Records) -> None:
    with TestClient(app(records, auth=False)) as client:
        assert client.get("/decide").json() == "anyone"


def test_only_the_hash_is_kept(records: Records, tmp_path: Path) -> None:
    key = create_key(records, "payments", ["decide", "plan", "decide"])
    (stored,) = records.keys()
    assert stored.digest == digest(key) != key
    assert stored.scopes == ("decide", "plan")
    assert len(key) > 40
    records.close()
    assert all(key.encode() not in file.read_bytes() for file in tmp_path.iterdir())


def test_two_keys_are_never_alike(records: Records) -> None:
    assert create_key(records, "a", ["plan"]) != create_key(records, "b", ["plan"])
    with pytest.raises(KeyExistsError, match="'a'"):
        create_key(records, "a", ["plan"])


@pytest.mark.parametrize(
    ("name", "scopes", "said"),
    [
        ("x", ["decide", "fly"], "scopes: fly; say one or more of events, recommend, plan"),
        ("x", [], "scopes: none given"),
        (" ", ["plan"], "name: empty"),
        ("x", ["public", "events"], "scopes: public stands alone"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(records: Records, name, scopes, said) -> None:
    with pytest.raises(ApiKeyError, match=said):
        create_key(records, name, scopes)
    assert records.keys() == []


def test_a_new_key_works_soon_and_a_dropped_one_stops(records: Records) -> None:
    ring = KeyRing(records.keys, seconds=0.05)
    first = create_key(records, "first", ["plan"])
    assert ring.known(first) is None  # nothing was read yet
    assert ring.find(first) == Caller("first", frozenset({"plan"}))
    assert ring.known(first) == Caller("first", frozenset({"plan"}))
    records.drop_key("first")
    time.sleep(0.06)
    assert ring.known(first) is None
    time.sleep(1.0)
    assert ring.find(first) is None


def test_the_keys_are_read_at_most_once_a_second(records: Records) -> None:
    create_key(records, "first", ["plan"])
    reads = 0

    def read():
        nonlocal reads
        reads += 1
        return records.keys()

    ring = KeyRing(read, seconds=60)
    for _ in range(20):
        assert ring.find("argosy_guess") is None
    assert reads == 1


def test_a_rotated_key_holds_for_its_grace(client: TestClient, records: Records) -> None:
    old = create_key(records, "payments", ["decide"])
    new = rotate_key(records, "payments", timedelta(hours=1))
    ring = KeyRing(records.keys)
    assert ring.find(old) == ring.find(new) == Caller("payments", frozenset({"decide"}))
    newest = rotate_key(records, "payments", timedelta(0))
    ring = KeyRing(records.keys)
    assert (ring.find(old), ring.find(new)) == (None, None)
    assert ring.find(newest) is not None
    with pytest.raises(RecordsError, match="no key named 'nobody'"):
        rotate_key(records, "nobody", timedelta(0))


def test_a_key_ends_when_its_time_is_over(client: TestClient, records: Records) -> None:
    key = create_key(records, "temporary", ["decide"], lasts=timedelta(seconds=0.3))
    assert client.get("/decide", headers=bearer(key)).status_code == 200
    time.sleep(0.3)
    assert client.get("/decide", headers=bearer(key)).status_code == 401


def test_a_key_may_ask_so_often_and_no_more(client: TestClient, records: Records) -> None:
    key = create_key(records, "slow", ["decide"], per_minute=2)
    other = create_key(records, "quick", ["decide"])
    answers = [client.get("/decide", headers=bearer(key)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == "too_many_requests"
    assert 1 <= int(answers[2].headers["retry-after"]) <= 30
    assert client.get("/decide", headers=bearer(other)).status_code == 200


def test_a_rate_comes_back_with_time_and_is_shared_by_workers() -> None:
    now = 0.0
    rates = RateLimits(0.5, clock=lambda: now)
    caller = Caller("shop", frozenset(), per_minute=120)
    assert [rates.wait(caller) for _ in range(61)] == [0.0] * 60 + [1.0]
    now = 1.0
    assert [rates.wait(caller) for _ in range(2)] == [0.0, 1.0]


def test_known_keys_hold_while_the_database_is_away(records: Records) -> None:
    token = create_key(records, "shop", ["plan"])
    away = False

    def read() -> list[ApiKey]:
        if away:
            raise DatabaseError("away")
        return records.keys()

    ring = KeyRing(read, seconds=0.0)
    assert ring.find(token) is not None
    away = True
    ring._read_at = float("-inf")
    assert ring.find(token) is not None
    with pytest.raises(DatabaseError):
        KeyRing(read).find(token)
