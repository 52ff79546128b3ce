"""The tables of 0.1.0."""

from alembic.operations import Operations

revision = "0001"
down_revision = None


def upgrade(operations: Operations, namespace: str) -> None:
    """Nothing: a database that has these tables is at this revision.

    operations: Alembic's operations; namespace: prefix of the tables' names.
    """
