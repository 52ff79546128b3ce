"""Fixtures every test may use: settings in a folder of their own, and the real servers."""

import fcntl
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

# Before numpy loads: implicit recalculates a user 50 times slower with a threaded BLAS.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

from data.settings import Settings
from decisions.logs import JsonFormatter

# How long an example takes depends on what else the machine does: no property is one of time.
hypothesis_settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("untimed")

pytest_plugins = ["tests.buckets", "tests.shop_fixtures"]


class _MerchantTogether(LoadFileScheduling):
    """File by file, and the files that read the sample merchant to one worker: it makes it, while
    the others are at work on theirs. The journeys come last, when it is there, file by file.

    (The groups of pytest-xdist 3.8 are not seen by pytest 9.2.)
    """

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "merchant" if _reads_merchant(file) else file


@cache
def _reads_merchant(file: str) -> bool:
    return "merchant: Settings" in (Path(__file__).parent.parent / file).read_text()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The sample merchant first, as it takes longest; the journeys in a browser, which need it,
    last."""
    items.sort(
        key=lambda item: (_is_journey(item), not _reads_merchant(item.nodeid.split("::")[0]))
    )


def _is_journey(item: pytest.Item) -> bool:
    return "console_home" in getattr(item, "fixturenames", ())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _MerchantTogether:
    return _MerchantTogether(config, log)


_PERSONAL = re.compile(
    r"argosy_[\w-]{43}"  # an API key
    r"|[\w.+-]+@[\w-]+\.[a-z]{2,}"  # an e-mail address
    r"|(?<![\w-])(?:\d[ -]?){15}\d(?![\w-])"  # a card number
)


@pytest.fixture(autouse=True)
def _no_secret_in_any_log_line(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a test does, our log lines bear no key, no e-mail address and no card number."""
    yield
    lines = [
        JsonFormatter().format(record)
        for when in ("setup", "call")
        for record in caplog.get_records(when)
        if record.name.split(".")[0] in {"argosy", "uvicorn"}
    ]
    assert [line for line in lines if _PERSONAL.search(line)] == []


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The embedded defaults in an empty folder."""
    return Settings(home=tmp_path / "home", auth=False)


def _service(variable: str) -> str:
    url = os.environ.get(variable)
    if url:
        return url
    if os.environ.get("ARGOSY_REQUIRE_SERVICES") == "1":
        pytest.fail(f"{variable} is not set, and ARGOSY_REQUIRE_SERVICES=1 asks for it")
    pytest.skip(f"{variable} is not set")


@pytest.fixture
def redis_url() -> str:
    """A real Redis; use keys under `namespace` only."""
    return _service("ARGOSY_TEST_REDIS_URL")


@pytest.fixture
def postgres_url() -> str:
    """A real PostgreSQL (SQLAlchemy URL); use tables under `namespace` only."""
    return _service("ARGOSY_TEST_POSTGRES_URL")


@pytest.fixture
def rabbitmq_url() -> str:
    """A real RabbitMQ; use queues that start with `namespace` only, and delete them."""
    url = os.environ.get("ARGOSY_TEST_RABBITMQ_URL")
    if not url:
        pytest.skip("ARGOSY_TEST_RABBITMQ_URL is not set")
    return url


@pytest.fixture
def nats_url() -> str:
    """A real NATS with JetStream; use a stream named `namespace` only, and delete it."""
    url = os.environ.get("ARGOSY_TEST_NATS_URL")
    if not url:
        pytest.skip("ARGOSY_TEST_NATS_URL is not set")
    return url


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> Iterator[str]:
    """A prefix of this test's own on shared servers; what it leaves there is removed after it."""
    name = f"t{uuid.uuid4().hex[:10]}"
    yield name
    _drop_redis(name)
    _drop_postgres(name)


def _drop_redis(prefix: str) -> None:
    if url := os.environ.get("ARGOSY_TEST_REDIS_URL"):
        import redis

        with redis.Redis.from_url(url) as client:
            for key in client.scan_iter(match=f"*{prefix}*", count=1000):
                client.delete(key)


def _drop_postgres(prefix: str) -> None:
    if url := os.environ.get("ARGOSY_TEST_POSTGRES_URL"):
        import psycopg
        from psycopg import sql

        address = url.replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(address, autocommit=True) as connection:
            tables = connection.execute(
                "select tablename from pg_tables where schemaname = 'public' and tablename like %s",
                (f"{prefix}%",),
            ).fetchall()
            for (table,) in tables:
                connection.execute(sql.SQL("drop table {} cascade").format(sql.Identifier(table)))
            connection.execute(
                sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(prefix))
            )


@pytest.fixture(scope="session")
def merchant(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The small sample merchant, trained by the command itself; read it, do not change it.

    It is made once for all workers of a run: the first one makes it while the others wait.
    """
    home = _shared_folder(tmp_path_factory) / "merchant"
    home.mkdir(exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "trained").exists():
            _train_merchant(home)
            shutil.copytree(home / "demo", home / "pristine")
            (home / "trained").touch()
    return Settings(home=home / "demo", auth=False)


@pytest.fixture(scope="session")
def pristine_home(merchant: Settings) -> Path:
    """The sample merchant as it was trained, which no test serves or reads: for copies."""
    return merchant.home.parent / "pristine"


def _shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of this run: a worker's own lies in it."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def _train_merchant(home: Path) -> None:
    from typer.testing import CliRunner

    from argosy import app

    command = ["demo", "--size", "small", "--no-serve"]
    answer = CliRunner().invoke(app, command, env={"ARGOSY_HOME": str(home)})
    assert answer.exit_code == 0, answer.output
