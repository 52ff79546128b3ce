"""A report on a payment has a kind, a resolution and the time of it; kinds are kept apart."""

import sqlalchemy as sa
from alembic.operations import Operations

from data.records.tables import Utc

revision = "0004"
down_revision = "0003"

_KEPT = "seq, payment_id, reported_at, is_fraud, reason"


def upgrade(operations: Operations, namespace: str) -> None:
    """Make the table anew, since its unique key changes; every row is kept as a chargeback.

    operations: Alembic's operations; namespace: prefix of the tables' names.
    """
    name = f"{namespace}_chargebacks"
    seq = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    if not sa.inspect(operations.get_bind()).has_table(name):
        return  # it is made as declared
    operations.rename_table(name, f"{name}_before")
    operations.create_table(
        name,
        sa.Column("seq", seq, primary_key=True),
        sa.Column("payment_id", sa.Text, nullable=False),
        sa.Column("reported_at", Utc, nullable=False),
        sa.Column("is_fraud", sa.Boolean, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("resolution", sa.Text),
        sa.Column("resolved_at", Utc),
        sa.Column("reason", sa.Text, nullable=False),
        sa.UniqueConstraint("payment_id", "kind", "reported_at", "is_fraud", "reason"),
        sqlite_autoincrement=True,
    )
    operations.execute(
        f"INSERT INTO {name} ({_KEPT}, kind) SELECT {_KEPT}, 'chargeback' FROM {name}_before"
    )
    if operations.get_bind().dialect.name == "postgresql":
        newest = f"SELECT max(seq) FROM {name}"
        operations.execute(
            f"SELECT setval(pg_get_serial_sequence('{name}', 'seq'), coalesce(({newest}), 0) + 1, "
            "false)"
        )
    operations.drop_table(f"{name}_before")
