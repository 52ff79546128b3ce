"""A backup holds what was acknowledged before it, proves itself, and serves anywhere."""

import shutil
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data.inbox import absorb
from data.lake import open_lake
from data.records import Records, RecordsError, open_records
from data.settings import Settings
from decisions.backup import BackupError, back_up, newest_backup, restore
from decisions.runtime import Runtime
from serving.http.app import create_app
from tests.shop_fixtures import open_shop

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def say(text: str, share: float | None) -> None:
    """Nobody listens."""


def event(number: int) -> dict[str, Any]:
    whose = {"product_id": "p", "visitor_id": "v", "kind": "view"}
    return {"event_id": f"e{number}", "occurred_at": NOON, **whose}


def names(records: Records) -> set[str]:
    return set(records.pending("events")[0]["event_id"])


@pytest.fixture
def home(settings: Settings) -> Settings:
    """A lake of two products, and records of ten events, half of them in the lake."""
    lake = open_lake(settings)
    lake.append("products", pd.DataFrame({"product_id": ["a", "b"]}))
    with closing(open_records(settings)) as records:
        records.add_events([event(n) for n in range(5)])
        absorb(records, lake)
        records.add_events([event(n) for n in range(5, 10)])
    (settings.home / "erasure.key").write_bytes(b"k" * 32)
    return settings


def elsewhere(tmp_path: Path, **changes: Any) -> Settings:
    return Settings(home=tmp_path / "other", auth=False, **changes)


def test_what_was_saved_is_there_again_and_the_inbox_goes_on(
    home: Settings, tmp_path: Path
) -> None:
    report = back_up(home, str(tmp_path / "backups"), say)
    assert Path(report.folder).parent == tmp_path / "backups"
    there = elsewhere(tmp_path)
    assert restore(there, str(tmp_path / "backups"), say).files == report.files
    lake = open_lake(there)
    assert lake.read("products")["product_id"].tolist() == ["a", "b"]
    assert (there.home / "erasure.key").stat().st_mode & 0o077 == 0
    with closing(open_records(there)) as records:
        assert names(records) == {f"e{n}" for n in range(10)}
        assert absorb(records, lake)["events"] == 5
    assert lake.read("events")["event_id"].nunique() == 10


def test_a_backup_under_writes_loses_no_acknowledged_one(home: Settings, tmp_path: Path) -> None:
    acknowledged: list[str] = []
    over = threading.Event()

    def write() -> None:
        with closing(Records(home.database, home.namespace)) as mine:
            number = 1000
            while not over.is_set():
                mine.add_events([event(number)])
                acknowledged.append(f"e{number}")
                number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(acknowledged) < 20:
            over.wait(0.01)
        before = list(acknowledged)
        back_up(home, str(tmp_path / "backups"), say)
        after = len(acknowledged)
        while len(acknowledged) < after + 5:  # and nobody was stopped
            over.wait(0.01)
    finally:
        over.set()
        writer.join()
    restore(elsewhere(tmp_path), str(tmp_path / "backups"), say)
    with closing(open_records(elsewhere(tmp_path))) as records:
        assert set(before) <= names(records)


@pytest.mark.parametrize("damage", ["cut", "gone", "manifest"])
def test_a_damaged_backup_is_refused_before_anything_changes(
    home: Settings, tmp_path: Path, damage: str
) -> None:
    folder = Path(back_up(home, str(tmp_path / "backups"), say).folder)
    if damage == "cut":
        (folder / "records.db").write_bytes((folder / "records.db").read_bytes()[:5000])
    elif damage == "gone":
        (folder / "lake" / "manifest.json").unlink()
    else:
        (folder / "backup.json").write_text("{")
    there = elsewhere(tmp_path)
    with pytest.raises(BackupError, match=r"damaged|cannot be read"):
        restore(there, str(folder), say)
    assert not there.home.exists() or not list(there.home.iterdir())


def test_a_home_that_holds_something_is_put_aside_only_when_asked(
    home: Settings, tmp_path: Path
) -> None:
    back_up(home, str(tmp_path / "backups"), say)
    with pytest.raises(BackupError, match="not empty"):
        restore(home, str(tmp_path / "backups"), say)
    with closing(open_records(home)) as records:
        records.add_events([event(77)])
    restore(home, str(tmp_path / "backups"), say, aside=True)
    with closing(open_records(home)) as records:
        assert "e77" not in names(records)
    (before,) = home.home.glob(".before-*")
    assert (before / "argosy.db").exists()


def test_what_is_no_backup_or_lies_in_the_home_is_refused(home: Settings, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="no backup"):
        newest_backup(tmp_path)
    with pytest.raises(BackupError, match="lies in the home"):
        back_up(home, str(home.home / "backups"), say)
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupError, match="cannot write"):
        back_up(home, str(tmp_path / "file"), say)


def test_the_newest_of_several_counts(home: Settings, tmp_path: Path) -> None:
    folder = Path(back_up(home, str(tmp_path), say).folder)
    older = shutil.copytree(folder, tmp_path / "argosy-20200101T000000Z")
    assert newest_backup(tmp_path) == folder
    assert newest_backup(older) == older


@pytest.mark.services
def test_records_of_postgres_are_saved_and_come_back(
    home: Settings, tmp_path: Path, postgres_url: str, namespace: str
) -> None:
    server = home.model_copy(update={"database_url": postgres_url, "namespace": namespace})
    with closing(open_records(server)) as records:
        records.add_events([event(n) for n in range(10)])
        marked = records.database_id()
    back_up(server, str(tmp_path / "backups"), say)
    embedded = elsewhere(tmp_path, namespace=namespace)
    restore(embedded, str(tmp_path / "backups"), say)
    with closing(open_records(embedded)) as records:
        assert names(records) == {f"e{n}" for n in range(10)}
        assert records.database_id() == marked
    with pytest.raises(RecordsError, match="holds records already"):
        restore(server, str(tmp_path / "backups"), say, aside=True)
    with closing(open_records(server)) as records, records.database.engine.begin() as connection:
        for table in reversed(records.tables.metadata.sorted_tables):
            table.drop(connection)
    restore(server, str(tmp_path / "backups"), say, aside=True)
    with closing(open_records(server)) as records:
        assert names(records) == {f"e{n}" for n in range(10)}
        assert records.add_events([event(10)]) == [True]  # numbers go on after the last
        assert records.newest_number("events") == 11


def test_an_object_store_keeps_backups_too(home: Settings, tmp_path: Path, bucket: str) -> None:
    report = back_up(home, bucket, say)
    assert report.folder.startswith(f"{bucket}/argosy-")
    restore(elsewhere(tmp_path), bucket, say)
    assert len(open_lake(elsewhere(tmp_path)).read("products")) == 2


ASKED: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/v1/recommendations", {"customer_id": "c01", "market": "DE", "explain": True}),
    ("POST", "/v1/recommendations", {"visitor_id": "nobody", "market": "FR"}),
    ("GET", "/v1/products/tea/similar", None),
    ("GET", "/v1/models", None),
    ("GET", "/v1/data/tables", None),
    ("GET", "/v1/customers/c01", None),
)
_FRESH = {"recommendation_id", "request_id"}


def answers(runtime: Runtime) -> list[Any]:
    with TestClient(create_app(runtime.settings, runtime)) as client:
        found = [client.request(method, path, json=body) for method, path, body in ASKED]
    assert all(each.status_code == 200 for each in found), [each.text for each in found]
    told = [each.json() for each in found]
    return [{k: v for k, v in each.items() if k not in _FRESH} for each in told]


@pytest.mark.slow
def test_restored_on_another_path_it_answers_the_same(tmp_path: Path) -> None:
    runtime = open_shop(tmp_path, auth=False)
    before = answers(runtime)
    back_up(runtime.settings, str(tmp_path / "backups"), say)
    shutil.rmtree(runtime.settings.home)
    there = elsewhere(tmp_path, reload_seconds=3600)
    restore(there, str(tmp_path / "backups"), say)
    again = Runtime(there)
    again.records.migrate()
    assert answers(again) == before
    again.store.ensure(again.now())  # and it can be worked with
