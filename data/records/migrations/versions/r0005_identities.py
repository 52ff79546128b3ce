"""Which visitor signed in as which customer."""

import sqlalchemy as sa
from alembic.operations import Operations

from data.records.tables import Utc

revision = "0005"
down_revision = "0004"


def upgrade(operations: Operations, namespace: str) -> None:
    """A table of its own, empty at first."""
    operations.create_table(
        f"{namespace}_identities",
        sa.Column("visitor_id", sa.Text, primary_key=True),
        sa.Column("customer_id", sa.Text, primary_key=True),
        sa.Column("linked_at", Utc, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
    )
    operations.create_index(
        f"{namespace}_identities_customer", f"{namespace}_identities", ["customer_id"]
    )
