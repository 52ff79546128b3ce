"""What `argosy fraud …` does."""

from datetime import UTC, datetime, timedelta
from typing import Any

from data.settings import Settings
from decisions.fraud.controls import SHADOW
from decisions.fraud.replay import Replay, ReplayError
from decisions.fraud.replay import replay as replayed
from decisions.fraud.tuning import Tuned, retune
from decisions.fraud.watch import watch as watched
from decisions.runtime import Runtime


def replay(settings: Settings, name: str) -> Replay:
    """The decision of this id (or on this payment) made again from what was stored."""
    runtime = _runtime(settings)
    found = runtime.records.decision_of(name) or runtime.records.decision(name)
    if found is None:
        raise ReplayError(f"there is no decision {name}; give a decision_id or a payment_id")
    return replayed(found, runtime.records, runtime.registry)


def watch(settings: Settings, days: int) -> list[dict[str, Any]]:
    """How the decisions of the last days did, a line a day."""
    runtime = _runtime(settings)
    runtime.refresh()
    return watched(runtime, datetime.now(UTC) - timedelta(days=days))


def policy(settings: Settings) -> Tuned:
    """The policy solved anew for the rate of fraud that is really reported."""
    runtime = _runtime(settings)
    runtime.refresh()
    return retune(runtime, datetime.now(UTC))


def shadow(settings: Settings, version: str) -> dict[str, str]:
    """Score with this version beside the champion, without acting; an empty version ends it."""
    runtime = _runtime(settings)
    if version:
        runtime.registry.load("fraud", version).trial()
    runtime.records.journal.add(SHADOW, "fraud", author="argosy fraud", body={"version": version})
    return {"shadow": version or "none"}


def _runtime(settings: Settings) -> Runtime:
    runtime = Runtime(settings)
    runtime.records.migrate()
    return runtime
