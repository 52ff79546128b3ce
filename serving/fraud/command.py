"""What `argosy fraud …` does."""

from datetime import UTC, datetime, timedelta
from typing import Any

from features.settings import Settings
from serving.fraud.desk import SHADOW
from serving.fraud.replay import Replay, ReplayError
from serving.fraud.replay import replay as replayed
from serving.fraud.tuning import Tuned, retune
from serving.fraud.watch import watch as watched
from serving.live import Live


def replay(settings: Settings, name: str) -> Replay:
    """The decision of this id (or on this payment) made again from what was stored."""
    live = _live(settings)
    found = live.records.decision_of(name) or live.records.decision(name)
    if found is None:
        raise ReplayError(f"there is no decision {name}; give a decision_id or a payment_id")
    return replayed(found, live.records, live.registry)


def watch(settings: Settings, days: int) -> list[dict[str, Any]]:
    """How the decisions of the last days did, a line a day."""
    live = _live(settings)
    live.refresh()
    return watched(live, datetime.now(UTC) - timedelta(days=days))


def policy(settings: Settings) -> Tuned:
    """The policy solved anew for the rate of fraud that is really reported."""
    live = _live(settings)
    live.refresh()
    return retune(live, datetime.now(UTC))


def shadow(settings: Settings, version: str) -> dict[str, str]:
    """Score with this version beside the champion, without acting; an empty version ends it."""
    live = _live(settings)
    if version:
        live.registry.load("fraud", version).trial()
    live.records.journal.add(SHADOW, "fraud", author="argosy fraud", body={"version": version})
    return {"shadow": version or "none"}


def _live(settings: Settings) -> Live:
    live = Live(settings)
    live.records.migrate()
    return live
