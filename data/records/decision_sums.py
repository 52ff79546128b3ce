"""Sums over decisions, made by the database: a day's figures without reading a day's decisions."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from data.records.database import Database
from data.records.decision_digest import DecisionDigest
from data.records.tables import Tables

_PORTION = 500  # ids in one question
MOST_SCORED = 200_000


class DecisionSums:
    """Figures of the decisions of one installation; every method may raise DatabaseError."""

    def __init__(self, database: Database, tables: Tables, digest: DecisionDigest) -> None:
        self._database = database
        self._tables = tables
        self._digest = digest
        self._is_sqlite = database.engine.dialect.name == "sqlite"

    def by_day(self, since: datetime) -> list[Mapping[str, Any]]:
        """Counts and sums of the decisions made since the day (UTC) of a moment, one row for each
        day, decision, shadow's decision, whether a model scored it, and bin of its probability. Of
        the attempts of one purchase the last counts.

        since: a moment. Rows: day, decision, shadow (None without one), scored, bin (among the
        deciles of the model that gave it; None where they are not known), decisions, degraded,
        probability and amount (sums), last (the newest moment).
        """
        self._digest.catch_up()
        days = self._tables.decision_days
        first = since.astimezone(UTC).date().isoformat()
        query = sa.select(days).where(days.c.day >= first, days.c.decisions > 0)
        query = query.order_by(days.c.day)
        return [
            row
            | {
                "shadow": row["shadow"] or None,
                "scored": row["model_version"] != "",
                "bin": row["bin"] if row["bin"] >= 0 else None,
            }
            for row in self._rows(query)
        ]

    def list_hits(self) -> Mapping[str, int]:
        """How many decisions each entry of the lists named, by entry_id."""
        self._digest.catch_up()
        query = sa.select(self._tables.list_hits)
        return {row["entry_id"]: row["hits"] for row in self._rows(query)}

    def by_market(self, since: datetime) -> list[Mapping[str, Any]]:
        """Counts of the decisions made since then, by day (UTC), market, channel and decision; of
        the attempts of one purchase the last counts.

        since: a moment. Rows: day, market (where the goods go, else the country of the bill),
        channel, decision; decisions, degraded, scored (by a model), and honest: the sum of 1 −
        probability of those scored.
        """
        table = self._tables.decisions
        market = sa.func.coalesce(self._asked("shipping_country"), self._asked("billing_country"))
        keys = [
            self._day().label("day"),
            market.label("market"),
            self._asked("channel").label("channel"),
            table.c.decision,
        ]
        is_scored = table.c.model_version != ""
        query = (
            sa.select(
                *keys,
                sa.func.count().label("decisions"),
                sa.func.sum(sa.case((table.c.degraded, 1), else_=0)).label("degraded"),
                sa.func.sum(sa.case((is_scored, 1), else_=0)).label("scored"),
                sa.func.sum(sa.case((is_scored, 1.0 - table.c.probability), else_=0.0)).label(
                    "honest"
                ),
            )
            .where(table.c.decided_at >= since, self._stands())
            .group_by(*(sa.literal_column(str(place)) for place in range(1, len(keys) + 1)))
        )
        return [*self._rows(query)]

    def of(self, payment_ids: Collection[str], since: datetime) -> list[Mapping[str, Any]]:
        """The decisions on some payments, in short: day, decision, shadow, scored, amount.

        payment_ids: of the payments; since: made since the day (UTC) of this moment.
        """
        table, every = self._tables.decisions, list(payment_ids)
        amount = sa.cast(self._traced("amount_base"), sa.Double)
        first = since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        query = sa.select(
            self._day().label("day"),
            table.c.decision,
            self._traced("shadow", "decision").label("shadow"),
            (table.c.model_version != "").label("scored"),
            sa.func.coalesce(amount, 0.0).label("amount"),
        ).where(table.c.decided_at >= first)
        return [
            row
            for start in range(0, len(every), _PORTION)
            for row in self._rows(
                query.where(table.c.payment_id.in_(every[start : start + _PORTION]))
            )
        ]

    def scored(
        self, model_version: str, since: datetime, until: datetime
    ) -> list[tuple[str, datetime, str, float, float, float]]:
        """payment_id, decided_at, decision, probability, amount (base currency, 0 where it is not
        known) and weight of the newest MOST_SCORED decisions by a model in some time; of the
        attempts of one purchase the last.

        model_version: of the release; since, until: moments, both included. A payment that a
        control group let through stands for all that it might have: its weight is the inverse of
        its chance, and that of the others 0. A payment allowed after its shopper has passed a
        challenge was challenged.
        """
        self._digest.catch_up()
        table = self._tables.decisions
        amount = sa.func.coalesce(sa.cast(self._traced("amount_base"), sa.Double), 0.0)
        control, attempts = self._tables.control_payments, self._tables.payment_attempts
        linked = sa.select(attempts.c.payment_id).where(attempts.c.payment_id == table.c.payment_id)
        passed = sa.and_(linked.exists(), self._asked("authentication") == "challenged")
        weight = sa.case(
            (control.c.payment_id.is_(None), 1.0),
            (control.c.is_let_through, 1.0 / control.c.share),
            else_=0.0,
        )
        query = (
            sa.select(
                table.c.payment_id,
                table.c.decided_at,
                sa.case(
                    (sa.and_(table.c.decision == "allow", passed), "challenge"),
                    else_=table.c.decision,
                ),
                table.c.probability,
                amount,
                weight,
            )
            .outerjoin(control, control.c.payment_id == table.c.payment_id)
            .where(table.c.decided_at.between(since, until))
            .where(table.c.model_version == model_version, self._stands())
            .order_by(table.c.decided_at.desc())
            .limit(MOST_SCORED)
        )
        return self._database.read(lambda c: [tuple(row) for row in c.execute(query)])

    def _stands(self) -> "sa.ColumnElement[bool]":
        """True of a decision whose payment no later attempt of the same purchase followed."""
        followed = self._tables.payment_attempts.c.supersedes
        later = sa.select(followed).where(followed == self._tables.decisions.c.payment_id)
        return ~later.exists()

    def _day(self) -> "sa.ColumnElement[str]":
        moment = self._tables.decisions.c.decided_at
        if self._is_sqlite:
            return sa.func.strftime("%Y-%m-%d", moment)
        return sa.func.to_char(sa.func.timezone("UTC", moment), "YYYY-MM-DD")

    def _traced(self, *path: str) -> Any:
        """A value inside the trace, as text or number; null where it is not."""
        return self._inside(self._tables.decisions.c.trace, path)

    def _asked(self, name: str) -> Any:
        """A field of the payment as it was asked; null where it is not."""
        return self._inside(self._tables.decisions.c.payment, (name,))

    def _inside(self, column: "sa.Column[Any]", path: Sequence[str]) -> Any:
        if self._is_sqlite:
            return sa.func.json_extract(column, "$." + ".".join(path))
        return sa.func.json_extract_path_text(sa.cast(column, sa.JSON), *path)

    def _rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        return self._database.read(
            lambda c: [{str(k): v for k, v in row.items()} for row in c.execute(query).mappings()]
        )
