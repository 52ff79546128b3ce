"""A real OpenID Connect provider, as a process of its own, and people who sign in with it."""

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.serving.http.test_faults import free_port

# By subject: the claims that the provider tells of a person.
PEOPLE = {
    "u-anna": {"email": "anna@shop.example", "email_verified": True, "groups": ["planners"]},
    "u-bela": {"email": "bela@shop.example", "email_verified": True, "groups": ["planners"]},
    "u-olga": {"email": "olga@shop.example", "email_verified": True, "groups": ["ops"]},
    "u-carl": {"email": "carl@shop.example", "email_verified": True, "groups": ["cleaners"]},
    "u-dora": {"email": "anna@shop.example", "email_verified": False, "groups": ["planners"]},
}
SCOPES = "planners>plan+approve,ops>admin"


@dataclass(frozen=True)
class RealProvider:
    """A running provider. issuer: its address."""

    issuer: str

    def let_in(self, address: str, subject: str) -> str:
        """What somebody's browser does at the provider: where it is led back to."""
        with httpx.Client() as browser:
            assert browser.get(address).status_code == 200
            answer = browser.post(address, data={"sub": subject})
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def deny(self, address: str) -> str:
        answer = httpx.post(address, data={"action": "deny"})
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]


@contextlib.contextmanager
def running_provider(folder: Path, *more: str) -> Iterator[RealProvider]:
    """The provider until the end of the block; without its package the test is skipped, or fails
    where ARGOSY_REQUIRE_SERVICES=1. more: options of its command."""
    if importlib.util.find_spec("oidc_provider_mock") is None:
        told = "oidc-provider-mock is not installed: make setup"
        if os.environ.get("ARGOSY_REQUIRE_SERVICES") == "1":
            pytest.fail(told)
        pytest.skip(told)
    port = free_port()
    people = [json.dumps({"sub": name, **claims}) for name, claims in PEOPLE.items()]
    options = [part for each in people for part in ("--user-claims", each)]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), *options, *more]
    with (folder / "provider.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        provider = RealProvider(f"http://127.0.0.1:{port}")
        _wait(provider, process, folder / "provider.log")
        yield provider
    finally:
        process.terminate()
        process.wait(30)


def _wait(provider: RealProvider, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{provider.issuer}/jwks").is_success:
                return
        assert process.poll() is None, log.read_text()
        time.sleep(0.2)
    raise AssertionError(log.read_text())
