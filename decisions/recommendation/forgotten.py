"""People who were erased: a model that was made before still holds what they bought."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson


class ForgottenPeople:
    """Tells who was erased since a model was made, by the receipts of all erasures.

    folder: of the receipts; it may be missing. since: when the model was made. hashed: the keyed
    hash under which a receipt names a customer.
    """

    def __init__(self, folder: Path, since: datetime, hashed: Callable[[str], str]) -> None:
        self._folder = folder
        self._since = since
        self._hashed = hashed
        self._changed = -1
        self._names: frozenset[str] = frozenset()

    def is_forgotten(self, customer_id: str) -> bool:
        """Whether the customer was erased since, as of now; new receipts are seen at once."""
        try:
            changed = os.stat(self._folder).st_mtime_ns
        except FileNotFoundError:
            return False
        if changed != self._changed:
            self._names, self._changed = self._read(), changed
        return bool(self._names) and self._hashed(customer_id) in self._names

    def _read(self) -> frozenset[str]:
        receipts = [orjson.loads(file.read_bytes()) for file in self._folder.glob("*.json")]
        return frozenset(
            str(receipt["customer"])
            for receipt in receipts
            if datetime.fromisoformat(receipt["erased_at"]) >= self._since
        )


@dataclass(frozen=True)
class ForgottenNames:
    """The customers among some who were erased, as of when a batch began; needs no folder, so that
    it can be sent to other machines."""

    names: frozenset[str]

    def is_forgotten(self, customer_id: str) -> bool:
        """Whether the customer is one of them."""
        return customer_id in self.names
