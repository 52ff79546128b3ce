"""A line of an order knows who approved it and who approved it, too; its trail says whose key."""

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0007"
down_revision = "0006"

_ADDED = {"purchase_lines": ("approved_by", "seconded_by"), "purchase_audit": ("owner",)}


def upgrade(operations: Operations, namespace: str) -> None:
    """Three columns, empty for what was decided before.

    operations: Alembic's operations; namespace: prefix of the tables' names.
    """
    found = sa.inspect(operations.get_bind())
    for table, columns in _ADDED.items():
        name = f"{namespace}_{table}"
        if not found.has_table(name):
            continue  # it is made as declared
        for column in columns:
            operations.add_column(name, sa.Column(column, sa.Text))
