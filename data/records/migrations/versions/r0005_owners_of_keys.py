"""Keys have an owner: the person or service that answers for what is done with them."""

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0005"
down_revision = "0004"


def upgrade(operations: Operations, namespace: str) -> None:
    """One column, empty for the keys there are.

    operations: Alembic's operations; namespace: prefix of the tables' names.
    """
    operations.add_column(f"{namespace}_keys", sa.Column("owner", sa.Text))
