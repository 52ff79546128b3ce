"""Pages of a list: one shape, one opaque cursor and one error for a bad one, for every list."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from serving.http.errors import FieldFault, Problem

Listed = TypeVar("Listed")

Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many items.")]
Cursor = Annotated[
    str | None, Query(max_length=512, description="`next_cursor` of the page before.")
]


class Page(BaseModel, Generic[Listed]):
    """Some items of a list, and where the next ones start."""

    data: list[Listed]
    has_more: bool = Field(False, description="Whether there are items after these.")
    next_cursor: str | None = Field(None, description="Send it as `cursor` to get the next items.")


def cut_page(
    items: Sequence[Listed], limit: int, cursor: str | None, *, stamp: str = ""
) -> dict[str, Any]:
    """The fields of a `Page`: the items after the cursor, at most `limit`.

    items: the whole list, in its order. stamp: changes when the list is made anew, which makes
    older cursors invalid; empty for a list that only grows. Raises Problem 422 `invalid_cursor`.
    """
    start = page_start(cursor, stamp=stamp)
    end = start + limit
    return {"data": items[start:end], **page_end(end, len(items), stamp=stamp)}


def page_start(cursor: str | None, *, stamp: str = "") -> int:
    """The place of a page's first item; stamp as in `cut_page`. Raises Problem 422.

    cursor: as the caller sent it.
    """
    if cursor is None:
        return 0
    try:
        number, _, made = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        start = int(number)
    except (binascii.Error, ValueError) as error:
        raise _invalid_cursor("it was not given by this list") from error
    if start < 0 or start > 1 << 40:
        raise _invalid_cursor("it was not given by this list")
    if made != stamp:
        raise _invalid_cursor("the list has been made anew since")
    return start


def page_end(end: int, count: int, *, stamp: str = "") -> dict[str, Any]:
    """has_more and next_cursor of a page that ends before item `end` of `count` items.

    stamp: as in `cut_page`.
    """
    more = end < count
    cursor = base64.urlsafe_b64encode(f"{end} {stamp}".encode()).decode()
    return {"has_more": more, "next_cursor": cursor if more else None}


def _invalid_cursor(why: str) -> Problem:
    fault = FieldFault("/cursor", f"{why}; start again without it", place="query")
    return Problem(422, "invalid_cursor", f"cursor: {fault.message}.", fields=[fault])
