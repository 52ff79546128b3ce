"""One person's data: given out whole, and erased with a receipt."""

import hashlib
import hmac
import os
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, Field

from data.errors import ArgosyError
from data.lake import Lake
from data.lake import people as in_lake
from data.records import Records
from data.records import people as in_records
from data.settings import Settings
from data.shared_folder import open_shared
from decisions.runtime import Runtime
from features.store import Store

ERASURE = "erasure"  # the kind of the journal's notes
_PRIVATE = "private"  # what machines share of it, in a home in a bucket


class ErasureError(ArgosyError):
    """A person cannot be erased now."""


class PersonStores(Protocol):
    """Where something may be kept of a person; a Runtime has them all."""

    settings: Settings
    lake: Lake
    store: Store
    records: Records


class Receipt(BaseModel):
    """What was erased; the customer appears as a keyed hash only."""

    receipt_id: str
    erased_at: datetime = Field(description="When all of it was gone.")
    customer: str = Field(description="HMAC-SHA-256 of the id under this installation's key.")
    visitors: list[str] = Field(
        [], description="HMAC-SHA-256 of the visitor ids that were this customer."
    )
    lake: dict[str, int] = Field(description="Rows deleted or hashed, by table.")
    records: dict[str, int] = Field(description="Rows deleted or hashed, by table.")
    features: dict[str, int] = Field(description="Rows deleted, by view.")
    note: str = (
        "Models trained before still hold aggregates in which the customer took part; the next "
        "training does not. Running servers fill the fraud counters anew, without the customer, "
        "within seconds."
    )


def found(runtime: Runtime, customer_id: str) -> Mapping[str, Any]:
    """All that is kept of a customer.

    runtime: the stores and releases in use; customer_id: whose rows.
    """
    visitors = _visitors(runtime, customer_id)
    kept = in_records.traces(runtime.records, customer_id, visitors)
    return {
        "customer_id": customer_id,
        "lake": in_lake.traces(runtime.lake, customer_id, visitors),
        "records": {"events": kept.events, "decisions": kept.decisions, **kept.elsewhere},
        "features": runtime.store.of_customer(customer_id),
    }


def erase(runtime: Runtime, customer_id: str) -> Receipt:
    """Erase, then write the receipt under `<home>/receipts`.

    runtime: the stores and releases in use; customer_id: whose rows.
    """
    share_private(runtime.settings)
    receipt = take_out(runtime, customer_id)
    keep_receipt(runtime.settings.home, receipt)
    # What servers hold of the journal (lists, snoozed rules) is read again where it has a new note.
    runtime.records.journal.add(ERASURE, receipt.receipt_id, author="argosy", body={})
    share_private(runtime.settings)
    return receipt


def share_private(settings: Settings) -> None:
    """In a home in a bucket: one key for all machines, and their receipts on each of them.

    settings: of the installation; nothing is to do for a home that is a folder.
    """
    shared = open_shared(settings.bucket, settings.home, _PRIVATE)
    if shared is None:
        return
    with shared.writing():
        keyed(settings.home)
        own = [key_file(settings.home), *receipt_folder(settings.home).glob("*.json")]
        names = {path.relative_to(settings.home).as_posix(): path for path in own}
        shared.commit({name: path for name, path in names.items() if name not in shared.names()})
        key_file(settings.home).chmod(0o600)


def take_out(
    stores: PersonStores, customer_id: str, known_visitors: Collection[str] = ()
) -> Receipt:
    """Take a person out of every store; the receipt of it is not kept yet.

    stores: where; customer_id: whose rows; known_visitors: ids of visitors that are known to be
    this customer, besides those that are linked to them.
    """
    hashed = keyed(stores.settings.home)
    visitors = sorted({*_visitors(stores, customer_id), *known_visitors})
    features = Counter[str]()
    for name in (customer_id, *visitors):
        features.update(stores.store.erase_customer(name))
    records = in_records.erase(stores.records, customer_id, hashed, visitors)
    lake = in_lake.erase(stores.lake, customer_id, hashed, visitors)
    return Receipt(
        receipt_id=f"er_{secrets.token_hex(8)}",
        erased_at=datetime.now(UTC),  # not before all is gone: a backup begun before may hold it
        customer=hashed(customer_id),
        visitors=[hashed(name) for name in visitors],
        records=records,
        lake=lake,
        features=dict(features),
    )


def keep_receipt(home: Path, receipt: Receipt) -> None:
    """Write a receipt down under `<home>/receipts`.

    home: of the installation; receipt: of an erasure.
    """
    folder = receipt_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{receipt.receipt_id}.part"
    draft.write_text(receipt.model_dump_json(indent=1))
    draft.replace(folder / f"{receipt.receipt_id}.json")


def _visitors(stores: PersonStores, customer_id: str) -> list[str]:
    """The visitors that are this customer, by the merchant's tables or by what was told here."""
    known = in_lake.linked_visitors(stores.lake, customer_id)
    return sorted(known | in_records.linked_visitors(stores.records, customer_id))


def receipts(settings: Settings) -> list[str]:
    """The names of all receipts: they change with each erasure, wherever it was asked for."""
    shared = open_shared(settings.bucket, settings.home, _PRIVATE)
    if shared is not None:
        shared.refresh()
    return sorted(file.name for file in receipt_folder(settings.home).glob("*.json"))


def receipt_folder(home: Path) -> Path:
    """Where the receipts of an installation lie. home: its folder."""
    return home / "receipts"


def key_file(home: Path) -> Path:
    """Where the key lies under which people are named in receipts. home: of the installation."""
    return home / "erasure.key"


def keyed(home: Path) -> Callable[[str], str]:
    """A hash under a key of this installation, made on first use and readable by its owner only."""
    file = key_file(home)
    if not file.exists():
        home.mkdir(parents=True, exist_ok=True)
        draft = home / f".erasure.{os.getpid()}.part"
        with open(os.open(draft, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as out:
            out.write(secrets.token_bytes(32))
        with suppress(FileExistsError):  # another process was first: its key counts
            os.link(draft, file)
        draft.unlink()
    key = file.read_bytes()
    if len(key) < 32:
        raise ErasureError(f"{file} is damaged; bring it back from a backup.")
    return lambda text: "erased_" + hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32]
