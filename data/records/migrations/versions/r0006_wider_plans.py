"""An override can be of a category, a brand or a country, and can add units; a placement has a
strategy, and the arm that was rolled out there.
"""

from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0006"
down_revision = "0005"

_WIDER: dict[str, dict[str, Any]] = {
    "overrides": {"added": sa.Double, "category": sa.Text, "brand": sa.Text, "country": sa.Text},
    "placements": {"strategy": sa.Text, "arm": sa.Text},
}


def upgrade(operations: Operations, namespace: str) -> None:
    """Add what the tables lack; older overrides are of one pair, older placements as usual.

    operations: Alembic's operations; namespace: prefix of the tables' names.
    """
    found = sa.inspect(operations.get_bind())
    for table, columns in _WIDER.items():
        name = f"{namespace}_{table}"
        if not found.has_table(name):
            continue  # it is made as declared
        there = {one["name"] for one in found.get_columns(name)}
        for column, kind in columns.items():
            if column not in there:
                operations.add_column(name, sa.Column(column, kind))
