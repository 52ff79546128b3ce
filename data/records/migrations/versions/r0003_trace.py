"""A decision keeps what else went into it."""

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0003"
down_revision = "0002"


def upgrade(operations: Operations, namespace: str) -> None:
    """A column, empty for the decisions there are.

    operations: Alembic's operations; namespace: prefix of the tables' names.
    """
    operations.add_column(f"{namespace}_decisions", sa.Column("trace", sa.Text))
