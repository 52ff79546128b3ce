"""Which sheet of a mapping a raw table is, and which of its rows is the header."""

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass

from data.sources.headers import Header
from data.sources.mapping import Sheet, SourceMapping, alternatives
from data.sources.raw_files import RawTable

QUERY = "query "  # names a raw table that is a sheet's own query


@dataclass(frozen=True)
class Recognized:
    """A raw table and the sheet it is.

    place: which row of the table's `peek` is the header. header: its column names.
    """

    raw: RawTable
    sheet: Sheet
    place: int
    header: Header

    def columns(self, wanted: Sequence[str]) -> dict[str, str]:
        """The mapping's name -> the file's name, of the wanted columns that the file has."""
        found = {name: self.header.find(name) for name in wanted}
        return {name: own for name, own in found.items() if own is not None}


def recognize(raw: RawTable, mapping: SourceMapping) -> Recognized | None:
    """The sheet that a raw table is; None when it is none of the mapping's.

    raw: the table. mapping: its sheets are tried in order; of those whose columns (`has`) are all
    there the one that reads most columns wins.
    """
    best: tuple[int, Recognized] | None = None
    for sheet in mapping.sheets:
        found = _as_sheet(raw, sheet, mapping)
        if found is None:
            continue
        fitness = len(found.columns(sheet.headers)) + 100 * bool(sheet.from_ or sheet.query)
        if best is None or fitness > best[0]:
            best = (fitness, found)
    return best[1] if best else None


def almost(raw: RawTable, mapping: SourceMapping) -> str | None:
    """One sentence on the sheet that a table would nearly be; None when none is near.

    raw: a table that no sheet of the mapping fits.
    """
    best: tuple[float, str] | None = None
    for sheet in mapping.sheets:
        for place in range(min(len(raw.peek), 15)):
            header = Header(raw.header(place), mapping.headers)
            missing = [either for either in sheet.has if not _has(header, either)]
            share = 1 - len(missing) / max(len(sheet.has), 1)
            if share >= 0.5 and missing and (best is None or share > best[0]):
                best = (share, _lacks(sheet, missing, header))
    return best[1] if best else None


def _lacks(sheet: Sheet, missing: Sequence[str], header: Header) -> str:
    parts = []
    for name in missing:
        near = next(filter(None, map(header.nearest, alternatives(name))), None)
        parts.append(f"{name!r}" + (f" (is it {near!r}?)" if near else ""))
    return f"nearly the {sheet.name}, but for the column {', '.join(parts)}"


def _has(header: Header, either: str) -> bool:
    return any(header.find(name) is not None for name in alternatives(either))


def _as_sheet(raw: RawTable, sheet: Sheet, mapping: SourceMapping) -> Recognized | None:
    if sheet.query is not None or raw.name.startswith(QUERY):
        same = raw.name == f"{QUERY}{sheet.name}"
        return Recognized(raw, sheet, 0, Header(raw.header(0), mapping.headers)) if same else None
    names = [raw.name.lower(), raw.name.rpartition(".")[0].lower()]
    if sheet.from_ and not any(fnmatch.fnmatch(name, sheet.from_.lower()) for name in names):
        return None
    for place in range(len(raw.peek)):
        if not any(cell.strip() for cell in raw.peek[place]):
            continue
        header = Header(raw.header(place), mapping.headers)
        if all(_has(header, either) for either in sheet.has) and not any(
            header.find(name) for name in sheet.without
        ):
            return Recognized(raw, sheet, place, header)
        if sheet.from_ and not sheet.has:
            return Recognized(raw, sheet, place, header)
    return None
