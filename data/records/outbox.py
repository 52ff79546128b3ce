"""The outbox: messages written with the effect they tell of, and their deliveries
(`Records.outbox`)."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from data.messages import (
    DeliveryState,
    MessageDelivery,
    MessageKind,
    OutgoingMessage,
    Subscription,
    SubscriptionError,
)
from data.records.database import Database
from data.records.tables import Tables


class Outbox:
    """Messages, subscriptions and deliveries; every method may raise DatabaseError."""

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._messages = tables.messages
        self._subscriptions = tables.subscriptions
        self._deliveries = tables.deliveries

    def post(self, connection: sa.Connection, messages: Iterable[OutgoingMessage]) -> int:
        """Write messages and a delivery to each subscriber, in the transaction of their effect.

        connection: of that transaction; messages: what happened, in order. Returns how many are
        new: a message with an identity is written once.
        """
        now = datetime.now(UTC)
        rows = {
            row["message_id"]: row
            for message in messages
            for row in [_row(message, now)]  # of two with one id the last counts
        }
        if not rows:
            return 0
        table = self._messages
        insert = self._database.insert(table, ("message_id",))
        statement = insert.returning(table.c.seq, table.c.message_id)
        new = connection.execute(statement, list(rows.values())).all()
        self._address(connection, [(row.seq, rows[row.message_id]) for row in new], now)
        return len(new)

    def send(self, messages: Sequence[OutgoingMessage]) -> int:
        """Write messages whose effect lies outside the database; how many are new."""
        return self._database.write(lambda c: self.post(c, messages)) if messages else 0

    def newest(self, kind: MessageKind, key: str) -> tuple[str, Mapping[str, Any]] | None:
        """The id and data of the last message of a kind about a key; None where there is none.

        kind: of the message; key: what it is about.
        """
        table = self._messages
        mine = (table.c.kind == kind) & (table.c.key == key)
        query = sa.select(table.c.message_id, table.c.body).where(mine)
        query = query.order_by(table.c.seq.desc()).limit(1)
        row = self._database.read(lambda c: c.execute(query).one_or_none())
        return (row.message_id, orjson.loads(row.body)) if row is not None else None

    def _address(
        self,
        connection: sa.Connection,
        messages: Sequence[tuple[int, Mapping[str, Any]]],
        now: datetime,
    ) -> None:
        """A delivery of each message to every subscriber of its kind."""
        table = self._subscriptions
        query = sa.select(table.c.name, table.c.kinds).where(table.c.stopped_at.is_(None))
        fresh = {"state": "waiting", "attempts": 0, "due_at": now, "error": ""}
        rows = [
            {"subscription": name, "seq": seq, "key": row["key"]} | fresh
            for name, kinds in connection.execute(query).all()
            for seq, row in messages
            if not kinds or row["kind"] in kinds.split()
        ]
        if rows:
            connection.execute(sa.insert(self._deliveries), rows)

    # Subscriptions --------------------------------------------------------------------------

    def subscribe(self, subscription: Subscription) -> None:
        """Keep a subscription in the place of the one of its name."""
        kinds = f" {' '.join(subscription.kinds)} " if subscription.kinds else ""
        row = vars(subscription) | {"kinds": kinds}
        changed = {name: value for name, value in row.items() if name != "name"}
        insert = self._database.insertion(self._subscriptions)
        statement = insert.on_conflict_do_update(index_elements=["name"], set_=changed)
        self._database.write(lambda connection: connection.execute(statement, row) and None)

    def stop(self, name: str, at: datetime) -> None:
        """End a subscription; what waits for it is dropped. Raises SubscriptionError.

        name: of the subscription; at: the moment.
        """
        table, deliveries = self._subscriptions, self._deliveries
        end = sa.update(table).where(table.c.name == name, table.c.stopped_at.is_(None))
        waiting = (deliveries.c.subscription == name) & (deliveries.c.state == "waiting")

        def work(connection: sa.Connection) -> int:
            ended = connection.execute(end.values(stopped_at=at)).rowcount
            connection.execute(sa.delete(deliveries).where(waiting))
            return ended

        if not self._database.write(work):
            raise SubscriptionError(f"there is no subscription {name!r} in use")

    def subscriptions(self) -> list[Subscription]:
        """Those in use, by name."""
        table = self._subscriptions
        query = sa.select(table).where(table.c.stopped_at.is_(None)).order_by(table.c.name)
        rows = self._database.read(lambda c: c.execute(query).mappings().all())
        return [Subscription(**{**row, "kinds": tuple(row["kinds"].split())}) for row in rows]

    # Deliveries -----------------------------------------------------------------------------

    def due(self, subscription: str, now: datetime, limit: int) -> list[MessageDelivery]:
        """What may be delivered now, in order; nothing of a key whose oldest message must wait.

        subscription: its name; now: the moment; limit: at most so many.
        """
        table = self._deliveries
        other = table.alias()
        blocked = sa.exists().where(
            other.c.subscription == table.c.subscription,
            other.c.key == table.c.key,
            other.c.state == "waiting",
            other.c.due_at > now,
        )
        mine = (table.c.subscription == subscription) & (table.c.state == "waiting")
        return self._found(mine & ~blocked, limit)

    def settle(self, done: Sequence[MessageDelivery]) -> None:
        """Keep how attempts went, in one transaction; done: with their new state."""
        table = self._deliveries
        update = sa.update(table).where(
            table.c.subscription == sa.bindparam("of"), table.c.seq == sa.bindparam("number")
        )
        values: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in _CHANGING}
        rows = [
            {"of": one.subscription, "number": one.seq}
            | {f"new_{name}": getattr(one, name) for name in _CHANGING}
            for one in done
        ]
        if rows:
            self._database.write(lambda c: c.execute(update.values(values), rows) and None)

    def deliveries(
        self, subscription: str, state: DeliveryState, limit: int = 1000
    ) -> list[MessageDelivery]:
        """The deliveries to a subscriber in a state, oldest first.

        subscription: its name; state: waiting, delivered or dead; limit: at most so many.
        """
        table = self._deliveries
        return self._found((table.c.subscription == subscription) & (table.c.state == state), limit)

    def replay(self, subscription: str, *, since: datetime, only_dead: bool = False) -> int:
        """Deliver again what happened since a moment, with the same ids; how many messages.

        subscription: its name; since: a moment; only_dead: True for dead letters alone, else all
        messages that it wants, those from before it was made among them.
        """
        table, messages = self._deliveries, self._messages
        mine = next((one for one in self.subscriptions() if one.name == subscription), None)
        if mine is None:
            raise SubscriptionError(f"there is no subscription {subscription!r} in use")
        query = sa.select(messages.c.seq, messages.c.kind, messages.c.key)
        query = query.where(messages.c.occurred_at >= since).order_by(messages.c.seq)
        if mine.kinds:
            query = query.where(messages.c.kind.in_(mine.kinds))
        if only_dead:
            dead = (table.c.subscription == subscription) & (table.c.state == "dead")
            query = query.where(messages.c.seq.in_(sa.select(table.c.seq).where(dead)))
        fresh = {"state": "waiting", "attempts": 0, "due_at": datetime.now(UTC), "error": ""}

        def work(connection: sa.Connection) -> int:
            rows = [
                {"subscription": subscription, "seq": row.seq, "key": row.key} | fresh
                for row in connection.execute(query).all()
            ]
            insert = self._database.insertion(table)
            again = insert.on_conflict_do_update(
                index_elements=["subscription", "seq"],
                set_={name: insert.excluded[name] for name in fresh},
            )
            if rows:
                connection.execute(again, rows)
            return len(rows)

        return self._database.alone(work)

    def forget(self, before: datetime) -> int:
        """Drop messages from before a moment that no delivery waits for; how many there were."""
        table, messages = self._deliveries, self._messages
        old = sa.select(messages.c.seq).where(messages.c.occurred_at < before)
        waiting = sa.select(table.c.seq).where(table.c.state == "waiting")
        gone = sa.delete(messages).where(
            messages.c.occurred_at < before, messages.c.seq.not_in(waiting)
        )
        ended = sa.delete(table).where(table.c.seq.in_(old), table.c.state != "waiting")

        def work(connection: sa.Connection) -> int:
            connection.execute(ended)
            return connection.execute(gone).rowcount

        return self._database.alone(work)

    def _found(self, where: Any, limit: int) -> list[MessageDelivery]:
        table, messages = self._deliveries, self._messages
        names = (messages.c.message_id, messages.c.kind, messages.c.occurred_at, messages.c.body)
        query = sa.select(table, *names).join(messages, messages.c.seq == table.c.seq)
        query = query.where(where).order_by(table.c.seq).limit(limit)
        rows = self._database.read(lambda c: c.execute(query).mappings().all())
        return [_delivery(dict(row)) for row in rows]


def _row(message: OutgoingMessage, now: datetime) -> dict[str, Any]:
    return {
        "message_id": message.message_id(uuid.uuid4().hex),
        "kind": message.kind,
        "key": message.key,
        "occurred_at": now,
        "body": orjson.dumps(dict(message.data)).decode(),
    }


_CHANGING = ("state", "attempts", "due_at", "error")


def _delivery(row: dict[str, Any]) -> MessageDelivery:
    data = orjson.loads(row.pop("body"))
    return MessageDelivery(**row, data=data)


def attempted(
    delivery: MessageDelivery, *, state: DeliveryState, due_at: datetime, error: str
) -> MessageDelivery:
    """The delivery after one more attempt.

    delivery: as it was; state: as it is now; due_at: when it is tried next; error: why it failed,
    empty when it did not.
    """
    return replace(
        delivery, state=state, attempts=delivery.attempts + 1, due_at=due_at, error=error
    )
