"""Whether all that a server needs is there, and what to do where it is not."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import httpx

from data.bucket import Bucket
from data.currencies import currency_findings
from data.engine import engine_state
from data.environment import origin_of, variables, without_password
from data.errors import ArgosyError
from data.lake import open_lake
from data.lake.needs import training_steps
from data.records import Records
from data.records.migrations import NEWEST, version
from data.redis_client import redis_facts
from data.settings import Settings
from data.unmatched_ids import unmatched_ids
from features.store import Store
from models.registry import open_registry

_LEAST_FREE = 1 << 30  # bytes
_MOST_SKEW = 2.0  # seconds between two clocks
_OLDEST_REDIS = 6


@dataclass(frozen=True)
class Finding:
    """One check: how it went, what was found, what to do about it."""

    check: str
    status: Literal["ok", "warning", "failed"]
    found: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Every check, each for itself: one that fails does not hide the next."""
    checks: dict[str, Callable[[], Iterator[Finding]]] = {
        "settings": lambda: _settings(settings),
        "home": lambda: _home(settings.home),
        "bucket": lambda: _bucket(settings),
        "database": lambda: _database(settings),
        "online store": lambda: _redis("online store", settings.online_store_url),
        "counters": lambda: _redis("counters", settings.counters_url),
        "registry": lambda: _registry(settings),
        "engine": lambda: _engine(settings.engine),
        "sign-in provider": lambda: _provider(settings.oidc_issuer),
        "data": lambda: _data(settings),
    }
    found: list[Finding] = []
    for name, check in checks.items():
        try:
            found += check()
        except (ArgosyError, OSError) as error:
            first = str(error).splitlines()[0]
            found.append(Finding(name, "failed", first, f"see the settings of the {name}"))
    return found


def _settings(settings: Settings) -> Iterator[Finding]:
    """Every setting in use, with the variable that set it."""
    for variable, name in variables().items():
        value = getattr(settings, name)
        told = "not set" if value is None else without_password(str(value))
        yield Finding("setting", "ok", f"{variable} = {told} ({origin_of(settings, name)})")


def _home(home: Path) -> Iterator[Finding]:
    home.mkdir(parents=True, exist_ok=True)
    trial = home / ".doctor"
    trial.write_bytes(b"x")
    trial.unlink()
    yield Finding("home", "ok", f"{home} can be written")
    free = shutil.disk_usage(home).free
    told = f"{free / 1e9:.1f} GB free"
    if free < _LEAST_FREE:
        yield Finding("disk", "failed", told, "make room, or move ARGOSY_HOME to a larger disk")
    else:
        yield Finding("disk", "ok", told)


def _bucket(settings: Settings) -> Iterator[Finding]:
    """The bucket, and what does not live in it: without a server that is of one machine alone."""
    if settings.bucket is None:
        return
    Bucket(settings.bucket).names("lake")
    yield Finding("bucket", "ok", f"{settings.bucket} answers; its copy is in {settings.home}")
    embedded = {
        "decisions, labels and orders": ("database_url", settings.database_url),
        "the registry of models": ("mlflow_url", settings.mlflow_url),
        "online features": ("online_store_url", settings.online_store_url),
        "fraud counters": ("counters_url", settings.counters_url),
    }
    for what, (name, url) in embedded.items():
        if url is None:
            remedy = f"set ARGOSY_{name.upper()}"
            yield Finding("bucket", "warning", f"{what} are on this machine alone", remedy)


def _database(settings: Settings) -> Iterator[Finding]:
    records = Records(settings.database, settings.namespace)
    try:
        records.ping()
        stands = version(records.database)
        place = without_password(settings.database)
        told = f"{place}: revision {stands or 'none'}, newest {NEWEST}"
        if stands is not None and stands > NEWEST:
            remedy = "this program is older than its database: install the newer one"
            yield Finding("database", "failed", told, remedy)
            return
        records.migrate()
        yield Finding("database", "ok", f"{told}; it can be written")
        yield _clock("clock of the database", records.clock())
        if settings.auth and not records.keys():
            remedy = "argosy keys add NAME --scopes decide,recommend,events"
            yield Finding("keys", "warning", "none: nobody may ask", remedy)
    finally:
        records.close()


def _redis(name: str, url: str | None) -> Iterator[Finding]:
    if url is None:
        yield Finding(name, "ok", "SQLite under the home")
        return
    facts = redis_facts(url)
    told = f"Redis {facts.version}, maxmemory-policy {facts.policy}"
    if int(facts.version.split(".")[0]) < _OLDEST_REDIS:
        yield Finding(name, "failed", told, f"install Redis {_OLDEST_REDIS} or newer")
    elif facts.policy != "noeviction":
        remedy = "set maxmemory-policy noeviction: else values vanish when memory is short"
        yield Finding(name, "warning", told, remedy)
    else:
        yield Finding(name, "ok", told)
    yield _clock(f"clock of the {name}", facts.now)


def _clock(name: str, theirs: datetime) -> Finding:
    apart = abs((datetime.now(UTC) - theirs).total_seconds())
    if apart > _MOST_SKEW:
        return Finding(name, "failed", f"{apart:.1f} s from here", "run NTP on both machines")
    return Finding(name, "ok", f"{apart:.1f} s from here")


def _engine(engine: str) -> Iterator[Finding]:
    state = engine_state(engine)
    yield Finding("engine", "failed" if state.remedy else "ok", state.found, state.remedy)


def _provider(issuer: str | None) -> Iterator[Finding]:
    """Whether the provider of accounts tells of itself, under the name that tokens bear."""
    name, remedy = "sign-in provider", "see ARGOSY_OIDC_ISSUER: it is what the provider says it is"
    if issuer is None:
        yield Finding(name, "ok", "none: people sign in with keys")
        return
    try:
        answer = httpx.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration", timeout=5.0)
        said = answer.json()["issuer"] if answer.is_success else f"status {answer.status_code}"
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        said = f"no answer: {error}"
    status: Literal["ok", "failed"] = "ok" if said == issuer else "failed"
    yield Finding(name, status, str(said), "" if status == "ok" else remedy)


def _registry(settings: Settings) -> Iterator[Finding]:
    registry = open_registry(settings)
    for use_case in settings.use_cases:
        started = time.perf_counter()
        champion = registry.champion_version(use_case)
        name = f"model of {use_case}"
        if champion is None:
            steps = training_steps(open_lake(settings), use_case)
            yield Finding(name, "warning", "no champion", steps)
            continue
        registry.load(use_case, champion).trial()
        told = f"version {champion} loads and answers its sample"
        yield Finding(name, "ok", f"{told} ({time.perf_counter() - started:.1f} s)")


def _data(settings: Settings) -> Iterator[Finding]:
    lake = open_lake(settings)
    clock = lake.clock()
    if clock is None:
        held = [name for name, status in lake.tables().items() if status.rows]
        told = f"nothing with a time: only {', '.join(held)}" if held else "empty"
        remedy = "ingest orders, events, payments or stock" if held else "argosy ingest DIR"
        yield Finding("lake", "warning", told, remedy)
        return
    yield Finding("lake", "ok", f"newest fact {clock:%Y-%m-%d %H:%M} UTC")
    for money in currency_findings(lake, settings.base_currency):
        yield Finding("currencies", "warning", money.found, money.remedy)
    for one in unmatched_ids(lake):
        yield Finding("ids", "warning", one.found, one.remedy)
    as_of = Store(settings, lake).as_of()
    if as_of is None or as_of < clock:
        told = f"as of {as_of:%Y-%m-%d %H:%M} UTC" if as_of else "none"
        yield Finding("features", "warning", told, "argosy materialize")
    else:
        yield Finding("features", "ok", f"as of {as_of:%Y-%m-%d %H:%M} UTC")
