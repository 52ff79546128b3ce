"""The tables, views and queries of a database as raw tables, read from their watermarks on."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from data.sources.databases import (
    Selection,
    as_text,
    column_names_of,
    fingerprint,
    read_chunks,
    table_names,
    without_password,
)
from data.sources.locations import SourceError
from data.sources.mapping import Sheet, SourceMapping
from data.sources.raw_files import RawRows, RawTable
from data.sources.recognition import QUERY
from data.sources.watermarks import Watermarks


@dataclass
class DatabaseReading:
    """One reading of a database: what is there, and how far each table was read.

    address: with its password. engine: connected. marks: how far earlier readings came.
    reached: fingerprint -> last mark of this reading, to be kept once its rows are in the lake.
    """

    address: str
    engine: sa.Engine
    marks: Watermarks
    reached: dict[str, Any] = field(default_factory=dict)

    def tables(self, mapping: SourceMapping) -> list[RawTable]:
        """Every table and view, and the queries of the mapping.

        mapping: its sheets may name tables of other schemas (`from = "sales.orders"`).
        """
        names = table_names(self.engine)
        named = [sheet.from_ for sheet in mapping.sheets if sheet.from_ and "." in sheet.from_]
        plain = [self._table(name, name, None) for name in dict.fromkeys([*names, *named])]
        queries = [
            self._table(f"{QUERY}{sheet.name}", sheet.name, sheet.query)
            for sheet in mapping.sheets
            if sheet.query
        ]
        return [*plain, *queries]

    def _table(self, name: str, shown: str, query: str | None) -> RawTable:
        try:
            columns = column_names_of(self.engine, shown, query)
        except sa.exc.DBAPIError as error:
            raise SourceError(
                f"{without_password(self.address)}: {shown} cannot be read ({error.orig}); "
                "is it the right table or query?"
            ) from error
        content = hashlib.sha256()

        def read(_place: int, wanted: Sequence[str], sheet: Sheet) -> RawRows:
            rows = list(self._chunks(shown, query, wanted, sheet, content.update))
            data = pd.concat(rows, ignore_index=True) if rows else as_text(_empty(wanted))
            return RawRows(np.arange(1, len(data) + 1), data)

        return RawTable(shown, name, (columns,), read, content.hexdigest)

    def _chunks(
        self,
        name: str,
        query: str | None,
        wanted: Sequence[str],
        sheet: Sheet,
        seen: Callable[[bytes], None],
    ) -> Iterator[pd.DataFrame]:
        """Text frames of what is new; the greatest mark is noted."""
        mark = sheet.watermark
        columns = list(dict.fromkeys([*wanted, *([mark] if mark else [])]))
        print_ = fingerprint(self.address, {"name": name, "sheet": sheet.model_dump(mode="json")})
        since = self.marks.last(print_) if mark else None
        selection = Selection(name, query, tuple(columns), mark, since)
        try:
            for chunk in read_chunks(self.engine, selection):
                if mark and chunk[mark].notna().any():
                    self.reached[print_] = chunk[mark].dropna().iloc[-1]
                text = as_text(chunk)[list(wanted)]
                seen(pd.util.hash_pandas_object(text, index=False).to_numpy().tobytes())
                yield text
        except sa.exc.DBAPIError as error:
            raise SourceError(
                f"{without_password(self.address)}: {name} cannot be read ({error.orig}); "
                "are the columns of the mapping those of the table?"
            ) from error


def _empty(columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns), dtype=object)
