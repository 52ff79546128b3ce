"""Where the reviews of payments stand: one narrow row each, found and ranked by the database."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from data.records.database import Database
from data.records.decision_digest import LINKS, DecisionDigest
from data.records.tables import Tables
from data.review_steps import ReviewState

_PORTION = 500  # ids in one question
_HOUR = 3_600.0


@dataclass(frozen=True)
class ReviewRank:
    """What ranks reviews: the money expected to be lost, for each hour that is left to ship.

    now: the moment; hours_to_ship: from a decision until the order must be shipped; fee: what a
    chargeback costs beside the amount, in base currency.
    """

    now: datetime
    hours_to_ship: float
    fee: float


class ReviewRecords:
    """The reviews of one installation; every method may raise DatabaseError."""

    def __init__(self, database: Database, tables: Tables, digest: DecisionDigest) -> None:
        self._database = database
        self._tables = tables
        self._digest = digest
        self._is_sqlite = database.engine.dialect.name == "sqlite"

    def states(self, payment_ids: Collection[str]) -> dict[str, ReviewState]:
        """Where the reviews of some payments stand, by payment_id; without those not in review."""
        self._digest.catch_up()
        reviews = self._tables.reviews
        found: dict[str, ReviewState] = {}
        for some in _portions(payment_ids):
            query = sa.select(reviews).where(reviews.c.payment_id.in_(some))
            found |= {row["payment_id"]: ReviewState(**row) for row in self._rows(query)}
        return found

    def page(
        self,
        rank: ReviewRank,
        *,
        since: datetime,
        status: str | None = None,
        assignee: str | None = None,
        start: int = 0,
        limit: int = 50,
    ) -> tuple[list[ReviewState], int]:
        """Some reviews of payments decided since then, the most urgent money first, and how many
        there are in all.

        rank: what they are ranked by; since: a moment. status: open, snoozed, approved or rejected;
        None: any; assignee: whose; None: anybody's; start: the place of the first in the ranking,
        from 0; limit: at most so many.
        """
        self._digest.catch_up()
        reviews = self._tables.reviews
        wanted = [reviews.c.decided_at >= since, *self._status(status, rank.now)]
        if assignee is not None:
            wanted.append(reviews.c.assignee == assignee)
        count = sa.select(sa.func.count()).select_from(reviews).where(*wanted)
        ranked = (
            sa.select(reviews)
            .where(*wanted)
            .order_by(self._priority(rank).desc(), reviews.c.payment_id)
            .offset(start)
            .limit(limit)
        )
        total = self._database.read(lambda c: c.execute(count).scalar_one())
        return [ReviewState(**row) for row in self._rows(ranked)], int(total)

    def hold(self, connection: sa.Connection, payment_ids: Collection[str]) -> None:
        """Let nobody else change these reviews until the transaction of the caller ends.

        connection: of that transaction; payment_ids: of the payments in review.
        """
        reviews = self._tables.reviews
        for some in _portions(payment_ids):
            mine = reviews.c.payment_id.in_(some)
            connection.execute(sa.update(reviews).where(mine).values(status=reviews.c.status))

    def change(self, connection: sa.Connection, state: ReviewState) -> None:
        """Put a state in the place of the one kept.

        connection: of the caller's transaction; state: the new one.
        """
        reviews = self._tables.reviews
        row = vars(state)
        insert = self._database.insertion(reviews)
        kept = {name: value for name, value in row.items() if name != "payment_id"}
        connection.execute(
            insert.on_conflict_do_update(index_elements=[reviews.c.payment_id], set_=kept), row
        )

    def linked(self, payment: Mapping[str, Any], limit: int) -> list[tuple[str, str]]:
        """payment_ids of the newest decisions on payments that share a value of LINKS with this
        one, and which, a pair each.

        payment: its fields by name; limit: payments at most, of each link.
        """
        self._digest.catch_up()
        made, links = self._tables.decisions, self._tables.payment_links
        found: list[tuple[str, str]] = []
        for name in LINKS:
            if payment.get(name) is None:
                continue
            newest = (
                sa.select(links.c.decision_seq)
                .where(links.c.kind == name, links.c.shared == str(payment[name]))
                .order_by(links.c.decision_seq.desc())
                .limit(limit + 1)
            )
            query = sa.select(made.c.payment_id).where(made.c.seq.in_(newest))
            found += [
                (row["payment_id"], name)
                for row in self._rows(query)
                if row["payment_id"] != payment["payment_id"]
            ]
        return found

    def _status(self, status: str | None, now: datetime) -> "Sequence[sa.ColumnElement[bool]]":
        reviews = self._tables.reviews
        ahead = sa.and_(reviews.c.snoozed_until.is_not(None), reviews.c.snoozed_until > now)
        if status is None:
            return []
        if status == "snoozed":
            return [reviews.c.status == "open", ahead]
        if status == "open":
            return [reviews.c.status == "open", sa.not_(ahead)]
        return [reviews.c.status == status]

    def _priority(self, rank: ReviewRank) -> Any:
        """Expected loss for each hour left to ship, one hour at least."""
        reviews = self._tables.reviews
        loss = reviews.c.probability * (reviews.c.amount + rank.fee)
        due = rank.now - timedelta(hours=rank.hours_to_ship)
        if self._is_sqlite:
            day = sa.func.julianday
            left = (day(reviews.c.decided_at) - day(sa.literal(due.isoformat()))) * 24.0
            return loss / sa.func.max(left, 1.0)
        left = sa.extract(
            "epoch", reviews.c.decided_at - sa.literal(due, reviews.c.decided_at.type)
        )
        return loss / sa.func.greatest(sa.cast(left, sa.Double) / _HOUR, 1.0)

    def _rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        return self._database.read(
            lambda c: [{str(k): v for k, v in row.items()} for row in c.execute(query).mappings()]
        )


def _portions(ids: Collection[str]) -> Iterator[list[str]]:
    every = sorted(set(ids))  # in one order, so that two workers never wait for each other
    return (every[start : start + _PORTION] for start in range(0, len(every), _PORTION))
