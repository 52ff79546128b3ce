"""One person in the records: what is kept of them, and how they are taken out of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from data.records.decision_digest import LINKS
from data.records.records import Records

# Of a payment, what points to a person; hashed under a key when its customer is erased.
PERSONAL = ("customer_id", "card_id", "device_id", "ip_address", "email_hash")


@dataclass(frozen=True)
class Traces:
    """What the records hold of a customer: rows by table."""

    events: Sequence[Mapping[str, Any]]
    decisions: Sequence[Mapping[str, Any]]


def traces(records: Records, customer_id: str) -> Traces:
    """The events of a customer, and the decisions on their payments.

    records: the database of the service; customer_id: whose rows.
    """
    events = records.tables.events
    query = sa.select(events).where(events.c.customer_id == customer_id).order_by("seq")
    found = records.database.read(lambda c: c.execute(query).mappings().all())
    return Traces(
        [_plain(row) for row in found], [_plain(row) for row in _decisions_of(records, customer_id)]
    )


def erase(records: Records, customer_id: str, hashed: Callable[[str], str]) -> dict[str, int]:
    """Take a customer out; table -> rows deleted or changed.

    Events go. Decisions stay, as the law wants them, with keyed hashes where they point to the
    person. In whatever other table the id stands, alone or as a value in JSON, it is hashed.

    records: the database of the service; customer_id: whose rows.
    """
    decisions = _decisions_of(records, customer_id)
    events = records.tables.events

    def work(connection: sa.Connection) -> dict[str, int]:
        gone = sa.delete(events).where(events.c.customer_id == customer_id)
        counts = {"events": connection.execute(gone).rowcount}
        counts["decisions"] = _hash_decisions(connection, records, decisions, hashed)
        for table in records.tables.metadata.sorted_tables:
            if table not in (events, records.tables.payment_links):
                name = table.name.removeprefix(f"{records.namespace}_")
                changed = _hash_elsewhere(connection, table, customer_id, hashed(customer_id))
                counts[name] = counts.get(name, 0) + changed
        return {name: count for name, count in counts.items() if count}

    return records.database.alone(work)


def hashed_payment(payment: Mapping[str, Any], hashed: Callable[[str], str]) -> dict[str, Any]:
    """A payment that points to nobody any more; equal values stay equal.

    hashed: makes a keyed hash of a text.
    """
    return {
        name: hashed(str(value)) if name in PERSONAL and value is not None else value
        for name, value in payment.items()
    }


def _decisions_of(records: Records, customer_id: str) -> list[Mapping[Any, Any]]:
    records.decision_digest.catch_up()
    decisions, links = records.tables.decisions, records.tables.payment_links
    mine = sa.and_(links.c.kind == "customer_id", links.c.shared == customer_id)
    query = sa.select(decisions).where(
        decisions.c.seq.in_(sa.select(links.c.decision_seq).where(mine))
    )
    rows = records.database.read(lambda c: c.execute(query).mappings().all())
    return [row for row in rows if orjson.loads(row["payment"]).get("customer_id") == customer_id]


def _hash_decisions(
    connection: sa.Connection,
    records: Records,
    decisions: list[Mapping[Any, Any]],
    hashed: Callable[[str], str],
) -> int:
    table = records.tables.decisions
    for row in decisions:
        payment = hashed_payment(orjson.loads(row["payment"]), hashed)
        change = sa.update(table).where(table.c.seq == row["seq"])
        connection.execute(change.values(payment=orjson.dumps(payment).decode()))
        links = records.tables.payment_links
        connection.execute(sa.delete(links).where(links.c.decision_seq == row["seq"]))
        again = [
            {"kind": name, "shared": str(payment[name]), "decision_seq": row["seq"]}
            for name in LINKS
            if payment.get(name) is not None
        ]
        connection.execute(sa.insert(links), again)
    return len(decisions)


def _hash_elsewhere(
    connection: sa.Connection, table: sa.Table, customer_id: str, instead: str
) -> int:
    """The id, alone in a text column or as a value in its JSON, in any table; not where it is the
    id of another thing that has the same one."""
    changed, keys = 0, list(table.primary_key)
    for column in table.columns:
        if not isinstance(column.type, sa.Text) or _names_another(column.name):
            continue
        holding = sa.select(*keys, column.label("held")).where(
            sa.or_(column == customer_id, column.contains(_quoted(customer_id), autoescape=True))
        )
        for row in connection.execute(holding).mappings().all():
            text = _hashed_text(row["held"], customer_id, instead)
            if text != row["held"]:
                here = sa.and_(*(key == row[key.name] for key in keys))
                _change(connection, table, here, {column.name: text})
                changed += 1
    return changed


def _change(
    connection: sa.Connection,
    table: sa.Table,
    here: sa.ColumnElement[bool],
    values: Mapping[str, str],
) -> None:
    """Change a row; where it becomes one that is there already, from an erasure before, it goes."""
    try:
        with connection.begin_nested():
            connection.execute(sa.update(table).where(here).values(**values))
    except sa.exc.IntegrityError:
        connection.execute(sa.delete(table).where(here))


def _hashed_text(text: str, customer_id: str, instead: str) -> str:
    """A text with the id replaced: it is the id, JSON, or prose that has the id in quotes."""
    if text == customer_id:
        return instead
    try:
        return orjson.dumps(_replaced(orjson.loads(text), customer_id, instead)).decode()
    except orjson.JSONDecodeError:
        return text.replace(_quoted(customer_id), _quoted(instead))


def _replaced(value: Any, old: str, new: str, name: str = "") -> Any:
    """JSON with a text replaced; name: of the field that the value stands in."""
    if isinstance(value, dict):
        return {
            new if key == old else key: _replaced(each, old, new, key)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_replaced(each, old, new, name) for each in value]
    return new if value == old and not _names_another(name) else value


def _names_another(name: str) -> bool:
    """Whether a column or field of this name says which one of other things is meant."""
    return name in {"placement", "name"} or (name.endswith("_id") and name != "customer_id")


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}
