"""Reports are computed once for a state, by one of all who ask, and kept over a restart."""

import threading
from collections.abc import Iterator

import pandas as pd
import pytest

from data.settings import Settings
from decisions.forecasting import reports
from decisions.runtime import Runtime
from features.store import StoreError

WAYS = pd.DataFrame({"way": ["naive", "final"] * 2, "wape": [0.5, 0.4, 0.3, 0.2]})
MADE = {
    "exceptions": pd.DataFrame({"warehouse_id": ["a", "b"], "product_id": ["p", "p"]}),
    "value_added": WAYS.assign(of=["", "", "a", "a"]),
    "by_lag": pd.DataFrame({"warehouse_id": ["a", "b"], "lag": [1, 2]}),
}


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    runtime = Runtime(settings)
    runtime.lake.append("products", pd.DataFrame({"product_id": ["p"]}))
    yield runtime
    runtime.stop()


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by one with each computation."""
    times: list[str] = []

    def compute(runtime: Runtime) -> dict[str, pd.DataFrame]:
        times.append("computed")
        return MADE

    monkeypatch.setattr(reports, "compute", compute)
    return times


def test_of_many_who_ask_one_computes_and_a_restart_reads_it(
    runtime: Runtime, settings: Settings, computed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = pd.Timestamp("2024-05-01", tz="UTC")
    monkeypatch.setattr(Runtime, "now", lambda self: moment)
    found: list[pd.DataFrame] = []
    askers = [
        threading.Thread(target=lambda: found.append(reports.report(runtime, "exceptions")))
        for _ in range(8)
    ]
    for each in askers:
        each.start()
    for each in askers:
        each.join()
    assert (len(found), computed) == (8, ["computed"])
    assert reports.report(Runtime(settings), "value_added", "a")["wape"].tolist() == [0.3, 0.2]
    assert reports.report(runtime, "value_added")["wape"].tolist() == [0.5, 0.4]
    assert reports.report(runtime, "exceptions", "b")["warehouse_id"].tolist() == ["b"]
    assert reports.report(runtime, "by_lag", "b")["lag"].tolist() == [2]
    assert reports.report(runtime, "by_lag")["lag"].tolist() == [1, 2]
    assert computed == ["computed"]


def test_a_change_of_the_lake_is_computed_anew(
    runtime: Runtime, computed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "now", lambda: pd.Timestamp("2024-05-01", tz="UTC"))
    reports.report(runtime, "exceptions")
    runtime.lake.append("products", pd.DataFrame({"product_id": ["q"]}))
    reports.report(runtime, "exceptions")
    assert len(computed) == 2


def test_a_process_that_fails_is_told(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "APART", 0)
    monkeypatch.setattr(reports.sys, "executable", "/bin/false")
    with pytest.raises(StoreError, match="were not computed"):
        reports.report(runtime, "exceptions")


def test_a_large_shop_has_its_reports_before_anybody_asks(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    monkeypatch.setattr(reports, "APART", 0)
    monkeypatch.setattr(reports, "_READ_SECONDS", 0.0)
    monkeypatch.setattr(reports, "_compute_apart", lambda settings, place: made.append(place))
    monkeypatch.setattr(runtime, "now", lambda: pd.Timestamp("2024-05-01", tz="UTC"))
    ready = reports.ReadyReports(runtime)

    def looked() -> int:
        ready.look()
        for thread in threading.enumerate():
            if thread.name == "reports":
                thread.join()
        return len(made)

    assert looked() == 1
    runtime.lake.append("products", pd.DataFrame({"product_id": ["q"]}))
    assert looked() == 1, "a state that still changes waits"
    assert looked() == 2


def test_a_small_shop_makes_them_when_asked(
    runtime: Runtime, computed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "now", lambda: pd.Timestamp("2024-05-01", tz="UTC"))
    reports.ReadyReports(runtime).look()
    assert computed == []
