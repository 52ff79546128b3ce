"""The TypeScript client against a real server, with a public key; and how large it is."""

import gzip
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from decisions.runtime import Runtime
from serving.http.auth import create_key

CLIENT = Path(__file__).parent.parent.parent / "clients" / "storefront"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_client_keeps_its_promises(address: str, guarded_shop: Runtime) -> None:
    key = create_key(guarded_shop.records, "shop-pages", ["public"])
    done = subprocess.run(
        ["node", "--test", "test/"],
        cwd=CLIENT,
        env={**os.environ, "ARGOSY_URL": address, "ARGOSY_KEY": key},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    kept = guarded_shop.records.recent_events("v-node", None, limit=100)
    assert len(kept) == 45
    assert len({row["event_id"] for row in kept}) == 45


def test_the_client_is_small_and_needs_no_other_package() -> None:
    built = (CLIENT / "dist" / "index.js").read_bytes()
    assert len(gzip.compress(built)) < 6_000
    assert b"import " not in built
