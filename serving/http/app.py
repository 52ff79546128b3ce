"""The HTTP application and its server."""

import contextlib
import gc
import ipaddress
import logging
import os
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import APIRouter, Depends, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE

from data.bucket import BucketError
from data.environment import as_variables, load_settings
from data.errors import ArgosyError
from data.lake import Lake, open_lake
from data.settings import Settings
from data.use_cases import load_part
from decisions import logs, memory, telemetry
from decisions.privacy import key_file, share_private
from decisions.runtime import Runtime
from serving.http import (
    alerts,
    data_files,
    data_routes,
    documentation,
    errors,
    health,
    key_owner,
    kpis,
    model_versions,
    privacy,
    promotion,
    webhooks,
)
from serving.http.auditing import AuditTrail
from serving.http.auth import Credentials, KeyRing, RateLimits, admit_caller
from serving.http.connections import GuardedConnection, allow_many_connections
from serving.http.escaped_ids import EscapedSlashes, read_escaped_slashes
from serving.http.fast_route import FastRoutes
from serving.http.openapi import DescribedApi, name_operation
from serving.http.query_parameters import refuse_unknown_parameters
from serving.http.request_guard import RequestGuard, RequestLimits

if TYPE_CHECKING:
    from serving.http.oidc import SignedInPeople

Page = Callable[[str, Lake, datetime, str], str]
Front = Callable[[FastAPI], ASGIApp]


_LOG = logging.getLogger("argosy.serve")


class ServeError(ArgosyError):
    """The server must not, or cannot, start as asked."""


def create_app(settings: Settings, runtime: Runtime | None = None) -> FastAPI:
    """The application; `runtime` is started and stopped with it.

    settings: the settings.
    """
    runtime = runtime or Runtime(settings)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(runtime.start)
        yield
        await run_in_threadpool(runtime.stop)

    app = DescribedApi(
        title="Argosy",
        version=version("argosy"),
        summary="What to recommend, what will sell, what to order, which payment to trust.",
        lifespan=lifespan,
        generate_unique_id_function=name_operation,
        dependencies=[Depends(refuse_unknown_parameters)],
        redirect_slashes=False,
        openapi_url=None,  # see `documentation`
        responses=dict(errors.RESPONSES),
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.runtime = runtime
    app.state.abandoned_keys = set()
    keys = KeyRing(
        runtime.records.keys,
        seconds=settings.reload_seconds,
        rates=RateLimits(1 / settings.workers),
    )
    app.state.key_ring = Credentials(keys, _signed_in_people(settings))
    errors.install(app)
    read_escaped_slashes()
    limits = RequestLimits(settings.most_requests, settings.request_seconds)
    app.add_middleware(AuditTrail, runtime=runtime)  # the last one added is the first one passed
    app.add_middleware(EscapedSlashes)
    app.add_middleware(FastRoutes)
    app.add_middleware(
        RequestGuard,
        telemetry=runtime.telemetry,
        limits=limits,
        admit=admit_caller,
        larger={data_files.PATH: data_files.LIMITS},
    )
    if settings.cors_origins:
        _allow_origins(app, settings.cors_origins)
    cores = (
        documentation,
        health,
        key_owner,
        promotion,
        model_versions,
        data_files,
        data_routes,
        kpis,
        alerts,
        webhooks,
    )
    for core in cores:
        app.include_router(core.router(runtime))
    for name in settings.use_cases:
        part = load_part("serving.http", name)  # only what is served is loaded
        app.include_router(part.router(runtime), tags=[name])
    app.include_router(privacy.router(runtime))  # its /customers/{id} comes after named pages
    app.include_router(APIRouter(lifespan=_settled))
    return app


def _signed_in_people(settings: Settings) -> "SignedInPeople | None":
    """Those of the provider that the settings name; its libraries are loaded only then."""
    if settings.oidc_issuer is None:
        return None
    from serving.http.oidc import SignedInPeople

    return SignedInPeople(settings)


def _allow_origins(app: FastAPI, origins: tuple[str, ...]) -> None:
    """Pages of these origins may ask from the browser, with a key and without cookies."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "X-API-Key", "Content-Type", "Idempotency-Key"],
        expose_headers=["X-Request-ID", "Retry-After"],
        max_age=600,
    )


@contextlib.asynccontextmanager
async def _settled(_: FastAPI) -> AsyncIterator[None]:
    """The last to start: what is loaded now stays, so the collector need not look at it again."""
    gc.collect()
    memory.trim()
    gc.freeze()
    yield


def from_environment() -> FastAPI:
    """The application with the settings of the environment: what each worker makes."""
    return create_app(load_settings())


def run(
    settings: Settings,
    host: str,
    port: int,
    workers: int,
    *,
    ready: Page | None = None,
    front: Front | None = None,
) -> None:
    """Serve until Ctrl-C.

    settings: of this installation; host, port: where to listen; workers: processes; ready: makes
    the page that is printed once the server answers; front: makes what stands before the
    application, such as the console, where one process serves.

    Raises ServeError when keys are off and the address is not this machine's own.

    settings: the settings; host: address to listen on; port: port to listen on; workers: how
    many processes.
    """
    if not settings.auth and not _is_loopback(host):
        raise ServeError(
            f"Keys are off (ARGOSY_AUTH=false), so the server listens on this machine only, not "
            f"on {host}. Turn keys on, or serve on 127.0.0.1"
        )
    common: dict[str, Any] = {
        "host": host,
        "port": port,
        "http": GuardedConnection,
        "log_config": logs.config(access=ready is None),
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 10,
        "timeout_worker_healthcheck": 60,  # a worker imports for seconds before it can say it lives
    }
    _reach_bucket(settings)
    allow_many_connections()
    with contextlib.suppress(KeyboardInterrupt):
        if workers > 1:
            with tempfile.TemporaryDirectory(prefix="argosy-metrics-") as folder:
                _share(settings.model_copy(update={"workers": workers}), folder)
                uvicorn.run(
                    "serving.http.app:from_environment", factory=True, workers=workers, **common
                )
            return
        app = create_app(settings)
        served = app if front is None else front(app)
        server = uvicorn.Server(uvicorn.Config(served, **common))
        if ready is not None:
            _announce(server, app.state.runtime, ready)
        try:
            server.run()
        except SystemExit as error:  # uvicorn's way to say that it cannot listen, or start
            if error.code == STARTUP_FAILURE:
                raise ServeError("The server could not start; see the lines above") from error
            raise ServeError(
                f"Cannot listen on {host}:{port}; the line above says why. Take another --port"
            ) from error
    if workers == 1 and not server.started:
        raise ServeError(f"The server did not start on {host}:{port}; see the lines above")


def _reach_bucket(settings: Settings) -> None:
    """Share what is private with the home's bucket; while it is away, its copy is served.

    Raises BucketError where there is no copy either.
    """
    try:
        share_private(settings)
    except BucketError as error:
        if not key_file(settings.home).exists():
            raise
        open_lake(settings).manifest()
        _LOG.warning("%s. Its copy in %s is served meanwhile.", error, settings.home)


def _announce(server: uvicorn.Server, runtime: Runtime, ready: Page) -> None:
    """Print the page when the server answers, from a thread of its own."""

    def wait() -> None:
        while not server.started:
            if server.should_exit or server.force_exit:
                return
            threading.Event().wait(0.05)
        config = server.config
        home = str(runtime.settings.home)
        text = ready(f"http://{config.host}:{config.port}", runtime.lake, runtime.now(), home)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    threading.Thread(target=wait, name="page", daemon=True).start()


def _share(settings: Settings, folder: str) -> None:
    """Give the workers the settings, and a folder in which their metrics meet: of this machine,
    as others may share the home."""
    os.environ.update(as_variables(settings))
    telemetry.share(folder)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
