"""Pages of a list: a cursor says how many items come before."""

from collections.abc import Sequence
from typing import Annotated, TypeVar

from fastapi import Query

from serving.http.errors import Fault, Problem

Item = TypeVar("Item")

Limit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str | None, Query(max_length=20, description="From `next_cursor`.")]


def page(items: Sequence[Item], limit: int, cursor: str | None) -> tuple[list[Item], str | None]:
    """The items after the cursor, at most `limit`, and the cursor of the next page."""
    if cursor is not None and not cursor.isdecimal():
        fault = Fault("/cursor", "Not a cursor of ours", "query")
        raise Problem(422, "invalid_request", "Not valid: query /cursor.", fields=[fault])
    start = int(cursor or 0)
    end = start + limit
    return list(items[start:end]), str(end) if end < len(items) else None
