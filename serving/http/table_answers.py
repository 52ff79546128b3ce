"""Lists as files: the same rows as CSV or as a workbook, by the request's Accept header."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
from fastapi import Response

from data.table_files import table_bytes
from serving.http.errors import Problem

# Suffix of data.table_files by the media type that asks for it.
FILE_SUFFIXES: Final[Mapping[str, str]] = {
    "text/csv": ".csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}
# What the OpenAPI description of such a list says of its answer.
AS_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {media_type: {} for media_type in FILE_SUFFIXES},
        "description": "As JSON, CSV or a workbook (XLSX), by the Accept header.",
    }
}


def file_type_of(accept: str) -> str | None:
    """The media type of the file that is asked for; None: JSON.

    accept: the request's Accept header.
    """
    return next((known for known in FILE_SUFFIXES if known in accept), None)


def table_answer(
    frame: pd.DataFrame, media_type: str, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer that holds a table as a file.

    frame: the table, its index is not written; media_type: of FILE_SUFFIXES; headers: further ones.
    Raises Problem (422) where a workbook cannot hold so many rows.
    """
    try:
        content = table_bytes(frame, FILE_SUFFIXES[media_type])
    except ValueError as error:
        raise Problem(422, "too_many_rows", f"{error}.") from error
    return Response(content, media_type=media_type, headers=dict(headers or {}))
