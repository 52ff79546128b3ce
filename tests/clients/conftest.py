"""A real server over the small shop, with keys on."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from decisions.runtime import Runtime
from serving.http.app import create_app
from serving.http.auth import create_key


@pytest.fixture(scope="module")
def address(guarded_shop: Runtime) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = create_app(guarded_shop.settings, guarded_shop)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=30)


@pytest.fixture
def admin_key(guarded_shop: Runtime) -> str:
    return create_key(guarded_shop.records, "client", ["admin"])
