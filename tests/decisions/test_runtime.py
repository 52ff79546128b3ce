import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from data.settings import Settings
from decisions.runtime import Runtime
from models.registry import Registry

Promoted = Callable[..., str]


@pytest.fixture
def runtime(settings: Settings, registry: Registry) -> Iterator[Runtime]:
    runtime = Runtime(settings, registry)
    yield runtime
    runtime.stop()


def value(runtime: Runtime, row: str) -> float:
    release = runtime.release(row)
    assert release is not None
    return float(release.model.value)  # type: ignore[attr-defined]


def metric(runtime: Runtime, name: str, **labels: str) -> float | None:
    return runtime.telemetry.registry.get_sample_value(name, labels)


def eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.02)
    return False


def test_without_champions_each_use_case_says_what_to_ingest_and_to_run(runtime: Runtime) -> None:
    runtime.refresh()
    assert runtime.release("fraud") is None
    told = runtime.problem("fraud")
    assert told is not None
    assert told.startswith("fraud has no model in use: ingest `payments` (payment_id, ")
    assert told.endswith("then argosy train fraud")


def test_with_its_tables_a_use_case_only_says_what_to_run(runtime: Runtime) -> None:
    payment = {"payment_id": ["1"], "attempted_at": pd.Timestamp("2024-05-01", tz="UTC")}
    frame = pd.DataFrame({**payment, "customer_id": "c", "amount": 1.0, "currency": "EUR"})
    runtime.lake.append("payments", frame)
    runtime.refresh()
    assert runtime.problem("fraud") == "fraud has no model in use: argosy train fraud"


def test_a_champion_is_taken_into_use(runtime: Runtime, promoted: Promoted) -> None:
    version = promoted("fraud", 1.0)
    runtime.refresh()
    assert value(runtime, "fraud") == 1.0
    assert runtime.problem("fraud") is None
    assert runtime.problem("forecasting") is not None
    label = {"use_case": "fraud", "version": version, "cut_off": "2026-01-01T00:00:00+00:00"}
    assert metric(runtime, "argosy_release", **label) == 1.0


def test_a_promotion_swaps_and_a_rollback_swaps_back(
    runtime: Runtime, promoted: Promoted, registry: Registry
) -> None:
    promoted("fraud", 1.0)
    runtime.refresh()
    first = runtime.release("fraud")
    promoted("fraud", 2.0)
    runtime.refresh()
    assert value(runtime, "fraud") == 2.0
    cut_off = "2026-01-01T00:00:00+00:00"
    assert metric(runtime, "argosy_release", use_case="fraud", version="1", cut_off=cut_off) == 0.0
    assert metric(runtime, "argosy_release", use_case="fraud", version="2", cut_off=cut_off) == 1.0
    registry.rollback("fraud")
    runtime.refresh()
    assert value(runtime, "fraud") == 1.0
    assert first is not None
    assert first.model.predict(first.sample)["answer"].tolist() == [1.0, 1.0]


def test_an_unchanged_champion_is_not_loaded_again(runtime: Runtime, promoted: Promoted) -> None:
    promoted("fraud")
    runtime.refresh()
    release = runtime.release("fraud")
    runtime.refresh()
    assert runtime.release("fraud") is release


def test_a_release_that_fails_its_trial_leaves_the_old_one(
    runtime: Runtime, promoted: Promoted
) -> None:
    promoted("fraud", 1.0)
    runtime.refresh()
    promoted("fraud", 2.0, expected=3.0)
    runtime.refresh()
    assert value(runtime, "fraud") == 1.0
    problem = runtime.problem("fraud")
    assert problem is not None
    assert problem.startswith("version 2 is not in use, version 1 stays in use: fraud version 2 ")
    assert "\n" not in problem  # the lines after the first quote the sample's values
    assert metric(runtime, "argosy_reload_failures_total", use_case="fraud") == 1.0
    assert metric(runtime, "argosy_release_problem", use_case="fraud") == 1.0
    runtime.refresh()  # at once again: not tried again, the problem stays
    assert metric(runtime, "argosy_reload_failures_total", use_case="fraud") == 1.0
    assert runtime.problem("fraud") == problem


def test_a_better_one_after_a_failure_is_taken_at_once(
    runtime: Runtime, promoted: Promoted
) -> None:
    promoted("fraud", 2.0, expected=3.0)
    runtime.refresh()
    problem = runtime.problem("fraud")
    assert problem is not None
    assert "nothing is in use" in problem
    promoted("fraud", 4.0)
    runtime.refresh()
    assert value(runtime, "fraud") == 4.0
    assert runtime.problem("fraud") is None
    assert metric(runtime, "argosy_release_problem", use_case="fraud") == 0.0


def _truncated(path: Path, other: Path) -> None:
    path.write_bytes(path.read_bytes()[:1])


def _altered(path: Path, other: Path) -> None:
    path.write_text("3.0")


def _missing(path: Path, other: Path) -> None:
    path.unlink()


def _empty(path: Path, other: Path) -> None:
    path.write_bytes(b"")


def _swapped(path: Path, other: Path) -> None:
    """The whole folder of another release, with a manifest that fits it."""
    shutil.rmtree(path.parents[1])
    shutil.copytree(other.parents[1], path.parents[1])


@pytest.mark.parametrize("damage", [_truncated, _altered, _missing, _empty, _swapped])
def test_a_file_damaged_in_any_way_leaves_the_old_release(
    runtime: Runtime, promoted: Promoted, settings: Settings, damage: Callable[..., None]
) -> None:
    promoted("fraud", 1.0)
    runtime.refresh()
    (first,) = settings.artifacts.rglob("value.json")
    promoted("fraud", 2.0)
    (added,) = set(settings.artifacts.rglob("value.json")) - {first}
    damage(added, first)
    runtime.refresh()
    assert value(runtime, "fraud") == 1.0
    assert "version 2 is not in use, version 1 stays in use" in str(runtime.problem("fraud"))


def test_damaged_files_leave_the_old_one(
    runtime: Runtime, promoted: Promoted, settings: Settings
) -> None:
    promoted("fraud", 1.0)
    runtime.refresh()
    before = set(settings.artifacts.rglob("value.json"))
    promoted("fraud", 2.0)
    (added,) = set(settings.artifacts.rglob("value.json")) - before
    added.write_text("not json")
    runtime.refresh()
    assert value(runtime, "fraud") == 1.0
    assert "fraud version 2 is broken" in str(runtime.problem("fraud"))


def test_a_registry_out_of_reach_leaves_the_old_one_and_heals(
    runtime: Runtime, promoted: Promoted, registry: Registry, settings: Settings, tmp_path: Path
) -> None:
    promoted("fraud", 1.0)
    runtime.refresh()
    runtime.registry = Registry("http://127.0.0.1:9", None)
    runtime.refresh()
    assert value(runtime, "fraud") == 1.0
    assert "127.0.0.1:9" in str(runtime.problem("fraud"))
    runtime.registry = registry
    runtime.refresh()
    assert runtime.problem("fraud") is None


def test_the_watch_follows_the_alias_and_stops(
    settings: Settings, registry: Registry, promoted: Promoted
) -> None:
    runtime = Runtime(settings.model_copy(update={"reload_seconds": 0.05}), registry)
    promoted("fraud", 1.0)
    runtime.start()
    try:
        assert value(runtime, "fraud") == 1.0
        promoted("fraud", 2.0)
        assert eventually(lambda: value(runtime, "fraud") == 2.0)
        registry.rollback("fraud")
        assert eventually(lambda: value(runtime, "fraud") == 1.0)
    finally:
        runtime.stop()
    promoted("fraud", 3.0)
    time.sleep(0.2)
    assert value(runtime, "fraud") == 1.0


def test_the_clock_is_the_newest_fact(runtime: Runtime) -> None:
    before = datetime.now(UTC)
    assert before <= runtime.now() <= datetime.now(UTC)
    newest = datetime(2017, 12, 30, 22, 15, tzinfo=UTC)
    runtime.lake.append(
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
    assert runtime.now() == newest
