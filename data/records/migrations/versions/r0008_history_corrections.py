"""Planners' corrections of history have a table of their own."""

from alembic.operations import Operations

revision = "0008"
down_revision = "0007"


def upgrade(operations: Operations, namespace: str) -> None:
    """Nothing: the table is made as declared; there were no corrections before.

    operations: Alembic's operations; namespace: prefix of the tables' names.
    """
