"""A correction of history can be that a product continues another one."""

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0009"
down_revision = "0008"


def upgrade(operations: Operations, namespace: str) -> None:
    """Two columns, empty for the corrections told before.

    operations: Alembic's operations; namespace: prefix of the tables' names.
    """
    name, found = f"{namespace}_history_corrections", sa.inspect(operations.get_bind())
    if found.has_table(name):  # else it is made as declared
        operations.add_column(name, sa.Column("predecessor_id", sa.Text))
        operations.add_column(name, sa.Column("factor", sa.Double))
