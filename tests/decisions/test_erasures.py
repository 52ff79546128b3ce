"""Who was erased stays erased, whatever older backup is brought back."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from argosy import app
from data.lake import open_lake
from data.records import Records, open_records
from data.settings import Settings
from decisions.backup import BackupError, RestoreReport, back_up, restore
from decisions.privacy import erase, keyed
from decisions.runtime import Runtime
from models.registry import Registry
from tests.decisions.test_privacy import (
    ANN,
    BOB,
    KEPT,
    NOON,
    SECRETS,
    event,
    holding,
    served,
    settle,
    texts_of_files,
)


def say(text: str, share: float | None) -> None:
    """Nobody listens."""


@pytest.fixture
def shop(settings: Settings) -> Settings:
    return settings.model_copy(update={"use_cases": ("recommendation", "fraud")})


@pytest.fixture
def service(shop: Settings, registry: Registry) -> Iterator[tuple[Runtime, TestClient]]:
    """Two people left traces everywhere; nobody was erased yet."""
    yield from served(shop, registry)


def texts(home: Path) -> Iterator[tuple[str, str]]:
    for each in home.iterdir():
        if not each.name.startswith(".before-"):
            yield from texts_of_files(each) if each.is_dir() else [_text(each)]


def _text(file: Path) -> tuple[str, str]:
    return file.name, file.read_bytes().decode("latin-1")


def is_gone(home: Path) -> None:
    """Nothing of Ann is left, and all of Bob."""
    settle(home)
    for secret in SECRETS:
        assert holding(texts(home), secret) == [], secret
    for other in KEPT:
        assert holding(texts(home), other), other


def other_home(shop: Settings, tmp_path: Path) -> Settings:
    return shop.model_copy(update={"home": tmp_path / "other"})


def test_an_older_backup_does_not_bring_back_who_was_erased(
    service: tuple[Runtime, TestClient], shop: Settings, tmp_path: Path
) -> None:
    runtime, _ = service
    backup = back_up(shop, str(tmp_path / "backups"), say)
    for secret in SECRETS:
        assert holding(texts(Path(backup.folder)), secret), secret
    receipt = erase(runtime, ANN)
    report = restore(shop, str(tmp_path / "backups"), say, aside=True)
    assert isinstance(report, RestoreReport)
    assert report.erasures.startswith("1 after ")
    assert "of whom 1 were in the backup" in report.erasures
    is_gone(shop.home)
    kept = json.loads((shop.home / "receipts" / f"{receipt.receipt_id}.json").read_text())
    assert kept["erased_at"] == json.loads(receipt.model_dump_json())["erased_at"]
    assert open_lake(shop).read("payments")["amount"].tolist() == [10.0, 10.0], "the books stay"
    with closing(open_records(shop)) as records:
        assert records.audit.check().broken_at is None


def test_a_backup_of_before_the_first_erasure_has_no_key_of_its_own(
    service: tuple[Runtime, TestClient], shop: Settings, tmp_path: Path
) -> None:
    runtime, _ = service
    (shop.home / "erasure.key").unlink(missing_ok=True)
    back_up(shop, str(tmp_path / "backups"), say)
    erase(runtime, ANN)
    key = (shop.home / "erasure.key").read_bytes()
    restore(shop, str(tmp_path / "backups"), say, aside=True)
    is_gone(shop.home)
    assert (shop.home / "erasure.key").read_bytes() == key
    assert (shop.home / "erasure.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("place", ["newer backup beside it", "newer backup named", "old home"])
def test_a_lost_home_is_brought_back_without_the_erased(
    service: tuple[Runtime, TestClient], shop: Settings, tmp_path: Path, place: str
) -> None:
    runtime, _ = service
    older = back_up(shop, str(tmp_path / "backups"), say).folder
    erase(runtime, ANN)
    receipts = None
    if place == "old home":
        receipts = str(shop.home)
    else:
        elsewhere = "backups" if place.endswith("beside it") else "newer"
        shutil.move(older, tmp_path / "backups" / "argosy-20200101T000000Z")
        older = str(tmp_path / "backups" / "argosy-20200101T000000Z")
        back_up(shop, str(tmp_path / elsewhere), say)
        receipts = str(tmp_path / "newer") if elsewhere == "newer" else None
    there = other_home(shop, tmp_path)
    restore(there, older, say, receipts=receipts)
    is_gone(there.home)


def test_a_visitor_who_signed_in_after_the_backup_is_forgotten_too(
    service: tuple[Runtime, TestClient], shop: Settings, tmp_path: Path
) -> None:
    runtime, client = service
    runtime.records.add_events([event("late", visitor_id="vis-ann-late") | {"occurred_at": NOON}])
    back_up(shop, str(tmp_path / "backups"), say)
    client.post("/v1/identities", json={"visitor_id": "vis-ann-late", "customer_id": ANN})
    erase(runtime, ANN)
    restore(shop, str(tmp_path / "backups"), say, aside=True)
    is_gone(shop.home)
    assert holding(texts(shop.home), "vis-ann-late") == []


def test_who_came_back_before_the_backup_stays(
    service: tuple[Runtime, TestClient], shop: Settings, tmp_path: Path
) -> None:
    runtime, _ = service
    erase(runtime, ANN)
    runtime.lake.append("customers", pd.DataFrame({"customer_id": [ANN]}))
    back_up(shop, str(tmp_path / "backups"), say)
    report = restore(shop, str(tmp_path / "backups"), say, aside=True)
    assert report.erasures.startswith("no receipt of one after")
    assert set(open_lake(shop).read("customers")["customer_id"]) == {ANN, BOB}


def test_where_it_is_not_known_the_report_says_so(
    service: tuple[Runtime, TestClient], shop: Settings, tmp_path: Path
) -> None:
    runtime, _ = service
    back_up(shop, str(tmp_path / "backups"), say)
    erase(runtime, ANN)
    there = other_home(shop, tmp_path)
    report = restore(there, str(tmp_path / "backups"), say)
    assert "are back unless they are erased again, or --receipts names a home" in report.erasures


@pytest.mark.parametrize("fault", ["no key", "damaged key", "another installation", "no receipt"])
def test_what_cannot_be_told_is_refused_until_told(
    service: tuple[Runtime, TestClient], shop: Settings, tmp_path: Path, fault: str
) -> None:
    runtime, _ = service
    keyed(shop.home)
    back_up(shop, str(tmp_path / "backups"), say)
    receipt = erase(runtime, ANN)
    key = shop.home / "erasure.key"
    if fault == "no receipt":
        (shop.home / "receipts" / f"{receipt.receipt_id}.json").write_text("{")
    elif fault == "no key":
        key.unlink()
    else:
        key.write_bytes(b"k" * (32 if fault == "another installation" else 3))
    before = sorted(path.name for path in shop.home.iterdir())
    with pytest.raises(BackupError, match="--without-erasures and erase those people again"):
        restore(shop, str(tmp_path / "backups"), say, aside=True)
    assert sorted(path.name for path in shop.home.iterdir()) == before
    report = restore(shop, str(tmp_path / "backups"), say, aside=True, with_erasures=False)
    assert report.erasures.startswith("not looked for: whoever was erased after")
    assert ANN in set(open_lake(shop).read("customers")["customer_id"])


def test_another_installation_is_known_by_its_database(
    service: tuple[Runtime, TestClient], shop: Settings, tmp_path: Path
) -> None:
    """Two shops save into one folder: the one's erasures are not the other's."""
    runtime, _ = service
    (shop.home / "erasure.key").unlink(missing_ok=True)
    mine = back_up(shop, str(tmp_path / "backups"), say).folder
    moved = tmp_path / "backups" / "argosy-20200101T000000Z"
    shutil.move(mine, moved)
    erase(runtime, ANN)
    theirs = Path(back_up(shop, str(tmp_path / "backups"), say).folder)
    with closing(sqlite3.connect(theirs / "records.db")) as connection, connection:
        connection.execute("update argosy_databases set database_id = 'theirs'")
    there = other_home(shop, tmp_path)
    assert restore(there, str(moved), say).erasures.startswith("no receipt")
    assert ANN in set(open_lake(there).read("customers")["customer_id"])


@pytest.mark.services
def test_they_are_gone_before_a_server_gets_them(
    service: tuple[Runtime, TestClient],
    shop: Settings,
    tmp_path: Path,
    postgres_url: str,
    redis_url: str,
    namespace: str,
) -> None:
    """Of the embedded home of one shop: into PostgreSQL, with features on Redis."""
    runtime, _ = service
    back_up(shop, str(tmp_path / "backups"), say)
    erase(runtime, ANN)
    for folder in (tmp_path / "backups").glob("argosy-*"):
        _rename_tables(folder, shop.namespace, namespace)
    servers = {"database_url": postgres_url, "online_store_url": redis_url, "namespace": namespace}
    there = other_home(shop, tmp_path).model_copy(update=servers)
    restore(there, str(tmp_path / "backups"), say, receipts=str(shop.home))
    for secret in SECRETS:
        assert holding(texts(there.home), secret) == [], secret
    with closing(Records(postgres_url, namespace)) as records:
        for table in records.tables.metadata.sorted_tables:
            rows = records.database.read(lambda c, table=table: c.execute(table.select()).all())
            assert [secret for secret in SECRETS if secret in str(rows)] == [], table.name
            if table.name.endswith("_events"):
                assert KEPT[1] in str(rows) or BOB in str(rows)


def _rename_tables(folder: Path, old: str, new: str) -> None:
    """The records of a backup under another namespace, and its manifest as it is then."""
    file = folder / "records.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        names = connection.execute("select name, type from sqlite_master").fetchall()
        for name, kind in names:
            if kind == "index" and name.startswith(f"{old}_"):
                connection.execute(f'drop index "{name}"')
        for name, kind in names:
            if kind == "table" and name.startswith(f"{old}_"):
                connection.execute(f'alter table "{name}" rename to "{new}{name[len(old) :]}"')
    from data.lake.manifest import digest_file

    manifest = json.loads((folder / "backup.json").read_text())
    manifest["files"]["records.db"] = {
        "sha256": digest_file(file),
        "bytes": file.stat().st_size,
    }
    (folder / "backup.json").write_text(json.dumps(manifest))


def test_the_command_says_what_became_of_the_erased(
    service: tuple[Runtime, TestClient], shop: Settings, tmp_path: Path
) -> None:
    runtime, _ = service
    environment = {"ARGOSY_HOME": str(shop.home), "ARGOSY_USE_CASES": "recommendation,fraud"}

    def run(*command: str) -> str:
        done = CliRunner().invoke(app, list(command), env=environment)
        assert done.exit_code == 0, done.output
        return done.stdout

    run("backup", str(tmp_path / "backups"))
    erase(runtime, ANN)
    told = run("restore", str(tmp_path / "backups"), "--aside", "--yes", "--json")
    assert (
        "of whom 1 were in the backup and are erased from it again" in json.loads(told)["erasures"]
    )
    is_gone(shop.home)
    with closing(open_records(shop)) as records:
        (entry,) = records.audit.entries(limit=1)
    assert entry.action == "argosy restore"
    assert entry.target["erasures"].startswith("1 after")
