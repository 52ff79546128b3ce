"""A whole installation as one folder, taken while it serves; and brought back, anywhere.

A backup holds the lake, the features, the models and the records. What is made from them again, the
live counters, is not in it, nor what lies on servers of its own (MLflow, Redis, Feast's registry):
the report says so. The order makes it consistent. The lake comes first and the
records last: what the lake has not taken in yet is taken in later, by the lake's own marks. Of the
models the registry comes before the files, which never change.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import fs

from data.environment import without_password
from data.errors import ArgosyError
from data.lake.manifest import load, settle
from data.records import Records, open_records
from data.records.copying import copy_sqlite, load_records, save_records
from data.settings import Settings
from data.shared_folder import digest_file
from data.sources.locations import local_folder, parse_address
from decisions.erasures import (
    ErasureRecord,
    KnownErasures,
    UnknownErasuresError,
    erase_again,
    erasures_after,
)
from decisions.privacy import key_file, receipt_folder
from features.store.archive import Archive

FORMAT = 1
_MANIFEST, _RECORDS = "backup.json", "records.db"
# Of a home: saved by a function of its own, or made again by whoever needs it.
_LEFT_OUT = {
    "argosy.db", "artifacts", "cache", "checkpoints", "counters.db", "demo", "features", "lake",
    "metrics", "mlflow.db", "sample",
}  # fmt: skip
_PASSING = ("-wal", "-shm", "-journal", ".lock", ".part", ".tmp", ".steps", ".filling", ".new")

Say = Callable[[str, float | None], None]


class BackupError(ArgosyError):
    """A backup cannot be made, or what was given is none."""


@dataclass(frozen=True)
class BackupReport:
    """What was saved or brought back. folder: where the backup is; apart: what is not in it."""

    folder: str
    files: int
    megabytes: float
    created_at: datetime
    apart: tuple[str, ...]


def back_up(settings: Settings, target: str, say: Say) -> BackupReport:
    """Save an installation into a new folder under `target`, named for the time; it may serve.

    settings: of the installation; target: a folder, or an address such as s3://bucket/folder; say:
    told what is being saved. Raises BackupError, and leaves nothing behind then.
    """
    _refuse_bucket(settings)
    now = datetime.now(UTC)
    name = f"argosy-{now:%Y%m%dT%H%M%S}Z"
    if parse_address(target).is_object_store:
        with tempfile.TemporaryDirectory(prefix="argosy-backup-") as scratch:
            report = back_up(settings, scratch, say)
            address = f"{target.rstrip('/')}/{name}"
            say("sending it", None)
            _send(Path(report.folder), address)
        return replace(report, folder=address)
    folder = Path(target).absolute()
    if settings.home.absolute() in (folder, *folder.parents):
        raise BackupError(f"{folder} lies in the home {settings.home}; name a folder elsewhere")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=folder, prefix=f".{name}-"))
        try:
            _save(settings, draft, say)
            manifest = _seal(draft, now, _apart(settings))
            draft.rename(folder / name)
            settle(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise BackupError(f"cannot write the backup under {folder}: {error}") from error
    return _report(folder / name, manifest)


@dataclass(frozen=True)
class RestoreReport(BackupReport):
    """What was brought back. erasures: what became of people erased after the backup, in words."""

    erasures: str


def restore(
    settings: Settings,
    source: str,
    say: Say,
    *,
    aside: bool = False,
    receipts: str | None = None,
    with_erasures: bool = True,
) -> RestoreReport:
    """Bring an installation back into the home, and the records into the database, of the settings.

    Whoever was erased after the backup is erased from it again, as far as receipts tell: those of
    the home, of newer backups beside this one, and in `receipts`.

    settings: where to; source: a backup, or the folder or address that holds several, of which the
    newest counts; say: told what is being done; aside: whether what the home holds is put into
    `.before-…` in it; receipts: a home or a backup that holds later receipts; with_erasures: False
    brings back who was erased. No server may use the home meanwhile. Raises BackupError, before
    anything is changed, for a backup that is not as it was written, a home that is not empty, or
    erasures of which it cannot be told whom they mean.
    """
    _refuse_bucket(settings)
    with local_folder(parse_address(source)) as found, _folder_or_none(receipts) as told:
        folder = newest_backup(found)
        say("checking every file", None)
        manifest = check_backup(folder)
        home = settings.home
        home.mkdir(parents=True, exist_ok=True)
        held = [each for each in home.iterdir() if not each.name.startswith(".before-")]
        if held and not aside:
            raise BackupError(
                f"{home} is not empty: take another ARGOSY_HOME, or --aside to put away what it "
                "holds"
            )
        since = datetime.fromisoformat(manifest["created_at"])
        erasures = _erasures(settings, folder, since, told) if with_erasures else None
        draft = Path(tempfile.mkdtemp(dir=home, prefix=".restore-"))
        try:
            _copy_back(folder, draft, list(manifest["files"]), say)
            said = _erase_again(settings, draft, erasures, since, say)
            _restore_records(settings, draft)
            _put_in_place(home, held, draft)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return RestoreReport(**vars(_report(folder, manifest)), erasures=said)


@contextmanager
def _folder_or_none(address: str | None) -> Iterator[Path | None]:
    if address is None:
        yield None
        return
    with local_folder(parse_address(address)) as found:
        if not receipt_folder(found).is_dir() and not key_file(found).is_file():
            found = newest_backup(found)
        yield found


def _erasures(
    settings: Settings, folder: Path, since: datetime, told: Path | None
) -> KnownErasures:
    """The erasures after a backup that are known here. Raises BackupError."""
    backup = ErasureRecord(folder, folder / _RECORDS)
    places = [ErasureRecord(settings.home, settings.home / "argosy.db")]
    if told is not None:
        file = told / _RECORDS
        places.append(ErasureRecord(told, file if file.is_file() else told / "argosy.db"))
    beside = [
        ErasureRecord(each.parent, each.parent / _RECORDS)
        for each in sorted(folder.parent.glob(f"argosy-*/{_MANIFEST}"))
        if each.parent != folder
    ]
    # Of another installation's backups in the same folder nothing is to be learned.
    places += [each for each in beside if backup.is_same(each, settings.namespace)]
    try:
        return erasures_after(backup, since, places, settings.namespace)
    except UnknownErasuresError as error:
        raise BackupError(
            f"{error}. Bring it back, name a home or a newer backup of this installation with "
            "--receipts, or restore --without-erasures and erase those people again"
        ) from error


def _erase_again(
    settings: Settings, draft: Path, erasures: KnownErasures | None, since: datetime, say: Say
) -> str:
    """Erase what was erased before from the draft of a home; what is to be told about it."""
    after = f"{since:%Y-%m-%d %H:%M} UTC"
    if erasures is None:
        return f"not looked for: whoever was erased after {after} is back"
    if not erasures.receipts:
        return (
            f"no receipt of one after {after} is known here; people who were erased since are back "
            "unless they are erased again, or --receipts names a home or a backup that knows them"
        )
    say("erasing again who was erased since", None)
    there = {"home": draft, "database_url": f"sqlite:///{draft / _RECORDS}"}
    count = erase_again(settings.model_copy(update=there), erasures)
    return (
        f"{len(erasures.receipts)} after {after}, of whom {count} were in the backup and are "
        "erased from it again"
    )


def _refuse_bucket(settings: Settings) -> None:
    if settings.bucket is not None:
        raise BackupError(
            f"the home is {settings.bucket}: its store keeps it (turn on versions and replication "
            "there), and the database's own means keep the records"
        )


def newest_backup(folder: Path) -> Path:
    """The backup that a folder is, or the newest of those it holds. Raises BackupError."""
    if (folder / _MANIFEST).is_file():
        return folder
    found = sorted(folder.glob(f"argosy-*/{_MANIFEST}"))
    if not found:
        raise BackupError(f"{folder} is no backup and holds none: there is no {_MANIFEST}")
    return found[-1].parent


def check_backup(folder: Path) -> Mapping[str, Any]:
    """The manifest of a backup, each of whose files is as it was written. Raises BackupError."""
    try:
        manifest: Mapping[str, Any] = json.loads((folder / _MANIFEST).read_text())
        files, written = manifest["files"], int(manifest["format"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{folder / _MANIFEST} cannot be read: {error}") from error
    if written > FORMAT:
        raise BackupError(f"{folder} is of format {written}; this Argosy reads {FORMAT} at most")
    for name, told in files.items():
        path = folder / name
        if not path.is_file() or digest_file(path) != told["sha256"]:
            state = "changed" if path.is_file() else "is missing"
            raise BackupError(f"{folder} is damaged: {name} {state}; take another backup")
    return manifest


def _save(settings: Settings, draft: Path, say: Say) -> None:
    """Every part, in the order that makes them fit each other."""
    say("the lake", None)
    with _held(settings.lake / ".lock"):
        _save_lake(settings.lake, draft / "lake")
    say("the features", None)
    with Archive(settings.feature_folder).lock():
        _save_folder(settings.feature_folder, draft / "features", "*.parquet", "*.json")
        if settings.online_store_url is None and (settings.feature_folder / "online.db").exists():
            copy_sqlite(settings.feature_folder / "online.db", draft / "features" / "online.db")
    say("the models", None)
    if settings.mlflow_url is None and (settings.home / "mlflow.db").exists():
        copy_sqlite(settings.home / "mlflow.db", draft / "mlflow.db")
        _save_folder(Path(settings.artifacts), draft / "artifacts", "*")
    say("what else the home holds", None)
    for each in settings.home.iterdir() if settings.home.exists() else ():
        if each.name in _LEFT_OUT or each.name.endswith(_PASSING) or each.name.startswith("."):
            continue
        if each.is_dir():
            _save_folder(each, draft / each.name, "*")
        else:
            shutil.copy2(each, draft / each.name)
    say("the records", None)
    with closing(open_records(settings)) as records:
        save_records(records, draft / _RECORDS)


def _save_lake(lake: Path, target: Path) -> None:
    """The files that the manifest names, and the manifest; the lake's lock is held."""
    for name in load(lake).files:
        if (lake / name).exists():  # a quarantine may have been deleted by hand
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(lake / name, target / name)
    for file in lake.glob("*.json"):  # the marks of the inbox, too
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target / file.name)


def _save_folder(source: Path, target: Path, *patterns: str) -> None:
    for path in sorted({path for pattern in patterns for path in source.rglob(pattern)}):
        if path.is_file() and not path.name.endswith(_PASSING):
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)


@contextmanager
def _held(lock: Path) -> Iterator[None]:
    """The lock that a writer of the lake takes."""
    if not lock.parent.exists():
        yield
        return
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _seal(draft: Path, now: datetime, apart: Sequence[str]) -> Mapping[str, Any]:
    """Write the manifest, with every file's digest, and force all to disk."""
    files = sorted(path for path in draft.rglob("*") if path.is_file())
    manifest = {
        "format": FORMAT,
        "argosy": version("argosy"),
        "created_at": now.isoformat(),
        "apart": list(apart),
        "files": {
            path.relative_to(draft).as_posix(): {
                "sha256": digest_file(path),
                "bytes": path.stat().st_size,
            }
            for path in files
        },
    }
    (draft / _MANIFEST).write_text(json.dumps(manifest, indent=1))
    os.sync()
    return manifest


def _apart(settings: Settings) -> list[str]:
    """What lies on servers of its own and is saved by their own means."""
    places = {
        "models (MLflow)": settings.mlflow_url,
        "online features (argosy materialize fills them)": settings.online_store_url,
        "Feast's registry (argosy materialize fills it)": settings.registry_url,
    }
    return [f"{what}: {without_password(url)}" for what, url in places.items() if url]


def _copy_back(folder: Path, draft: Path, names: Sequence[str], say: Say) -> None:
    for number, name in enumerate(names):
        say("copying", number / len(names))
        (draft / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, draft / name)
    for private in draft.glob("*.key"):
        private.chmod(0o600)


def _restore_records(settings: Settings, draft: Path) -> None:
    """Into the database that the settings name; else they are the home's own."""
    if settings.database_url is None:
        (draft / _RECORDS).rename(draft / "argosy.db")
        return
    with closing(Records(settings.database, settings.namespace)) as records:
        load_records(records, draft / _RECORDS)
    (draft / _RECORDS).unlink()


def _put_in_place(home: Path, held: Sequence[Path], draft: Path) -> None:
    """The home may be a disk of its own: what is in it moves, not the folder."""
    if held:
        before = home / f".before-{datetime.now(UTC):%Y%m%dT%H%M%S}Z"
        before.mkdir()
        for each in held:
            each.rename(before / each.name)
    for each in list(draft.iterdir()):
        each.rename(home / each.name)
    settle(home)


def _send(folder: Path, address: str) -> None:
    try:
        store, base = fs.FileSystem.from_uri(address)
        fs.copy_files(str(folder), base, destination_filesystem=store)
    except (OSError, pa.ArrowException) as error:
        raise BackupError(
            f"{address} cannot be written ({error}); is the address right, and do "
            "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_ENDPOINT_URL say how to reach it?"
        ) from error


def _report(folder: Path, manifest: Mapping[str, Any]) -> BackupReport:
    total = sum(each["bytes"] for each in manifest["files"].values())
    return BackupReport(
        str(folder),
        len(manifest["files"]),
        round(total / 1e6, 1),
        datetime.fromisoformat(manifest["created_at"]),
        tuple(manifest["apart"]),
    )
