"""Erasures outlive a restore: who was erased after a backup is taken out of what it brings back.

Receipts name people by a keyed hash only. So every id in what is brought back is hashed under the
key that belongs to the receipts, and those that fit are erased again, before anybody can read them.
"""

import secrets
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path

from pydantic import ValidationError

from data.errors import ArgosyError
from data.lake import Lake, open_lake
from data.lake import people as in_lake
from data.records import Records
from data.records import people as in_records
from data.settings import Settings
from decisions.privacy import Receipt, keep_receipt, key_file, keyed, receipt_folder, take_out
from features.store import Store


class UnknownErasuresError(ArgosyError):
    """People were erased after the backup, and it cannot be told who."""


@dataclass(frozen=True)
class ErasureRecord:
    """A folder that holds receipts and the key under which they name people: a home or a backup.

    records: its SQLite file, whose own name tells one installation from another.
    """

    folder: Path
    records: Path

    def receipts(self, since: datetime) -> list[Receipt]:
        """The receipts of people who were gone at `since` or later. Raises UnknownErasuresError."""
        found = []
        for file in sorted(receipt_folder(self.folder).glob("*.json")):
            try:
                found.append(Receipt.model_validate_json(file.read_bytes()))
            except (OSError, ValidationError) as error:
                raise UnknownErasuresError(f"{file} cannot be read: {error}") from error
        return [each for each in found if each.erased_at >= since]

    def key(self) -> bytes | None:
        """The key; None where there is none, or it is damaged."""
        with suppress(FileNotFoundError):
            key = key_file(self.folder).read_bytes()
            return key if len(key) >= 32 else None
        return None

    def name(self, namespace: str) -> str | None:
        """The name of the database; None where it lies elsewhere. namespace: of the tables."""
        if not self.records.is_file():
            return None
        query = f'SELECT database_id FROM "{namespace}_databases"'
        with suppress(sqlite3.Error), closing(_opened(self.records)) as connection:
            row = connection.execute(query).fetchone()
            return str(row[0]) if row else None
        return None

    def is_same(self, other: "ErasureRecord", namespace: str) -> bool:
        """Whether both are of one installation, as far as that can be told.

        other: another folder; namespace: of the tables.
        """
        keys = self.key(), other.key()
        if None not in keys:
            return keys[0] == keys[1]
        names = self.name(namespace), other.name(namespace)
        return None in names or names[0] == names[1]


@dataclass(frozen=True)
class KnownErasures:
    """Erasures after a backup. key: under which the receipts name people; None: there are none."""

    receipts: Sequence[Receipt]
    key: Path | None


def erasures_after(
    backup: ErasureRecord, since: datetime, places: Sequence[ErasureRecord], namespace: str
) -> KnownErasures:
    """The people who were erased since a backup was begun, by the receipts in other places.

    backup: what is brought back; since: when it was begun; places: where to look besides;
    namespace: of the records' tables. Raises UnknownErasuresError where people were erased and it
    cannot be told who, or a place is of another installation.
    """
    found = {each.receipt_id: each for each in backup.receipts(since)}
    key = key_file(backup.folder) if backup.key() else None
    for place in places:
        newer = place.receipts(since)
        if not newer:
            continue
        if place.key() is None:
            raise UnknownErasuresError(
                f"{len(newer)} were erased after this backup, and {key_file(place.folder)}, which "
                "tells who, is missing or damaged"
            )
        if not backup.is_same(place, namespace):
            raise UnknownErasuresError(
                f"{place.folder} holds receipts of erasures, and it is of another installation "
                "than the backup"
            )
        found |= {each.receipt_id: each for each in newer}
        key = key or key_file(place.folder)
    return KnownErasures(list(found.values()), key if found else None)


@dataclass
class RestoredStores:
    """The stores of a home that nobody uses yet."""

    settings: Settings
    lake: Lake
    store: Store
    records: Records


def erase_again(settings: Settings, erasures: KnownErasures) -> int:
    """Take people out of a home that was brought back and is not in use yet; how many were in it.

    settings: whose home and database these are; erasures: who, by their receipts, which are kept in
    the home then.
    """
    if erasures.key is None:
        return 0
    if not key_file(settings.home).exists():
        shutil.copyfile(erasures.key, key_file(settings.home))
        key_file(settings.home).chmod(0o600)
    if settings.online_store_url is not None:  # nobody reads the embedded one, if it was saved
        (settings.feature_folder / "online.db").unlink(missing_ok=True)
    lake = open_lake(settings)
    store, records = Store(settings, lake), Records(settings.database, settings.namespace)
    stores = RestoredStores(settings, lake, store, records)
    try:
        records.migrate()
        count = sum(_erase_one(stores, *each) for each in _named(stores, erasures.receipts))
    finally:
        store.close()
        records.close()
    for receipt in erasures.receipts:
        keep_receipt(settings.home, receipt)
    for file in (
        Path(str(records.database.engine.url.database)),
        *settings.home.rglob("online.db"),
    ):
        _settle(file)
    return count


def _named(
    stores: RestoredStores, receipts: Sequence[Receipt]
) -> Iterator[tuple[str | None, list[str]]]:
    """The ids that stand behind receipts: of the customer, None where it is not here, and of their
    visitors."""
    hashed = keyed(stores.settings.home)
    wanted = {name for each in receipts for name in (each.customer, *each.visitors)}
    ids = {}
    for text in _distinct(
        chain(in_lake.possible_ids(stores.lake), in_records.possible_ids(stores.records))
    ):
        if (name := hashed(text)) in wanted:
            ids[name] = text
    for each in receipts:
        yield ids.get(each.customer), [ids[name] for name in each.visitors if name in ids]


def _distinct(texts: Iterable[str]) -> Iterator[str]:
    seen = set()
    for text in texts:
        if text not in seen:
            seen.add(text)
            yield text


def _erase_one(stores: RestoredStores, customer_id: str | None, visitors: list[str]) -> bool:
    """True where somebody was taken out."""
    if customer_id is None and not visitors:
        return False
    nobody = f"nobody-{secrets.token_hex(16)}"  # whose visitors alone are here
    take_out(stores, customer_id or nobody, visitors)
    return True


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{file}?mode=ro", uri=True)


def _settle(file: Path) -> None:
    """One SQLite file again, with nothing of what was erased in a log beside it."""
    if file.is_file():
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("pragma journal_mode = delete")
