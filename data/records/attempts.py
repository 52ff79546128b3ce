"""Which decided payments are attempts of one payment, and which of one purchase."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from data.decisions import Decision
from data.records.database import Database
from data.records.tables import Tables

_PORTION = 500  # ids in one question


@dataclass(frozen=True)
class LinkedAttempt:
    """A decided payment that retries another.

    root_id: the first attempt; purchase_id: the first attempt of the same purchase; supersedes: the
    attempt before of the same purchase, None without one; counts_as: the payment that it is counted
    as; number: of the attempt, from 1.
    """

    payment_id: str
    root_id: str
    purchase_id: str
    supersedes: str | None
    counts_as: str
    number: int


class AttemptRecords:
    """The attempts of one installation; every method may raise DatabaseError."""

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._attempts = tables.payment_attempts

    def add_in(self, connection: sa.Connection, made: Sequence[Decision]) -> None:
        """Write down which of some fresh decisions are on retries, in the caller's transaction.

        connection: of that transaction; made: the decisions; what they retry stands in their trace.
        """
        names = [column.name for column in self._attempts.columns]
        rows = [
            {"payment_id": each.payment_id} | {name: told[name] for name in names[1:]}
            for each in made
            if (told := each.trace.get("attempt")) is not None and told["link"] == "linked"
        ]
        if rows:
            connection.execute(sa.insert(self._attempts), rows)

    def of_payments(self, payment_ids: Collection[str]) -> dict[str, LinkedAttempt]:
        """Those of some payments that retry another, by payment_id."""
        return {each.payment_id: each for each in self._where("payment_id", payment_ids)}

    def of_roots(self, root_ids: Collection[str]) -> dict[str, list[LinkedAttempt]]:
        """The retries of some first attempts, by root_id, in the order of their numbers."""
        found: dict[str, list[LinkedAttempt]] = {}
        for each in sorted(self._where("root_id", root_ids), key=lambda each: each.number):
            found.setdefault(each.root_id, []).append(each)
        return found

    def of_purchase(self, payment_id: str) -> set[str]:
        """The payments that are attempts of the same purchase as this one, itself among them."""
        own = self.of_payments([payment_id]).get(payment_id)
        first = own.purchase_id if own is not None else payment_id
        same = self._where("purchase_id", [first])
        return {payment_id, first, *(each.payment_id for each in same)}

    def standing(self, payment_ids: Collection[str]) -> dict[str, str]:
        """For each of some payments the last attempt of its purchase: itself, if none follows."""
        found = {name: name for name in payment_ids}
        asked = set(found)
        while asked:
            later = {
                str(each.supersedes): each.payment_id for each in self._where("supersedes", asked)
            }
            found = {name: later.get(last, last) for name, last in found.items()}
            asked = set(later.values())
        return found

    def _where(self, name: str, values: Collection[str]) -> list[LinkedAttempt]:
        column, every = self._attempts.c[name], sorted(set(values))
        found: list[LinkedAttempt] = []
        for start in range(0, len(every), _PORTION):
            some = column.in_(every[start : start + _PORTION])
            found += self._read(sa.select(self._attempts).where(some))
        return found

    def _read(self, query: "sa.Select[Any]") -> list[LinkedAttempt]:
        rows = self._database.read(lambda c: c.execute(query).mappings().all())
        return [LinkedAttempt(**{str(name): value for name, value in row.items()}) for row in rows]
