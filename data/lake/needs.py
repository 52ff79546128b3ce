"""Which tables a use case cannot do without, and which of them the lake lacks, in words."""

from collections.abc import Collection, Sequence

from data.lake.lake import Lake
from data.tables import TABLES
from data.use_cases import UseCaseName, needs_of


def missing_tables(lake: Lake, needs: Sequence[str], coming: Collection[str] = ()) -> list[str]:
    """What to ingest, a clause for each need that no table of the lake meets.

    needs: a table each, or several of which one is enough, parted by `|`: `orders|events`.
    coming: tables that count as if they were in the lake.
    """
    held = {name for name, status in lake.tables().items() if status.rows} | set(coming)
    return [_clause(need.split("|")) for need in needs if not held & set(need.split("|"))]


def training_steps(lake: Lake, use_case: UseCaseName) -> str:
    """What to do so that a use case has a model: what to ingest, where it lacks tables, and train.

    lake: what is there; use_case: a name of USE_CASES.
    """
    needed = missing_tables(lake, needs_of(use_case))
    first = f"ingest {' and '.join(needed)}, then " if needed else ""
    return f"{first}argosy train {use_case}"


def _clause(names: Sequence[str]) -> str:
    tables = [f"`{name}` ({', '.join(TABLES[name].required)})" for name in names]
    return " or ".join(tables)
