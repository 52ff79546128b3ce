"""The storefront's part of the records: visits by event, merchant's lists, experiments, exposures.

One database with the other records (`Records.storefront`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import orjson
import pandas as pd
import sqlalchemy as sa

from data.records.database import Database
from data.records.tables import Tables
from data.storefront import (
    Arm,
    Event,
    Experiment,
    ExperimentError,
    Exposure,
    PersonLinks,
    Placement,
    Push,
    Trail,
)
from data.tables import TABLES

_TOUCHES = ("view", "click", "cart", "uncart", "purchase")
_HIDES = ("hide", "unhide")
_KINDS = (_TOUCHES, ("impression",), _HIDES)
_MOST_LINKS = 20
_MOST_TOUCHES, _MOST_IMPRESSIONS = 100, 300
_ALWAYS = datetime(9999, 1, 1, tzinfo=UTC)
_EVENT_COLUMNS = ("event_id", "occurred_at", "kind", "product_id", "recommendation_id")


class StorefrontRecords:
    """The storefront's records; every method may raise DatabaseError."""

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._tables = tables
        columns = {"visitor": tables.events.c.visitor_id, "customer": tables.events.c.customer_id}
        self._trails: Mapping[tuple[str, ...], sa.CompoundSelect[Any]] = {
            names: _trail_query(tables.events, {name: columns[name] for name in names})
            for names in (("visitor",), ("customer",), ("visitor", "customer"))
        }

    # Visits ---------------------------------------------------------------------------------

    def trail(
        self, visitor_id: str | None, customer_id: str | None, *, until: datetime | None = None
    ) -> Trail:
        """Events up to a time of a visitor, of a customer, or of either when both are given.

        visitor_id: a visitor, or None; customer_id: a customer, or None; until: nothing later;
        None: all.
        """
        given = {"visitor": visitor_id, "customer": customer_id}
        whose = {name: value for name, value in given.items() if value is not None}
        if not whose:
            return Trail()
        query = self._trails[tuple(whose)]
        rows = self._rows(query, {**whose, "until": until or _ALWAYS})
        found = {row.event_id: Event(row.product_id, row.kind, row.occurred_at) for row in rows}
        events = sorted(found.values(), key=lambda event: event.occurred_at, reverse=True)
        return Trail(
            touches=tuple(event for event in events if event.kind in _TOUCHES)[:_MOST_TOUCHES],
            impressions=tuple(event for event in events if event.kind == "impression"),
            hides=last_hides(events),
        )

    # Identities -----------------------------------------------------------------------------

    def link(self, visitor_id: str, customer_id: str, *, at: datetime | None = None) -> bool:
        """Keep that a visitor is a customer; whether that is new.

        visitor_id, customer_id: of one person; at: since when, by default now. The unit of the
        customer's experiments stays what it was: that of an earlier link, the customer where one
        was answered as such, else the visitor.
        """
        table = self._tables.identities
        row = {"visitor_id": visitor_id, "customer_id": customer_id}
        same = (table.c.visitor_id == visitor_id) & (table.c.customer_id == customer_id)
        if self._rows(sa.select(table.c.unit).where(same)):
            return False
        unit = self._unit_of(customer_id) or f"visitor:{visitor_id}"
        whole = row | {"linked_at": at or datetime.now(UTC), "unit": unit}
        return bool(self._change(self._database.insert(table, tuple(row)), whole))

    def _unit_of(self, customer_id: str) -> str | None:
        """What a customer's arms stick to so far, if to anything."""
        table, exposures = self._tables.identities, self._tables.exposures
        mine = table.c.customer_id == customer_id
        linked = self._rows(sa.select(table.c.unit).where(mine).order_by(table.c.linked_at))
        if linked:
            return str(linked[0].unit)
        answered = sa.select(exposures.c.unit).where(exposures.c.unit == customer_id).limit(1)
        return customer_id if self._rows(answered) else None

    def links(self, visitor_id: str | None, customer_id: str | None) -> PersonLinks:
        """The names linked with a visitor or a customer, or both; the newest first, a few of each.

        A visitor stands for the customer that it was linked to last.

        visitor_id: a visitor, or None; customer_id: a customer, or None; where both are given the
        customer's links are told.
        """
        table = self._tables.identities
        columns = (table.c.visitor_id, table.c.customer_id, table.c.unit, table.c.linked_at)
        newest = sa.select(*columns).order_by(table.c.linked_at.desc()).limit(_MOST_LINKS)
        if customer_id is None:
            mine = self._rows(newest.where(table.c.visitor_id == visitor_id))
            if not mine:
                return PersonLinks()
            customer_id = str(mine[0].customer_id)
        rows = self._rows(newest.where(table.c.customer_id == customer_id))
        if not rows:
            return PersonLinks()
        visitors = tuple(str(row.visitor_id) for row in rows)
        return PersonLinks((customer_id,), visitors, str(rows[-1].unit))

    def hides(self) -> pd.DataFrame:
        """Every hide, and every time one was taken back, as rows of the events table."""
        events = self._tables.events
        names = list(TABLES["events"].names)
        query = sa.select(*(events.c[name] for name in names)).where(_is(events, *_HIDES))
        return pd.DataFrame([tuple(row) for row in self._rows(query)], columns=names)

    # The merchant's lists -------------------------------------------------------------------

    def placements(self) -> list[Placement]:
        """All lists, by placement."""
        placements = self._tables.placements
        rows = self._rows(sa.select(placements).order_by(placements.c.placement))
        return [
            Placement(
                row.placement,
                tuple(orjson.loads(row.pins)),
                tuple(Push(**push) for push in orjson.loads(row.boosts)),
                row.updated_at,
                row.strategy or "",
                _arm(orjson.loads(row.arm)) if row.arm else None,
            )
            for row in rows
        ]

    def put_placement(self, placement: Placement) -> None:
        """Keep a list in the place of the one of that placement."""
        placements = self._tables.placements
        row = {
            "placement": placement.placement,
            "pins": orjson.dumps(placement.pins).decode(),
            "boosts": orjson.dumps([asdict(push) for push in placement.boosts]).decode(),
            "updated_at": placement.updated_at or datetime.now(UTC),
            "strategy": placement.strategy,
            "arm": orjson.dumps(asdict(placement.arm)).decode() if placement.arm else None,
        }
        statement = self._database.insertion(placements).on_conflict_do_update(
            index_elements=["placement"],
            set_={name: value for name, value in row.items() if name != "placement"},
        )
        self._change(statement, row)

    def drop_placement(self, placement: str) -> bool:
        """Forget a list; whether there was one."""
        placements = self._tables.placements
        mine = placements.c.placement == placement
        return bool(self._change(sa.delete(placements).where(mine)))

    # Experiments ----------------------------------------------------------------------------

    def experiments(self) -> list[Experiment]:
        """All experiments, the newest first."""
        experiments = self._tables.experiments
        order = (experiments.c.started_at.desc(), experiments.c.experiment_id)
        rows = self._rows(sa.select(experiments).order_by(*order))
        return [
            Experiment(
                experiment_id=row.experiment_id,
                placement=row.placement,
                arms=tuple(_arm(arm) for arm in orjson.loads(row.arms)),
                holdout=row.holdout,
                started_at=row.started_at,
                stopped_at=row.stopped_at,
            )
            for row in rows
        ]

    def start_experiment(self, experiment: Experiment) -> Experiment:
        """Keep a new experiment, running from now.

        Raises ExperimentError when its name was used before or its placement has a running one.
        """
        began = experiment.started_at or datetime.now(UTC)
        row = {
            "experiment_id": experiment.experiment_id,
            "placement": experiment.placement,
            "holdout": experiment.holdout,
            "arms": orjson.dumps([asdict(arm) for arm in experiment.arms]).decode(),
            "started_at": began,
        }
        table = self._tables.experiments
        insert = self._database.insertion(table).on_conflict_do_nothing()
        statement = insert.returning(table.c.experiment_id)
        new = self._database.write(lambda connection: connection.execute(statement, row).scalar())
        if new is None:
            raise ExperimentError(
                f"experiment {experiment.experiment_id!r} at {experiment.placement!r}: the "
                f"name was used before, or another one runs there; take a new name, or stop it"
            )
        return Experiment(**{**vars(experiment), "started_at": began})

    def stop_experiment(self, experiment_id: str) -> bool:
        """End a running experiment; whether there was one."""
        table = self._tables.experiments
        running = (table.c.experiment_id == experiment_id) & table.c.stopped_at.is_(None)
        end = sa.update(table).where(running).values(stopped_at=datetime.now(UTC))
        return bool(self._change(end))

    def add_exposure(self, exposure: Exposure) -> None:
        """Keep an exposure; one that is there already stays."""
        row = vars(exposure) | {"products": orjson.dumps(exposure.products).decode()}
        exposures = self._tables.exposures
        self._change(self._database.insert(exposures, ("recommendation_id",)), row)

    def exposures(self, experiment_id: str) -> pd.DataFrame:
        """An experiment's exposures: the columns of Exposure, `products` as lists."""
        exposures = self._tables.exposures
        query = sa.select(exposures).where(exposures.c.experiment_id == experiment_id)
        rows = [tuple(row) for row in self._rows(query)]
        frame = pd.DataFrame(rows, columns=[column.name for column in exposures.columns])
        return frame.assign(products=frame["products"].map(orjson.loads))

    def attributed(self, experiment_id: str) -> pd.DataFrame:
        """The events that bear a recommendation_id of the experiment."""
        events, exposures = self._tables.events, self._tables.exposures
        query = (
            sa.select(*(events.c[name] for name in _EVENT_COLUMNS))
            .join(exposures, exposures.c.recommendation_id == events.c.recommendation_id)
            .where(exposures.c.experiment_id == experiment_id)
        )
        rows = [tuple(row) for row in self._rows(query)]
        return pd.DataFrame(rows, columns=list(_EVENT_COLUMNS))

    def identified(self, experiment_id: str) -> pd.DataFrame:
        """The customers that the units of an experiment are known to be: unit, customer_id."""
        links, exposures = self._tables.identities, self._tables.exposures
        units = sa.select(exposures.c.unit).where(exposures.c.experiment_id == experiment_id)
        query = sa.select(links.c.unit, links.c.customer_id).where(links.c.unit.in_(units))
        rows = [tuple(row) for row in self._rows(query.distinct())]
        return pd.DataFrame(rows, columns=["unit", "customer_id"])

    def _rows(self, query: sa.Executable, values: Mapping[str, Any] | None = None) -> Sequence[Any]:
        return self._database.read(lambda connection: connection.execute(query, values or {}).all())

    def _change(self, statement: sa.Executable, rows: Any = None) -> int:
        """How many rows a change has reached."""
        return self._database.write(lambda connection: connection.execute(statement, rows).rowcount)


def last_hides(events: Iterable[Event]) -> tuple[Event, ...]:
    """The last `hide` or `unhide` of each product; events: newest first."""
    last: dict[str, Event] = {}
    for event in events:
        if event.kind in _HIDES:
            last.setdefault(event.product_id, event)
    return tuple(last.values())


def _arm(given: Mapping[str, Any]) -> Arm:
    boosts = tuple(Push(**push) for push in given["boosts"])
    return Arm(**{**given, "boosts": boosts})


def _trail_query(
    events: sa.Table, whose: Mapping[str, "sa.Column[str]"]
) -> "sa.CompoundSelect[Any]":
    """The latest touches, the latest impressions and all hides of each, in one question."""
    columns = [events.c[name] for name in ("event_id", "product_id", "kind", "occurred_at")]
    newest = events.c.occurred_at.desc()
    parts = []
    for name, column in whose.items():
        mine = sa.select(*columns).where(
            column == sa.bindparam(name), events.c.occurred_at <= sa.bindparam("until")
        )
        touches, impressions, hides = (mine.where(_is(events, *kinds)) for kinds in _KINDS)
        parts += [
            touches.order_by(newest).limit(sa.literal_column(str(_MOST_TOUCHES))),
            impressions.order_by(newest).limit(sa.literal_column(str(_MOST_IMPRESSIONS))),
            hides,
        ]
    return sa.union_all(*(sa.select(part.subquery()) for part in parts))


def _is(events: sa.Table, *kinds: str) -> "sa.ColumnElement[bool]":
    """That an event is of one of the kinds, as text of the statement: asked at every request."""
    return sa.or_(*(events.c.kind == sa.literal_column(f"'{kind}'") for kind in kinds))
