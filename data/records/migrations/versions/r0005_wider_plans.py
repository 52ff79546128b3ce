"""An override can be of a category, a brand or a country, and can add units; a placement has a
strategy, and the arm that was rolled out there.
"""

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0005"
down_revision = "0004"


def upgrade(operations: Operations, namespace: str) -> None:
    """Add what the tables lack; older overrides are of one pair, older placements as usual.

    operations: Alembic's operations; namespace: prefix of the tables' names.
    """
    texts = (sa.Column(name, sa.Text) for name in ("category", "brand", "country"))
    _add(operations, f"{namespace}_overrides", [sa.Column("added", sa.Double), *texts])
    texts = (sa.Column(name, sa.Text) for name in ("strategy", "arm"))
    _add(operations, f"{namespace}_placements", [*texts])


def _add(operations: Operations, name: str, columns: "list[sa.Column[object]]") -> None:
    found = sa.inspect(operations.get_bind())
    if not found.has_table(name):
        return  # it is made as declared
    there = {one["name"] for one in found.get_columns(name)}
    for column in columns:
        if column.name not in there:
            operations.add_column(name, column)
