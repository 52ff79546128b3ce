import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from features.settings import Settings
from models.registry import Registry
from serving.live import Live

Promoted = Callable[..., str]


@pytest.fixture
def live(settings: Settings, registry: Registry) -> Iterator[Live]:
    live = Live(settings, registry)
    yield live
    live.stop()


def value(live: Live, row: str) -> float:
    release = live.release(row)
    assert release is not None
    return float(release.model.value)  # type: ignore[attr-defined]


def metric(live: Live, name: str, **labels: str) -> float | None:
    return live.telemetry.registry.get_sample_value(name, labels)


def eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.02)
    return False


def test_without_champions_each_row_says_what_to_run(live: Live) -> None:
    live.refresh()
    assert live.release("fraud") is None
    assert live.problem("fraud") == "fraud has no model in use; train one: argosy train fraud"


def test_a_champion_is_taken_into_use(live: Live, promoted: Promoted) -> None:
    version = promoted("fraud", 1.0)
    live.refresh()
    assert value(live, "fraud") == 1.0
    assert live.problem("fraud") is None
    assert live.problem("forecasting") is not None
    label = {"row": "fraud", "version": version, "cut_off": "2026-01-01T00:00:00+00:00"}
    assert metric(live, "argosy_release", **label) == 1.0


def test_a_promotion_swaps_and_a_rollback_swaps_back(
    live: Live, promoted: Promoted, registry: Registry
) -> None:
    promoted("fraud", 1.0)
    live.refresh()
    first = live.release("fraud")
    promoted("fraud", 2.0)
    live.refresh()
    assert value(live, "fraud") == 2.0
    cut_off = "2026-01-01T00:00:00+00:00"
    assert metric(live, "argosy_release", row="fraud", version="1", cut_off=cut_off) == 0.0
    assert metric(live, "argosy_release", row="fraud", version="2", cut_off=cut_off) == 1.0
    registry.rollback("fraud")
    live.refresh()
    assert value(live, "fraud") == 1.0
    assert first is not None
    assert first.model.predict(first.sample)["answer"].tolist() == [1.0, 1.0]


def test_an_unchanged_champion_is_not_loaded_again(live: Live, promoted: Promoted) -> None:
    promoted("fraud")
    live.refresh()
    release = live.release("fraud")
    live.refresh()
    assert live.release("fraud") is release


def test_a_release_that_fails_its_trial_leaves_the_old_one(live: Live, promoted: Promoted) -> None:
    promoted("fraud", 1.0)
    live.refresh()
    promoted("fraud", 2.0, expected=3.0)
    live.refresh()
    assert value(live, "fraud") == 1.0
    problem = live.problem("fraud")
    assert problem is not None
    assert problem.startswith("version 2 is not in use, version 1 stays in use: fraud version 2 ")
    assert "\n" not in problem  # the lines after the first quote the sample's values
    assert metric(live, "argosy_reload_failures_total", row="fraud") == 1.0
    assert metric(live, "argosy_release_problem", row="fraud") == 1.0
    live.refresh()  # at once again: not tried again, the problem stays
    assert metric(live, "argosy_reload_failures_total", row="fraud") == 1.0
    assert live.problem("fraud") == problem


def test_a_better_one_after_a_failure_is_taken_at_once(live: Live, promoted: Promoted) -> None:
    promoted("fraud", 2.0, expected=3.0)
    live.refresh()
    problem = live.problem("fraud")
    assert problem is not None
    assert "nothing is in use" in problem
    promoted("fraud", 4.0)
    live.refresh()
    assert value(live, "fraud") == 4.0
    assert live.problem("fraud") is None
    assert metric(live, "argosy_release_problem", row="fraud") == 0.0


def test_damaged_files_leave_the_old_one(
    live: Live, promoted: Promoted, settings: Settings
) -> None:
    promoted("fraud", 1.0)
    live.refresh()
    before = set(settings.artifacts.rglob("value.json"))
    promoted("fraud", 2.0)
    (added,) = set(settings.artifacts.rglob("value.json")) - before
    added.write_text("not json")
    live.refresh()
    assert value(live, "fraud") == 1.0
    assert "fraud version 2 is broken" in str(live.problem("fraud"))


def test_a_registry_out_of_reach_leaves_the_old_one_and_heals(
    live: Live, promoted: Promoted, registry: Registry, settings: Settings, tmp_path: Path
) -> None:
    promoted("fraud", 1.0)
    live.refresh()
    live.registry = Registry("http://127.0.0.1:9", None)
    live.refresh()
    assert value(live, "fraud") == 1.0
    assert "127.0.0.1:9" in str(live.problem("fraud"))
    live.registry = registry
    live.refresh()
    assert live.problem("fraud") is None


def test_the_watch_follows_the_alias_and_stops(
    settings: Settings, registry: Registry, promoted: Promoted
) -> None:
    live = Live(settings.model_copy(update={"reload_seconds": 0.05}), registry)
    promoted("fraud", 1.0)
    live.start()
    try:
        assert value(live, "fraud") == 1.0
        promoted("fraud", 2.0)
        assert eventually(lambda: value(live, "fraud") == 2.0)
        registry.rollback("fraud")
        assert eventually(lambda: value(live, "fraud") == 1.0)
    finally:
        live.stop()
    promoted("fraud", 3.0)
    time.sleep(0.2)
    assert value(live, "fraud") == 1.0


def test_the_clock_is_the_newest_fact(live: Live) -> None:
    before = datetime.now(UTC)
    assert before <= live.now() <= datetime.now(UTC)
    newest = datetime(2017, 12, 30, 22, 15, tzinfo=UTC)
    live.lake.append(
        "stock",
        pd.DataFrame(
            {
                "observed_at": [newest],
                "warehouse_id": ["w1"],
                "product_id": ["p1"],
                "on_hand": [3.0],
            }
        ),
    )
    assert live.now() == newest
