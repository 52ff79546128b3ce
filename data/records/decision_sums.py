"""Sums over decisions, made by the database: a day's figures without reading a day's decisions."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from data.records.database import Database
from data.records.tables import Tables

_PORTION = 500  # ids in one question


class DecisionSums:
    """Figures of the decisions of one installation; every method may raise DatabaseError."""

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._table = tables.decisions
        self._is_sqlite = database.engine.dialect.name == "sqlite"

    def by_day(self, since: datetime, cuts: Sequence[float]) -> list[Mapping[str, Any]]:
        """Counts and sums of the decisions made since then, one row for each day (UTC), decision,
        shadow's decision, whether a model scored it, and bin of its probability.

        since: a moment; cuts: rising bounds of the bins. Rows: day, decision, shadow, scored, bin,
        decisions, degraded, probability and amount (sums), last (the newest moment).
        """
        table = self._table
        keys = [
            self._day().label("day"),
            table.c.decision,
            self._traced("shadow", "decision").label("shadow"),
            (table.c.model_version != "").label("scored"),
            self._bin(cuts).label("bin"),
        ]
        amount = sa.cast(self._traced("amount_base"), sa.Double)
        query = (
            sa.select(
                *keys,
                sa.func.count().label("decisions"),
                sa.func.sum(sa.case((table.c.degraded, 1), else_=0)).label("degraded"),
                sa.func.sum(table.c.probability).label("probability"),
                sa.func.sum(sa.func.coalesce(amount, 0.0)).label("amount"),
                sa.func.max(table.c.decided_at).label("last"),
            )
            .where(table.c.decided_at >= since)
            .group_by(*keys)
            .order_by(sa.literal_column("day"))
        )
        return self._rows(query)

    def by_market(self, since: datetime) -> list[Mapping[str, Any]]:
        """Counts of the decisions made since then, by day (UTC), market, channel and decision.

        since: a moment. Rows: day, market (where the goods go, else the country of the bill),
        channel, decision; decisions, degraded, scored (by a model), and honest: the sum of 1 −
        probability of those scored.
        """
        table = self._table
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
            .where(table.c.decided_at >= since)
            .group_by(*(sa.literal_column(str(place)) for place in range(1, len(keys) + 1)))
        )
        return self._rows(query)

    def of(self, payment_ids: Collection[str], since: datetime) -> list[Mapping[str, Any]]:
        """The decisions on some payments, in short: day, decision, shadow, scored, amount.

        payment_ids: of the payments; since: made since then.
        """
        table, every = self._table, list(payment_ids)
        amount = sa.cast(self._traced("amount_base"), sa.Double)
        query = sa.select(
            self._day().label("day"),
            table.c.decision,
            self._traced("shadow", "decision").label("shadow"),
            (table.c.model_version != "").label("scored"),
            sa.func.coalesce(amount, 0.0).label("amount"),
        ).where(table.c.decided_at >= since)
        return [
            row
            for start in range(0, len(every), _PORTION)
            for row in self._rows(
                query.where(table.c.payment_id.in_(every[start : start + _PORTION]))
            )
        ]

    def _day(self) -> "sa.ColumnElement[str]":
        moment = self._table.c.decided_at
        if self._is_sqlite:
            return sa.func.strftime("%Y-%m-%d", moment)
        return sa.func.to_char(sa.func.timezone("UTC", moment), "YYYY-MM-DD")

    def _traced(self, *path: str) -> Any:
        """A value inside the trace, as text or number; null where it is not."""
        return self._inside(self._table.c.trace, path)

    def _asked(self, name: str) -> Any:
        """A field of the payment as it was asked; null where it is not."""
        return self._inside(self._table.c.payment, (name,))

    def _inside(self, column: "sa.Column[Any]", path: Sequence[str]) -> Any:
        if self._is_sqlite:
            return sa.func.json_extract(column, "$." + ".".join(path))
        return sa.func.json_extract_path_text(sa.cast(column, sa.JSON), *path)

    def _bin(self, cuts: Sequence[float]) -> Any:
        chance = self._table.c.probability
        if not cuts:
            return sa.literal(0)
        return sa.case(*((chance < cut, place) for place, cut in enumerate(cuts)), else_=len(cuts))

    def _rows(self, query: sa.Select[Any]) -> list[Mapping[str, Any]]:
        return self._database.read(lambda c: [dict(row) for row in c.execute(query).mappings()])
