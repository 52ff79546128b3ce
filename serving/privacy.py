"""One person's data: given out whole, and erased with a receipt."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from features.lake import people as in_lake
from features.records import people as in_records
from serving.auth import Caller, scoped
from serving.errors import Problem
from serving.live import Live

Id = Annotated[str, InPath(min_length=1, max_length=128)]


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


def router(live: Live) -> APIRouter:
    """GET and DELETE /v1/customers/{customer_id}."""
    routes = APIRouter(prefix="/v1/customers", tags=["privacy"])

    @routes.get(
        "/{customer_id}",
        response_class=Response,
        responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
    )
    def export(customer_id: Id, caller: Annotated[Caller, Depends(scoped("admin"))]) -> Response:
        """Everything that is kept of one customer, by place and table; empty when nothing is."""
        told = orjson.dumps(
            found(live, customer_id), option=orjson.OPT_SERIALIZE_NUMPY, default=str
        )
        return Response(told, media_type="application/json")

    @routes.delete("/{customer_id}")
    def erasure(customer_id: Id, caller: Annotated[Caller, Depends(scoped("admin"))]) -> Receipt:
        """Erase a customer from the lake, the features and the records. Done again, it finds
        nothing more. Orders and payments stay for the books, without saying whose they are."""
        return erase(live, customer_id)

    return routes


def found(live: Live, customer_id: str) -> Mapping[str, Any]:
    """All that is kept of a customer."""
    kept = in_records.traces(live.records, customer_id)
    return {
        "customer_id": customer_id,
        "lake": in_lake.traces(live.lake, customer_id),
        "records": {"events": kept.events, "decisions": kept.decisions},
        "features": live.store.of_customer(customer_id),
    }


def erase(live: Live, customer_id: str) -> Receipt:
    """Erase, then write the receipt under `<home>/receipts`."""
    hashed = keyed(live.settings.home)
    receipt = Receipt(
        receipt_id=f"er_{secrets.token_hex(8)}",
        erased_at=datetime.now(UTC),
        customer=hashed(customer_id),
        records=in_records.erase(live.records, customer_id, hashed),
        lake=in_lake.erase(live.lake, customer_id, hashed),
        features=live.store.erase_customer(customer_id),
    )
    folder = _receipts(live.settings.home)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{receipt.receipt_id}.part"
    draft.write_text(receipt.model_dump_json(indent=1))
    draft.replace(folder / f"{receipt.receipt_id}.json")
    return receipt


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
        raise Problem(503, "no_erasure_key", f"{file} is damaged; bring it back from a backup.")
    return lambda text: "erased_" + hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32]
