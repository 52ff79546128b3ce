"""One person in the records: what is kept of them, and how they are taken out of it."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import orjson
import sqlalchemy as sa

from data.possible_ids import texts_in
from data.records.decision_digest import LINKS
from data.records.records import Records

Keys = tuple[Any, ...]  # the values of a row's primary key

_SHORTEST_WORD = 5  # characters of an id that is looked for in prose
# What opens something stays here, also where the row that has it names a person.
_SECRETS = ("digest", "former_digest", "secret")
# Of a payment, what points to a person; hashed under a key when its customer is erased.
PERSONAL = ("customer_id", "card_id", "device_id", "ip_address", "email_hash")


@dataclass(frozen=True)
class Traces:
    """What the records hold of a customer: rows by table.

    elsewhere: table -> the rows that name them, such as entries of lists, notes and links to
    visitors; these are the rows in which `erase` hashes or deletes.
    """

    events: Sequence[Mapping[str, Any]]
    decisions: Sequence[Mapping[str, Any]]
    elsewhere: Mapping[str, Sequence[Mapping[str, Any]]]


def linked_visitors(records: Records, customer_id: str) -> frozenset[str]:
    """The visitors that signed in as this customer.

    records: the database of the service; customer_id: whose visitors.
    """
    links = records.tables.identities
    query = sa.select(links.c.visitor_id).where(links.c.customer_id == customer_id)
    return frozenset(records.database.read(lambda c: c.execute(query).scalars().all()))


def possible_ids(records: Records) -> Iterator[str]:
    """Every text of the records that may name a customer or a visitor; some stand several times.

    records: the database of the service.
    """
    records.decision_digest.catch_up()
    kept = records.tables
    columns = [(kept.events, "customer_id"), (kept.events, "visitor_id")]
    for table, name in columns:
        query = sa.select(table.c[name]).where(table.c[name].is_not(None)).distinct()
        yield from _read_texts(records, query)
    links = kept.payment_links
    own = sa.select(links.c.shared).where(links.c.kind == "customer_id").distinct()
    yield from _read_texts(records, own)
    apart = (kept.events, kept.payment_links, kept.decisions, kept.audit, kept.measures)
    for table in kept.metadata.sorted_tables:
        for column in table.columns if table not in apart else ():
            if isinstance(column.type, sa.Text):
                found = _read_texts(records, sa.select(column).where(column.is_not(None)))
                yield from chain.from_iterable(map(texts_in, found))


def _read_texts(records: Records, query: "sa.Select[Any]") -> list[str]:
    return list(records.database.read(lambda c: c.execute(query).scalars().all()))


def traces(records: Records, customer_id: str, visitors: Collection[str] = ()) -> Traces:
    """The events of a customer, the decisions on their payments, and every other row that names
    them.

    records: the database of the service; customer_id: whose rows; visitors: who the customer was
    before signing in.
    """
    kept, events = records.tables, records.tables.events
    query = sa.select(events).where(_own_events(events, customer_id, visitors)).order_by("seq")
    found = records.database.read(lambda c: c.execute(query).mappings().all())
    decisions = [_plain(row) for row in _decisions_of(records, customer_id)]

    def naming(connection: sa.Connection) -> dict[str, list[Mapping[str, Any]]]:
        rows: dict[str, dict[Keys, Mapping[str, Any]]] = {}
        for table, each, field in _elsewhere(records, customer_id, visitors):
            for column in _text_columns(table, field) if table is not kept.decisions else ():
                for keys, _ in _holding(connection, table, column, each, field):
                    query = sa.select(table).where(_at(table, keys))
                    row = _plain(connection.execute(query).mappings().one())
                    open_ = {name: value for name, value in row.items() if name not in _SECRETS}
                    rows.setdefault(_bare_name(records, table), {})[keys] = open_
        return {name: list(each.values()) for name, each in rows.items()}

    return Traces([_plain(row) for row in found], decisions, records.database.read(naming))


def _elsewhere(
    records: Records, customer_id: str, visitors: Collection[str]
) -> Iterator[tuple[sa.Table, str, str]]:
    """Every table but events, with each id of a person and the name of columns that hold such ids;
    what is worked out of others is left out, as is the audit log, which is never changed."""
    kept = records.tables
    apart = (
        kept.audit,
        kept.measures,
        kept.events,
        kept.payment_links,
        kept.payment_attempts,
        kept.control_payments,
    )
    ids = [(customer_id, "customer_id"), *((each, "visitor_id") for each in visitors)]
    for table in kept.metadata.sorted_tables:
        for each, field in ids if table not in apart else ():
            yield table, each, field


def _bare_name(records: Records, table: sa.Table) -> str:
    return table.name.removeprefix(f"{records.namespace}_")


def _own_events(
    events: sa.Table, customer_id: str, visitors: Collection[str]
) -> "sa.ColumnElement[bool]":
    """The customer's, and those of their visitors that name no other customer."""
    nameless = events.c.customer_id.is_(None) & events.c.visitor_id.in_(list(visitors))
    return (events.c.customer_id == customer_id) | nameless


def erase(
    records: Records,
    customer_id: str,
    hashed: Callable[[str], str],
    visitors: Collection[str] = (),
) -> dict[str, int]:
    """Take a customer out; table -> rows deleted or changed.

    Events go. Decisions stay, as the law wants them, with keyed hashes where they point to the
    person, and without the merchant's own signals. Who was which visitor is forgotten. In whatever
    other table an id stands, alone, as a value in JSON or as a word of a text, it is hashed.

    records: the database of the service; customer_id: whose rows; visitors: who the customer was
    before signing in.
    """
    decisions = _decisions_of(records, customer_id)
    events, links = records.tables.events, records.tables.identities

    def work(connection: sa.Connection) -> dict[str, int]:
        gone = sa.delete(events).where(_own_events(events, customer_id, visitors))
        unlinked = sa.delete(links).where(links.c.customer_id == customer_id)
        counts = {"events": connection.execute(gone).rowcount}
        counts["identities"] = connection.execute(unlinked).rowcount
        counts["decisions"] = _hash_decisions(connection, records, decisions, hashed)
        for table, each, field in _elsewhere(records, customer_id, visitors):
            name = _bare_name(records, table)
            changed = _hash_elsewhere(connection, table, (each, hashed(each)), field)
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
        if not name.startswith("x_")
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
        facts = orjson.loads(row["features"] or "{}")
        facts = {name: value for name, value in facts.items() if not name.startswith("x_")}
        change = sa.update(table).where(table.c.seq == row["seq"])
        fresh = {"payment": payment, "features": facts}
        connection.execute(
            change.values({name: orjson.dumps(value).decode() for name, value in fresh.items()})
        )
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
    connection: sa.Connection, table: sa.Table, names: tuple[str, str], field: str
) -> int:
    """Put a hash in the place of an id in any table; how many texts were changed.

    names: the id, and what stands instead; field: the name of columns that hold such ids.
    """
    changed = 0
    for column in _text_columns(table, field):
        for keys, text in _holding(connection, table, column, names[0], field):
            fresh = {column.name: _hashed_text(text, names, field)}
            _change(connection, table, _at(table, keys), fresh)
            changed += 1
    return changed


def _text_columns(table: sa.Table, field: str) -> list["sa.Column[Any]"]:
    """Columns that may name a person; not those of the id of another thing.

    field: the name of columns that hold such ids.
    """
    texts = [column for column in table.columns if isinstance(column.type, sa.Text)]
    return [column for column in texts if not _names_another(column.name, field)]


def _holding(
    connection: sa.Connection, table: sa.Table, column: "sa.Column[Any]", old: str, field: str
) -> list[tuple[Keys, str]]:
    """The primary key and the text of rows that have an id in a column: alone, as a value in JSON
    or as a word; not where it is the id of another thing that has the same one.

    field: the name of columns that hold such ids.
    """
    keys = list(table.primary_key)
    query = sa.select(*keys, column.label("held")).where(
        sa.or_(
            column == old,
            column.contains(_quoted(old), autoescape=True),
            column.contains(old, autoescape=True) if len(old) >= _SHORTEST_WORD else sa.false(),
        )
    )
    return [
        (tuple(row[key.name] for key in keys), row["held"])
        for row in connection.execute(query).mappings().all()
        if _hashed_text(row["held"], (old, f"#{old}"), field) != row["held"]
    ]


def _at(table: sa.Table, keys: Keys) -> sa.ColumnElement[bool]:
    """The row of a primary key."""
    return sa.and_(*(key == value for key, value in zip(table.primary_key, keys, strict=True)))


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


def _hashed_text(text: str, names: tuple[str, str], field: str) -> str:
    """A text with the id replaced: it is the id, JSON, or prose that has the id in it."""
    old, new = names
    if text == old:
        return new
    try:
        return orjson.dumps(_replaced(orjson.loads(text), names, field)).decode()
    except orjson.JSONDecodeError:
        return _without_word(text.replace(_quoted(old), _quoted(new)), old)


def _replaced(value: Any, names: tuple[str, str], own: str, field: str = "") -> Any:
    """JSON with an id replaced; own: the name of fields that hold such ids; field: that the value
    stands in."""
    old, new = names
    if isinstance(value, dict):
        return {
            new if key == old else key: _replaced(each, names, own, key)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_replaced(each, names, own, field) for each in value]
    if not isinstance(value, str) or _names_another(field, own):
        return value
    return new if value == old else _without_word(value, old)


def _without_word(text: str, customer_id: str) -> str:
    """A text of people in which the id stood as a word. A short one, such as 17, may mean other
    things in prose: it stays."""
    if len(customer_id) < _SHORTEST_WORD:
        return text
    return re.sub(rf"(?<![\w-]){re.escape(customer_id)}(?![\w-])", "(erased)", text)


def _names_another(name: str, own: str) -> bool:
    """True if a column or field of this name says which one of other things is meant.

    own: the name of those that hold ids such as this one.
    """
    return name in {"placement", "name"} or (name.endswith("_id") and name != own)


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}
