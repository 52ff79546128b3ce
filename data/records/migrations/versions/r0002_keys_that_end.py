"""Keys expire, are rotated, and are held to a rate."""

import sqlalchemy as sa
from alembic.operations import Operations

from data.records.tables import Utc

revision = "0002"
down_revision = "0001"


def upgrade(operations: Operations, namespace: str) -> None:
    """Four columns, empty for the keys there are.

    operations: Alembic's operations; namespace: prefix of the tables' names.
    """
    for column in (
        sa.Column("expires_at", Utc),
        sa.Column("former_digest", sa.Text),
        sa.Column("former_until", Utc),
        sa.Column("per_minute", sa.Integer),
    ):
        operations.add_column(f"{namespace}_keys", column)
