"""The tables of the records, declared once; `migrations` brings older databases up to them."""

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from data.tables import TABLES


class Utc(sa.types.TypeDecorator[datetime]):
    """An aware UTC time; SQLite keeps no zone, so it gets none and UTC is put back."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """What is stored."""
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """What is read."""
        if value is None or dialect.name != "sqlite":
            return value if value is None else value.astimezone(UTC)
        return value.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Tables:
    """All tables of one installation."""

    metadata: sa.MetaData
    events: sa.Table
    chargebacks: sa.Table
    decisions: sa.Table
    digests: sa.Table
    decision_days: sa.Table
    list_hits: sa.Table
    payment_links: sa.Table
    payment_attempts: sa.Table
    control_payments: sa.Table
    reviews: sa.Table
    notes: sa.Table
    answers: sa.Table
    keys: sa.Table
    steps: sa.Table
    exposures: sa.Table
    experiments: sa.Table
    placements: sa.Table
    identities: sa.Table
    purchase_lines: sa.Table
    purchase_audit: sa.Table
    transfer_lines: sa.Table
    transfer_audit: sa.Table
    overrides: sa.Table
    history_corrections: sa.Table
    measures: sa.Table
    alerts: sa.Table
    messages: sa.Table
    subscriptions: sa.Table
    deliveries: sa.Table
    databases: sa.Table
    audit: sa.Table


def tables(namespace: str) -> Tables:
    """The tables, their names starting with `namespace`."""
    metadata = sa.MetaData()

    def table(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
        return sa.Table(f"{namespace}_{name}", metadata, *columns, sqlite_autoincrement=True)

    def numbered() -> "sa.Column[int]":
        return sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True
        )

    events = table(
        "events",
        numbered(),
        sa.Column("event_id", sa.Text, nullable=False, unique=True),
        sa.Column("occurred_at", Utc, nullable=False),
        *(
            _text(name)
            for name in TABLES["events"].names
            if name not in {"event_id", "occurred_at"}
        ),
        sa.Index(f"{namespace}_events_visitor", "visitor_id", "occurred_at"),
        sa.Index(f"{namespace}_events_customer", "customer_id", "occurred_at"),
        sa.Index(f"{namespace}_events_recommendation", "recommendation_id"),
        sa.Index(
            f"{namespace}_events_hides",
            "kind",
            sqlite_where=sa.text("kind = 'hide'"),
            postgresql_where=sa.text("kind = 'hide'"),
        ),
    )
    chargebacks = table(
        "chargebacks",
        numbered(),
        sa.Column("payment_id", sa.Text, nullable=False),
        sa.Column("reported_at", Utc, nullable=False),
        sa.Column("is_fraud", sa.Boolean, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("resolution", sa.Text),
        sa.Column("resolved_at", Utc),
        sa.Column("reason", sa.Text, nullable=False),
        sa.UniqueConstraint("payment_id", "kind", "reported_at", "is_fraud", "reason"),
    )
    decisions = table(
        "decisions",
        numbered(),
        sa.Column("payment_id", sa.Text, nullable=False, unique=True),
        sa.Column("decision_id", sa.Text, nullable=False),
        sa.Column("decided_at", Utc, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("probability", sa.Double, nullable=False),
        sa.Column("score", sa.Double, nullable=False),
        *(_text(name) for name in ("reasons", "rules_hit", "model_version", "policy_version")),
        sa.Column("degraded", sa.Boolean, nullable=False),
        *(_text(name) for name in ("payment", "features", "trace")),
        sa.Index(f"{namespace}_decisions_decision", "decision", "seq"),
        sa.Index(f"{namespace}_decisions_time", "decided_at"),
    )
    digests = table(
        "digests",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("upto", sa.BigInteger, nullable=False),
    )
    decision_days = table(
        "decision_days",
        *(
            sa.Column(name, sa.Text, primary_key=True)
            for name in ("day", "decision", "shadow", "model_version")
        ),
        sa.Column("bin", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("decisions", sa.BigInteger, nullable=False),
        sa.Column("degraded", sa.BigInteger, nullable=False),
        sa.Column("probability", sa.Double, nullable=False),
        sa.Column("amount", sa.Double, nullable=False),
        sa.Column("last", Utc, nullable=False),
    )
    list_hits = table(
        "list_hits",
        sa.Column("entry_id", sa.Text, primary_key=True),
        sa.Column("hits", sa.BigInteger, nullable=False),
    )
    payment_links = table(
        "payment_links",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("shared", sa.Text, primary_key=True),
        sa.Column("decision_seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Index(f"{namespace}_payment_links_decision", "decision_seq"),
    )
    payment_attempts = table(
        "payment_attempts",
        sa.Column("payment_id", sa.Text, primary_key=True),
        sa.Column("root_id", sa.Text, nullable=False),
        sa.Column("purchase_id", sa.Text, nullable=False),
        sa.Column("supersedes", sa.Text),
        sa.Column("counts_as", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Index(f"{namespace}_payment_attempts_root", "root_id"),
        sa.Index(f"{namespace}_payment_attempts_purchase", "purchase_id"),
        sa.Index(f"{namespace}_payment_attempts_supersedes", "supersedes"),
    )
    control_payments = table(
        "control_payments",
        sa.Column("payment_id", sa.Text, primary_key=True),
        sa.Column("decided_at", Utc, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("share", sa.Double, nullable=False),
        sa.Column("is_let_through", sa.Boolean, nullable=False),
        sa.Column("probability", sa.Double, nullable=False),
        sa.Index(f"{namespace}_control_payments_time", "decided_at"),
    )
    reviews = table(
        "reviews",
        sa.Column("payment_id", sa.Text, primary_key=True),
        sa.Column("decided_at", Utc, nullable=False),
        sa.Column("probability", sa.Double, nullable=False),
        sa.Column("amount", sa.Double, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("assignee", sa.Text),
        sa.Column("snoozed_until", Utc),
        sa.Index(f"{namespace}_reviews_status", "status", "decided_at"),
    )
    notes = table(
        "notes",
        numbered(),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("at", Utc, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        _text("body"),
        sa.Column("once", sa.Text, unique=True),
        sa.Index(f"{namespace}_notes_kind", "kind", "key", "seq"),
    )
    answers = table(
        "answers",
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("body_hash", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        sa.Index(f"{namespace}_answers_created", "created_at"),
    )
    steps = table(
        "steps",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("window", Utc, primary_key=True),
        sa.Column("finished_at", Utc, nullable=False),
    )
    keys = table(
        "keys",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("expires_at", Utc),
        sa.Column("former_digest", sa.Text),
        sa.Column("former_until", Utc),
        sa.Column("per_minute", sa.Integer),
        sa.Column("owner", sa.Text),
    )
    exposures = table(
        "exposures",
        sa.Column("recommendation_id", sa.Text, primary_key=True),
        sa.Column("exposed_at", Utc, nullable=False),
        sa.Column("experiment_id", sa.Text, nullable=False),
        sa.Column("arm", sa.Text, nullable=False),
        sa.Column("propensity", sa.Double, nullable=False),
        *(_text(name) for name in ("placement", "unit", "served_by", "products")),
        sa.Index(f"{namespace}_exposures_experiment", "experiment_id"),
        sa.Index(f"{namespace}_exposures_unit", "unit"),
    )
    running = sa.text("stopped_at IS NULL")
    experiments = table(
        "experiments",
        sa.Column("experiment_id", sa.Text, primary_key=True),
        sa.Column("placement", sa.Text, nullable=False),
        sa.Column("holdout", sa.Double, nullable=False),
        sa.Column("arms", sa.Text, nullable=False),
        sa.Column("started_at", Utc, nullable=False),
        sa.Column("stopped_at", Utc),
        sa.Index(
            f"{namespace}_experiments_running",
            "placement",
            unique=True,
            sqlite_where=running,
            postgresql_where=running,
        ),
    )
    identities = table(
        "identities",
        sa.Column("visitor_id", sa.Text, primary_key=True),
        sa.Column("customer_id", sa.Text, primary_key=True),
        sa.Column("linked_at", Utc, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Index(f"{namespace}_identities_customer", "customer_id"),
    )
    placements = table(
        "placements",
        sa.Column("placement", sa.Text, primary_key=True),
        *(_text(name) for name in ("pins", "boosts")),
        sa.Column("updated_at", Utc, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("strategy", "arm")),
    )

    def decided_lines(name: str, *more: sa.schema.SchemaItem) -> sa.Table:
        """Lines of plans and what was decided on them."""
        return table(
            name,
            sa.Column("line_id", sa.Text, primary_key=True),
            sa.Column("planned_at", Utc, primary_key=True),
            *(_text(each) for each in ("warehouse_id", "product_id", "supplier_id")),
            sa.Column("suggested", sa.Double, nullable=False),
            sa.Column("quantity", sa.Double, nullable=False),
            sa.Column("unit_cost", sa.Double),
            sa.Column("lead_days", sa.Double, nullable=False),
            sa.Column("state", sa.Text, nullable=False),
            sa.Column("reason", sa.Text, nullable=False),
            sa.Column("updated_at", Utc, nullable=False),
            sa.Column("po_id", sa.Text),
            sa.Column("line_no", sa.Integer),
            sa.Column("ordered_at", Utc),
            sa.Column("approved_by", sa.Text),
            sa.Column("seconded_by", sa.Text),
            *more,
            sa.Index(f"{namespace}_{name}_state", "state", "planned_at"),
            sa.Index(f"{namespace}_{name}_po", "po_id"),
        )

    def line_trail(name: str) -> sa.Table:
        """The steps that were taken on such lines."""
        return table(
            name,
            numbered(),
            sa.Column("line_id", sa.Text, nullable=False),
            sa.Column("planned_at", Utc, nullable=False),
            sa.Column("at", Utc, nullable=False),
            *(_text(each) for each in ("actor", "before", "after")),
            sa.Column("quantity", sa.Double, nullable=False),
            _text("reason"),
            sa.Column("owner", sa.Text),
            sa.Index(f"{namespace}_{name}_line", "line_id", "seq"),
        )

    purchase_lines = decided_lines("purchase_lines")
    purchase_audit = line_trail("purchase_audit")
    # The receiver is in warehouse_id, the sender in supplier_id.
    transfer_lines = decided_lines("transfer_lines", sa.Column("put_off_until", Utc))
    transfer_audit = line_trail("transfer_audit")
    overrides = table(
        "overrides",
        sa.Column("override_id", sa.Text, primary_key=True),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("warehouse_id", "product_id", "first", "last", "author", "reason")
        ),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("expires_at", Utc, nullable=False),
        sa.Column("quantity", sa.Double),
        sa.Column("factor", sa.Double),
        sa.Column("added", sa.Double),
        *(sa.Column(name, sa.Text) for name in ("category", "brand", "country")),
        sa.Column("dropped_at", Utc),
        sa.Index(f"{namespace}_overrides_pair", "product_id", "warehouse_id"),
    )
    history_corrections = table(
        "history_corrections",
        numbered(),
        sa.Column("correction_id", sa.Text, nullable=False, unique=True),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in (
                "warehouse_id",
                "product_id",
                "first",
                "last",
                "action",
                "author",
                "reason",
            )
        ),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("quantity", sa.Double),
        *(sa.Column(name, sa.Text) for name in ("category", "country", "predecessor_id")),
        sa.Column("factor", sa.Double),
        sa.Column("dropped_at", Utc),
    )
    measures = table(
        "measures",
        *(
            sa.Column(name, sa.Text, primary_key=True)
            for name in ("measure", "day", "market", "warehouse_id", "channel", "placement")
        ),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("unknown", sa.BigInteger, nullable=False),
    )
    open_alert = sa.text("resolved_at IS NULL")
    alerts = table(
        "alerts",
        sa.Column("alert_id", sa.Text, primary_key=True),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("cause", "kpi", "kind", "severity", "place", "first_day", "last_day")
        ),
        sa.Column("value", sa.Double),
        sa.Column("expected", sa.Double),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("text", "contributions")),
        sa.Column("raised_at", Utc, nullable=False),
        sa.Column("resolved_at", Utc),
        sa.Column("acknowledged_at", Utc),
        *(_text(name) for name in ("acknowledged_by", "note")),
        sa.Index(
            f"{namespace}_alerts_open",
            "cause",
            "place",
            unique=True,
            sqlite_where=open_alert,
            postgresql_where=open_alert,
        ),
        sa.Index(f"{namespace}_alerts_raised", "raised_at"),
    )
    messages = table(
        "messages",
        numbered(),
        sa.Column("message_id", sa.Text, nullable=False, unique=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kind", "key")),
        sa.Column("occurred_at", Utc, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Index(f"{namespace}_messages_time", "occurred_at"),
        sa.Index(f"{namespace}_messages_key", "kind", "key", "seq"),
    )
    subscriptions = table(
        "subscriptions",
        sa.Column("name", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("url", "kinds", "secret")),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("stopped_at", Utc),
    )
    deliveries = table(
        "deliveries",
        sa.Column("subscription", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", Utc, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Index(f"{namespace}_deliveries_key", "subscription", "key", "state", "due_at"),
        sa.Index(f"{namespace}_deliveries_state", "subscription", "state", "seq"),
    )
    databases = table(
        "databases",
        sa.Column("database_id", sa.Text, primary_key=True),
        sa.Column("created_at", Utc, nullable=False),
    )
    audit = table(
        "audit",
        numbered(),
        sa.Column("at", Utc, nullable=False),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("actor", "owner", "action", "target", "previous", "digest")
        ),
        sa.Index(f"{namespace}_audit_digest", "digest"),
    )
    return Tables(
        metadata,
        events,
        chargebacks,
        decisions,
        digests,
        decision_days,
        list_hits,
        payment_links,
        payment_attempts,
        control_payments,
        reviews,
        notes,
        answers,
        keys,
        steps,
        exposures,
        experiments,
        placements,
        identities,
        purchase_lines,
        purchase_audit,
        transfer_lines,
        transfer_audit,
        overrides,
        history_corrections,
        measures,
        alerts,
        messages,
        subscriptions,
        deliveries,
        databases,
        audit,
    )


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text)
