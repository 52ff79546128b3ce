"""How far each table of a database has been read: a note beside the lake's tables."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from data.lake import Lake
from data.sources.locations import SourceError

_NOTE = "watermarks.json"


@dataclass(frozen=True)
class Watermarks:
    """The last marks, by the fingerprint of what is read.

    lake: which the rows went into; it keeps the note.
    """

    lake: Lake

    def last(self, fingerprint: str) -> Any:
        """The last mark that is in the lake: a number, a time or a text; None for the first read.

        fingerprint: of the address and the selection.
        """
        kept = self._kept().get(fingerprint)
        if kept is None:
            return None
        kind, text = kept["kind"], kept["value"]
        if kind == "datetime":
            return datetime.fromisoformat(text)
        if kind == "date":
            return date.fromisoformat(text)
        return {"int": int, "float": float}.get(kind, str)(text)

    def keep(self, marks: Mapping[str, Any]) -> None:
        """Replace the marks of what was read, once its rows are in the lake.

        marks: fingerprint -> the greatest value of the watermark column; None is not kept.
        """
        told = {
            name: {"kind": _kind(value), "value": _text(value)}
            for name, value in marks.items()
            if value is not None
        }
        if not told:
            return
        self.lake.keep_note(_NOTE, json.dumps({**self._kept(), **told}, indent=1, sort_keys=True))

    def _kept(self) -> dict[str, dict[str, str]]:
        try:
            kept: dict[str, dict[str, str]] = json.loads(self.lake.note(_NOTE) or "{}")
        except ValueError as error:
            path = self.lake.folder / _NOTE
            raise SourceError(
                f"{path} is broken ({error}); remove it: all is read again"
            ) from error
        return kept


def _kind(value: Any) -> str:
    if isinstance(value, datetime):
        return "datetime"
    if isinstance(value, date):
        return "date"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "str"
    return "int" if isinstance(value, int) else "float"


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
