"""What is kept beside the decisions, so that nobody reads all of them: sums, hits, links, reviews.

Decisions are counted once, in the order of their numbers, some time after they were made: by the
server's watch, and by whoever asks, before the answer. So the answers hold every decision, and
deciding itself writes nothing more.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from data.records.database import Database
from data.records.journal import Journal
from data.records.tables import Tables
from data.review_steps import REVIEW, ReviewState, after_steps

DECILES = "fraud_deciles"  # the kind of the journal's notes that hold a model's deciles
LINKS = ("card_id", "device_id", "ip_address", "email_hash", "customer_id")
PORTION = 20_000  # decisions counted in one transaction, for which other writers wait
_NAME = "decisions"
_NO_BIN = -1


class DecisionDigest:
    """The digest of one installation; every method may raise DatabaseError."""

    def __init__(self, database: Database, tables: Tables, journal: Journal) -> None:
        self._database = database
        self._tables = tables
        self._journal = journal
        self._is_sqlite = database.engine.dialect.name == "sqlite"

    def catch_up(self) -> None:
        """Count the decisions made since the last call; at once where there are none."""
        last = self._database.alone(self._settled)
        while self._database.alone(lambda connection: self._count_portion(connection, last)):
            pass

    def _settled(self, connection: sa.Connection) -> int:
        """The newest number below which no decision can appear any more; 0 if all are counted."""
        decisions, digests = self._tables.decisions, self._tables.digests
        newest = sa.select(sa.func.max(decisions.c.seq))
        upto = connection.execute(sa.select(digests.c.upto).where(digests.c.name == _NAME)).scalar()
        last = int(connection.execute(newest).scalar() or 0)
        if last == (upto or 0):
            return 0
        if not self._is_sqlite:  # numbers are given before the commit: wait for those under way
            connection.execute(sa.text(f'LOCK TABLE "{decisions.name}" IN SHARE MODE'))
            last = int(connection.execute(newest).scalar() or 0)
        return last

    def _count_portion(self, connection: sa.Connection, last: int) -> bool:
        """Count at most PORTION decisions up to a number; False where none is left."""
        digests = self._tables.digests
        first = self._database.insert(digests, ("name",))
        connection.execute(first, {"name": _NAME, "upto": 0})
        mine = digests.c.name == _NAME
        # An update that changes nothing takes the row, so that two workers never count the same.
        connection.execute(sa.update(digests).where(mine).values(upto=digests.c.upto))
        after = int(connection.execute(sa.select(digests.c.upto).where(mine)).scalar_one())
        upto = min(after + PORTION, last)
        if upto <= after:
            return False
        rows = self._tables.decisions.c.seq.between(after + 1, upto)
        for count in (self._add_sums, self._add_hits, self._add_links, self._add_reviews):
            count(connection, rows)
        self._add_controls(connection, rows)
        self._take_superseded(connection, rows)
        connection.execute(sa.update(digests).where(mine).values(upto=upto))
        return upto < last

    def _take_superseded(self, connection: sa.Connection, rows: sa.ColumnElement[bool]) -> None:
        """Take out of the sums the attempts that those of some rows supersede: a purchase counts
        once, by its last attempt."""
        made, attempts = self._tables.decisions, self._tables.payment_attempts
        other, earlier = attempts.alias("other"), made.alias("earlier")
        fresh = sa.select(attempts.c.supersedes).join(
            made, made.c.payment_id == attempts.c.payment_id
        )
        taken_before = (  # two attempts may supersede one
            sa.select(other.c.payment_id)
            .join(earlier, earlier.c.payment_id == other.c.payment_id)
            .where(other.c.supersedes == attempts.c.supersedes, earlier.c.seq < made.c.seq)
        )
        fresh = fresh.where(rows, attempts.c.supersedes.is_not(None), ~taken_before.exists())
        gone = connection.execute(fresh).scalars().all()
        if gone:
            self._add_sums(connection, made.c.payment_id.in_(gone), sign=-1)

    def _add_sums(
        self, connection: sa.Connection, rows: sa.ColumnElement[bool], *, sign: int = 1
    ) -> None:
        made, days = self._tables.decisions, self._tables.decision_days
        amount = sa.func.coalesce(sa.cast(self._traced("amount_base"), sa.Double), 0.0)
        keys = [
            self._day().label("day"),
            made.c.decision,
            sa.func.coalesce(self._traced("shadow", "decision"), "").label("shadow"),
            sa.func.coalesce(made.c.model_version, "").label("model_version"),
            self._bin().label("bin"),
        ]
        sums = [
            (sa.func.count() * sign).label("decisions"),
            (sa.func.sum(sa.case((made.c.degraded, 1), else_=0)) * sign).label("degraded"),
            (sa.func.sum(made.c.probability) * sign).label("probability"),
            (sa.func.sum(amount) * sign).label("amount"),
            sa.func.max(made.c.decided_at).label("last"),
        ]
        names = [column.name for column in (*keys, *sums)]
        grouped = sa.select(*keys, *sums).where(rows).group_by(*keys)
        insert = self._database.insertion(days).from_select(names, grouped)
        added = {
            name: days.c[name] + insert.excluded[name]
            for name in ("decisions", "degraded", "probability", "amount")
        }
        newer = insert.excluded.last > days.c.last
        added["last"] = sa.case((newer, insert.excluded.last), else_=days.c.last)
        keyed = [days.c[column.name] for column in keys]
        connection.execute(insert.on_conflict_do_update(index_elements=keyed, set_=added))

    def _add_hits(self, connection: sa.Connection, rows: sa.ColumnElement[bool]) -> None:
        made, hits = self._tables.decisions, self._tables.list_hits
        query = sa.select(made.c.trace).where(rows, made.c.trace.like('%"lists":%'))
        found: dict[str, int] = {}
        for trace in connection.execute(query).scalars():
            for each in orjson.loads(trace)["lists"]:
                found[each["entry_id"]] = found.get(each["entry_id"], 0) + 1
        if found:
            insert = self._database.insertion(hits)
            more = insert.on_conflict_do_update(
                index_elements=[hits.c.entry_id], set_={"hits": hits.c.hits + insert.excluded.hits}
            )
            given = [{"entry_id": name, "hits": count} for name, count in sorted(found.items())]
            connection.execute(more, given)

    def _add_controls(self, connection: sa.Connection, rows: sa.ColumnElement[bool]) -> None:
        made = self._tables.decisions
        query = sa.select(made.c.payment_id, made.c.decided_at, made.c.probability, made.c.trace)
        query = query.where(rows, made.c.trace.like('%"control":%'))
        given = [
            {
                "payment_id": row.payment_id,
                "decided_at": row.decided_at,
                "probability": row.probability,
                **orjson.loads(row.trace)["control"],
            }
            for row in connection.execute(query)
        ]
        if given:
            connection.execute(sa.insert(self._tables.control_payments), given)

    def _add_links(self, connection: sa.Connection, rows: sa.ColumnElement[bool]) -> None:
        made, links = self._tables.decisions, self._tables.payment_links
        for name in LINKS:
            shared = self._json(made.c.payment, name)
            query = sa.select(sa.literal(name), shared, made.c.seq).where(rows, shared.is_not(None))
            connection.execute(
                sa.insert(links).from_select(["kind", "shared", "decision_seq"], query)
            )

    def _add_reviews(self, connection: sa.Connection, rows: sa.ColumnElement[bool]) -> None:
        made, reviews = self._tables.decisions, self._tables.reviews
        names = ["payment_id", "decided_at", "probability", "amount", "status"]
        amount = sa.func.coalesce(sa.cast(self._traced("amount_base"), sa.Double), 0.0)
        query = sa.select(
            made.c.payment_id, made.c.decided_at, made.c.probability, amount, sa.literal("open")
        ).where(rows, made.c.decision == "review")
        insert = self._database.insert(reviews, ("payment_id",))
        connection.execute(insert.from_select(names, query))
        self._take_earlier_steps(connection, rows)

    def _take_earlier_steps(self, connection: sa.Connection, rows: sa.ColumnElement[bool]) -> None:
        """Steps taken before the digest was kept; later ones find their review here."""
        made, notes, reviews = self._tables.decisions, self._tables.notes, self._tables.reviews
        query = (
            sa.select(notes.c.body, reviews)
            .select_from(made)
            .join(notes, sa.and_(notes.c.kind == REVIEW, notes.c.key == made.c.payment_id))
            .join(reviews, reviews.c.payment_id == made.c.payment_id)
            .where(rows, made.c.decision == "review")
            .order_by(notes.c.seq)
        )
        steps: dict[ReviewState, list[Any]] = {}
        for row in connection.execute(query).mappings():
            state = ReviewState(**{str(k): v for k, v in row.items() if k != "body"})
            steps.setdefault(state, []).append(orjson.loads(row["body"]))
        for state, bodies in steps.items():
            after = after_steps(state, bodies)
            values = {
                name: getattr(after, name) for name in ("status", "assignee", "snoozed_until")
            }
            here = reviews.c.payment_id == state.payment_id
            connection.execute(sa.update(reviews).where(here).values(values))

    def _day(self) -> "sa.ColumnElement[str]":
        moment = self._tables.decisions.c.decided_at
        if self._is_sqlite:
            return sa.func.strftime("%Y-%m-%d", moment)
        return sa.func.to_char(sa.func.timezone("UTC", moment), "YYYY-MM-DD")

    def _traced(self, *path: str) -> Any:
        """A value inside the trace, as text or number; null where it is not."""
        return self._json(self._tables.decisions.c.trace, *path)

    def _json(self, column: "sa.Column[Any]", *path: str) -> Any:
        if self._is_sqlite:
            return sa.func.json_extract(column, "$." + ".".join(path))
        return sa.func.json_extract_path_text(sa.cast(column, sa.JSON), *path)

    def _bin(self) -> Any:
        """The bin of a probability among those of the model that gave it; _NO_BIN where they are
        not known."""
        made = self._tables.decisions
        bins = [
            (sa.and_(made.c.model_version == version, made.c.probability < cut), place)
            for version, cuts in self._cuts().items()
            for place, cut in (*enumerate(cuts), (len(cuts), 2.0))
        ]
        return sa.case(*bins, else_=_NO_BIN) if bins else sa.literal(_NO_BIN)

    def _cuts(self) -> Mapping[str, Sequence[float]]:
        """Model version -> bounds of the deciles of its probabilities, as its policy keeps them."""
        noted = {
            str(note.body["model_version"]): note.body.get("deciles", ())
            for note in self._journal.of(DECILES)
        }
        return {version: cuts for version, cuts in noted.items() if cuts}
