"""What the lake holds, in one small file that is replaced whole: before or after, never between."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from data.lake.reports import DamagedFileError
from data.shared_folder import SharedFolder, digest_file
from data.tables import Kind

FORMAT = 1


@dataclass(frozen=True)
class TableEntry:
    """One table: its files, oldest first, and what they hold.

    newest: ISO time of the newest fact, where the table's facts have a time.
    extra: kinds of the kept undeclared columns.
    taken: names the files of the last ingest where all their rows were good (see same_again);
        taken_rows, taken_repeated: rows read then, and those that were equal.
    """

    parts: tuple[str, ...]
    rows: int
    newest: str | None
    ingested_at: str
    extra: Mapping[str, Kind] = field(default_factory=dict)
    taken: str | None = None
    taken_rows: int = 0
    taken_repeated: int = 0


@dataclass(frozen=True)
class Manifest:
    """All tables, and the quarantined rows of each by file.

    digests: SHA-256 of each file of a table, as it was put in force; `swap` fills it. Lakes of
    before 0.2 have none.
    """

    tables: Mapping[str, TableEntry] = field(default_factory=dict)
    quarantine: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Changes when any table changes (16 hex digits)."""
        filled = [(name, self.tables[name]) for name in sorted(self.tables)]
        parts = [f"{name}:{','.join(entry.parts)}" for name, entry in filled if entry.parts]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    @property
    def files(self) -> frozenset[str]:
        """Every file that is part of the lake, relative to its folder."""
        parts = (part for entry in self.tables.values() for part in entry.parts)
        return frozenset(parts) | {name for kept in self.quarantine.values() for name in kept}


def load(folder: Path) -> Manifest:
    """The manifest in force; an empty one where there is no lake yet."""
    try:
        text = (folder / "manifest.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return Manifest()
    try:
        content = json.loads(text)
        tables = {
            name: TableEntry(**{**entry, "parts": tuple(entry["parts"])})
            for name, entry in content["tables"].items()
        }
        return Manifest(tables, content["quarantine"], content.get("digests", {}))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedFileError(
            f"{folder / 'manifest.json'} cannot be read: it is damaged, or of a newer Argosy. "
            "Bring it back: argosy restore BACKUP"
        ) from error


def swap(folder: Path, manifest: Manifest, shared: SharedFolder | None = None) -> None:
    """Put a manifest in force; the files it names must be on disk already (see `settle`).

    folder: the folder of the lake; manifest: its digests are those of files known before, the rest
    is found here; shared: where the folder is a copy of what machines share, the original. Raises
    ChangedObjectError where that was changed by another machine since.
    """
    parts = [part for entry in manifest.tables.values() for part in entry.parts]
    digests = {part: manifest.digests.get(part) or digest_file(folder / part) for part in parts}
    manifest = replace(manifest, digests=digests)
    text = json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1, sort_keys=True)
    fresh = folder / "manifest.json.new"
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if shared is not None:
        _publish(shared, manifest, fresh)
    else:
        fresh.replace(folder / "manifest.json")
    settle(folder)


def _publish(shared: SharedFolder, manifest: Manifest, draft: Path) -> None:
    """What the manifest names, and last itself; its own files but the quarantine never change."""
    known = shared.names()
    own = {name for name in known if name.startswith(("tables/", "quarantine/"))}
    files: dict[str, Path | None] = dict.fromkeys(own - manifest.files)
    for name in sorted(manifest.files):
        path = shared.folder / name
        if name not in known or (name.startswith("quarantine/") and path.exists()):
            files[name] = path
    shared.commit({**files, "manifest.json": draft})


def settle(path: Path) -> None:
    """Force a file or a folder's entries to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """One writer at a time; gives an empty staging folder.

    Files no manifest names any more (replaced ones, or those of a writer that died) go first:
    replaced files thus stay for readers until the next writer comes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released by the system when the process dies
        _sweep(folder)
        staging = folder / "staging"
        staging.mkdir()
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _sweep(folder: Path) -> None:
    shutil.rmtree(folder / "staging", ignore_errors=True)
    kept = load(folder).files
    for path in [*folder.glob("tables/*/*"), *folder.glob("quarantine/*/*")]:
        if path.relative_to(folder).as_posix() not in kept:
            path.unlink()
