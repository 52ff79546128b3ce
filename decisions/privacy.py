"""One person's data: given out whole, and erased with a receipt."""

import hashlib
import hmac
import os
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from data.errors import ArgosyError
from data.lake import people as in_lake
from data.records import people as in_records
from decisions.runtime import Runtime


class ErasureError(ArgosyError):
    """A person cannot be erased now."""


class Receipt(BaseModel):
    """What was erased; the customer appears as a keyed hash only."""

    receipt_id: str
    erased_at: datetime
    customer: str = Field(description="HMAC-SHA-256 of the id under this installation's key.")
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
        "records": {"events": kept.events, "decisions": kept.decisions},
        "features": runtime.store.of_customer(customer_id),
    }


def erase(runtime: Runtime, customer_id: str) -> Receipt:
    """Erase, then write the receipt under `<home>/receipts`.

    runtime: the stores and releases in use; customer_id: whose rows.
    """
    hashed = keyed(runtime.settings.home)
    visitors = _visitors(runtime, customer_id)
    features = Counter[str]()
    for name in (customer_id, *visitors):
        features.update(runtime.store.erase_customer(name))
    receipt = Receipt(
        receipt_id=f"er_{secrets.token_hex(8)}",
        erased_at=datetime.now(UTC),
        customer=hashed(customer_id),
        records=in_records.erase(runtime.records, customer_id, hashed, visitors),
        lake=in_lake.erase(runtime.lake, customer_id, hashed, visitors),
        features=dict(features),
    )
    folder = _receipts(runtime.settings.home)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{receipt.receipt_id}.part"
    draft.write_text(receipt.model_dump_json(indent=1))
    draft.replace(folder / f"{receipt.receipt_id}.json")
    return receipt


def _visitors(runtime: Runtime, customer_id: str) -> list[str]:
    """The visitors that are this customer, by the merchant's tables or by what was told here."""
    known = in_lake.linked_visitors(runtime.lake, customer_id)
    return sorted(known | in_records.linked_visitors(runtime.records, customer_id))


def receipts(home: Path) -> list[str]:
    """The names of all receipts: they change with each erasure, wherever it was asked for."""
    return sorted(file.name for file in _receipts(home).glob("*.json"))


def _receipts(home: Path) -> Path:
    return home / "receipts"


def keyed(home: Path) -> Callable[[str], str]:
    """A hash under a key of this installation, made on first use and readable by its owner only."""
    file = home / "erasure.key"
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
