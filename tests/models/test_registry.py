import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import pandas as pd
import psycopg
import pytest
from pandas.testing import assert_frame_equal

from data.views import fingerprint
from models.base import Release
from models.registry import Registry, RegistryError, Run

FEATURES = {"x": "float"}
SAMPLE = pd.DataFrame({"x": [1.0, 2.0, 3.0]})
CUT_OFF = datetime(2026, 1, 1, tzinfo=UTC)


class Mean:
    """Answers the mean of what it saw, as a number and as a list."""

    def __init__(self, shift: float = 0.0) -> None:
        self.shift = shift

    def fit(self, frame: pd.DataFrame) -> Self:
        self.mean = frame["x"].mean() + self.shift
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        levels = [[self.mean, float(index)] for index in range(len(frame))]
        return pd.DataFrame({"mean": self.mean, "levels": levels, "note": None}, index=frame.index)

    def save(self, folder: Path) -> None:
        (folder / "mean.json").write_text(json.dumps([self.shift, self.mean]))

    @classmethod
    def load(cls, folder: Path) -> Self:
        shift, mean = json.loads((folder / "mean.json").read_text())
        model = cls(shift)
        model.mean = mean
        return model


MODELS_OF = {"fraud": lambda: {"mean": Mean}, "forecasting": lambda: {"mean": Mean}}


def release(shift: float = 0.0, use_case: str = "fraud") -> Release:
    model = Mean(shift).fit(SAMPLE)
    return Release(
        use_case=use_case,
        version="",
        model=model,
        features=FEATURES,
        contract=fingerprint(FEATURES),
        cut_off=CUT_OFF,
        metrics={"average_precision": 0.5},
        policy={"block_above": 0.9},
        sample=SAMPLE,
        expected=model.predict(SAMPLE),
    )


def a_run(use_case: str = "fraud", plots: Path | None = None) -> Run:
    return Run(
        use_case=use_case,
        name="a run",
        params={"shift": 0.0, "text": "y" * 10_000},
        metrics={"average_precision": 0.5, "cost@1%": 2.0},
        baselines={"prevalence": {"average_precision": 0.1}},
        plots=plots,
        tags={"data_hash": "abc"},
    )


def registered(registry: Registry, *shifts: float, use_case: str = "fraud") -> list[str]:
    return [
        registry.register(registry.log(a_run(use_case)), release(shift, use_case))
        for shift in shifts
    ]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty registry's database: making one takes seconds, copying it does not."""
    home = tmp_path_factory.mktemp("template")
    Registry(f"sqlite:///{home}/mlflow.db", home / "artifacts").champion_version("fraud")
    return home / "mlflow.db"


@pytest.fixture
def home(tmp_path: Path, template: Path) -> Path:
    with (
        closing(sqlite3.connect(template)) as source,
        closing(sqlite3.connect(tmp_path / "mlflow.db")) as target,
    ):
        source.backup(target)
    return tmp_path


@pytest.fixture
def registry(home: Path) -> Registry:
    return at(home)


def at(home: Path) -> Registry:
    return Registry(f"sqlite:///{home}/mlflow.db", home / "artifacts", use_cases=MODELS_OF)


@pytest.fixture
def postgres(postgres_url: str, namespace: str, tmp_path: Path) -> Registry:
    """MLflow's tables in a schema of this test's own: their names are fixed."""
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f'create schema "{namespace}"')
    mark = "&" if "?" in postgres_url else "?"
    url = f"{postgres_url}{mark}options=-csearch_path%3D{namespace}"
    return Registry(url, tmp_path / "artifacts", namespace, use_cases=MODELS_OF)


@pytest.fixture
def server(home: Path) -> Iterator[str]:
    """A real MLflow server over the same empty database."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    command = [str(Path(sys.executable).parent / "mlflow"), "server", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{home}/mlflow.db", "--workers", "1"]
    command += ["--artifacts-destination", str(home / "remote")]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (
        (home / "server.log").open("w") as log,
        subprocess.Popen(
            command, env=os.environ | quiet, stdout=log, stderr=log, start_new_session=True
        ) as process,
    ):
        try:
            _wait(f"http://127.0.0.1:{port}/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def _wait(url: str) -> None:
    until = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            assert time.monotonic() < until, f"{url} does not answer"
            time.sleep(0.1)


def test_a_release_comes_back_as_it_was(registry: Registry) -> None:
    (version,) = registered(registry, 1.0)
    registry.promote("fraud", version)
    loaded = registry.load("fraud")
    loaded.trial()
    made = release(1.0)
    assert loaded.version == version == "1"
    assert (loaded.features, loaded.contract, loaded.cut_off) == (
        made.features,
        made.contract,
        made.cut_off,
    )
    assert (loaded.metrics, loaded.policy) == (made.metrics, made.policy)
    assert loaded.model.shift == 1.0  # type: ignore[attr-defined]
    assert_frame_equal(loaded.sample, SAMPLE)
    assert_frame_equal(loaded.expected, made.expected)
    assert loaded.expected["levels"].tolist() == [[3.0, 0.0], [3.0, 1.0], [3.0, 2.0]]


def test_a_run_keeps_what_it_was_given(registry: Registry, home: Path, tmp_path: Path) -> None:
    plots = tmp_path / "plots"
    plots.mkdir()
    (plots / "calibration.png").write_bytes(b"png")
    run_id = registry.log(a_run(plots=plots))
    kept = registry._client.get_run(run_id)
    assert kept.info.status == "FINISHED"
    assert kept.data.params["shift"] == "0.0"
    assert kept.data.metrics == {
        "average_precision": 0.5,
        "cost_1_": 2.0,
        "prevalence/average_precision": 0.1,
    }
    assert kept.data.tags["data_hash"] == "abc"
    assert list((home / "artifacts").rglob("calibration.png"))


def test_registering_moves_no_alias_and_another_row_stays_apart(registry: Registry) -> None:
    registered(registry, 0.0)
    registered(registry, 0.0, use_case="forecasting")
    assert registry.champion_version("fraud") is None
    registry.promote("fraud", "1")
    assert registry.champion_version("fraud") == "1"
    assert registry.champion_version("forecasting") is None
    with pytest.raises(RegistryError, match="forecasting: no champion yet; train one"):
        registry.load("forecasting")


def test_rollback_goes_back_the_way_it_came(registry: Registry, home: Path) -> None:
    for version in registered(registry, 0.0, 1.0, 2.0):
        registry.promote("fraud", version)
    registry.promote("fraud", "1")
    registry.promote("fraud", "1")  # the champion already: not a step of its own
    assert at(home).rollback("fraud") == "3"
    assert registry.rollback("fraud") == "2"
    registry.promote("fraud", "3")
    assert registry.rollback("fraud") == "2"
    assert registry.rollback("fraud", "too many blocks") == "1"
    with pytest.raises(RegistryError, match="no champion before 1; promote a version"):
        registry.rollback("fraud")
    assert registry.champion_version("fraud") == "1"


def test_rollback_passes_over_a_deleted_version(registry: Registry) -> None:
    for version in registered(registry, 0.0, 1.0, 2.0):
        registry.promote("fraud", version)
    registry._client.delete_model_version("argosy-fraud", "2")
    assert registry.rollback("fraud") == "1"


def test_an_alias_moved_elsewhere_is_part_of_the_history(registry: Registry) -> None:
    for version in registered(registry, 0.0, 1.0)[:1]:
        registry.promote("fraud", version)
    registry._client.set_registered_model_alias("argosy-fraud", "champion", "2")
    assert registry.rollback("fraud") == "1"


def test_versions_tell_what_they_are(registry: Registry) -> None:
    registered(registry, 0.0, 1.0)
    registry.promote("fraud", "1", "first of all")
    second, first = registry.versions("fraud")
    assert [each.version for each in registry.versions()] == ["2", "1"]
    assert (second.version, second.champion, second.note) == ("2", False, "")
    assert (first.version, first.champion, first.model) == ("1", True, "mean")
    assert first.note.endswith("promoted: first of all")
    assert first.cut_off == CUT_OFF
    assert first.metrics == {"average_precision": 0.5}


@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_mlflow_reads_a_release_too(
    registry: Registry, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (version,) = registered(registry, 1.0)
    monkeypatch.setattr("models.registry.models_of", lambda row: MODELS_OF[row]())
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{home}/mlflow.db")
    model = mlflow.pyfunc.load_model(f"models:/argosy-fraud/{version}")
    assert model.predict(pd.DataFrame({"x": [5.0]}))["mean"].tolist() == [3.0]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "release.json").unlink(), "release.json is missing"),
        (lambda folder: (folder / "release.json").write_text("{"), "release.json changed"),
        (lambda folder: (folder / "model" / "mean.json").unlink(), "model/mean.json is missing"),
        (lambda folder: (folder / "sample.parquet").write_bytes(b"PAR"), "sample.parquet changed"),
        (lambda folder: (folder / "model" / "more.json").write_text("1"), "model/more.json"),
        (lambda folder: (folder / "manifest.json").unlink(), "has no manifest.json"),
        (lambda folder: (folder / "manifest.json").write_text("{}"), "manifest.json changed"),
    ],
)
def test_a_broken_release_says_so(registry: Registry, home: Path, damage, said) -> None:
    registered(registry, 0.0)
    (description,) = (home / "artifacts").rglob("release.json")
    damage(description.parent)
    with pytest.raises(RegistryError, match=said) as caught:
        registry.load("fraud", "1")
    assert "argosy rollback fraud" in str(caught.value)


def test_artifacts_that_are_gone_say_so(registry: Registry, home: Path) -> None:
    registered(registry, 0.0)
    shutil.rmtree(home / "artifacts")
    with pytest.raises(RegistryError, match="load fraud version 1"):
        registry.load("fraud", "1")


def test_what_is_not_there_is_named(registry: Registry) -> None:
    registered(registry, 0.0)
    with pytest.raises(RegistryError, match="fraud has no version 7; see argosy models"):
        registry.promote("fraud", "7")
    with pytest.raises(RegistryError, match="fraud has no version x"):
        registry.load("fraud", "x")
    with pytest.raises(RegistryError, match="pricing: no such use case; there are fraud"):
        registry.promote("pricing", "1")


def test_a_model_outside_models_is_refused(registry: Registry) -> None:
    class Other(Mean):
        pass

    run_id = registry.log(a_run())
    made = release()
    object.__setattr__(made, "model", Other().fit(SAMPLE))
    with pytest.raises(Exception, match=r"Other is not in MODELS of models/fraud"):
        registry.register(run_id, made)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://ann:secret@127.0.0.1:9/mlflow",
        "http://ann:secret@127.0.0.1:9",
    ],
)
def test_an_unreachable_registry_is_told_at_once(url: str, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="ARGOSY_MLFLOW_URL") as caught:
        Registry(url, tmp_path, use_cases=MODELS_OF).champion_version("fraud")
    assert "ann:***@" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.services
def test_postgresql_does_all_of_it(postgres: Registry) -> None:
    for version in registered(postgres, 0.0, 1.0):
        postgres.promote("fraud", version)
    loaded = postgres.load("fraud")
    loaded.trial()
    assert loaded.version == "2"
    assert postgres.rollback("fraud") == "1"
    assert [each.champion for each in postgres.versions("fraud")] == [False, True]


@pytest.mark.slow
def test_a_server_does_all_of_it_and_releases_are_fetched_once(server: str, tmp_path: Path) -> None:
    registry = Registry(server, None, cache=tmp_path / "cache", use_cases=MODELS_OF)
    for version in registered(registry, 0.0, 1.0):
        registry.promote("fraud", version)
    registry.load("fraud").trial()
    (description,) = (tmp_path / "cache").rglob("release.json")
    assert description.parts[-4].startswith("2-")
    shutil.rmtree(tmp_path / "remote")
    loaded = registry.load("fraud")
    loaded.trial()
    assert loaded.version == "2"
    assert [each.version for each in registry.versions("fraud")] == ["2", "1"]
    assert registry.rollback("fraud") == "1"
    assert registry.champion_version("fraud") == "1"


def test_a_version_that_others_registered_is_left_alone(registry: Registry) -> None:
    registered(registry, 0.0)
    registry._client.create_model_version("argosy-fraud", "file:///elsewhere")
    assert [each.version for each in registry.versions("fraud")] == ["1"]
    with pytest.raises(RegistryError, match="load fraud version 2"):
        registry.load("fraud", "2")


def test_a_home_may_be_moved(registry: Registry, home: Path) -> None:
    registered(registry, 1.0)
    moved = home.rename(home.with_name(f"{home.name}_moved"))
    after = at(moved)
    assert after.load("fraud", "1").version == "1"
    registered(after, 2.0)
    assert after.load("fraud", "2").version == "2"
    assert not home.exists()
