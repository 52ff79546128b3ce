"""Files that are in the lake already, row for row: they need not be read again."""

import hashlib
from collections.abc import Sequence

from data.lake.feeds import Feed, is_kept
from data.lake.files import short
from data.lake.manifest import TableEntry
from data.lake.reports import TableReport
from data.tables import Table


def taken_signature(table: Table, digests: Sequence[str], parts: Sequence[str]) -> str:
    """Names a table's state in which taking in the same files would change nothing.

    table: its contract; another one might read the files otherwise. digests: of the files' content,
    in order. parts: the table's own files then; whoever changes the table changes them.
    """
    text = repr((table, tuple(digests), tuple(parts)))
    return hashlib.sha256(text.encode()).hexdigest()


def unchanged_report(
    table: Table, feeds: Sequence[Feed], digests: Sequence[str], entry: TableEntry | None
) -> TableReport | None:
    """The report of files that are in the lake already; None when they must be read.

    table: its contract. feeds, digests: the files. entry: the table now, None when it is not there.
    """
    if entry is None or entry.taken != taken_signature(table, digests, entry.parts):
        return None
    unknown = {name for feed in feeds for name in feed.columns if not is_kept(table, name)}
    return TableReport(
        table=table.name,
        read=entry.taken_rows,
        unchanged=entry.taken_rows - entry.taken_repeated,
        repeated=entry.taken_repeated,
        rows=entry.rows,
        ignored_columns=tuple(sorted(short(name) for name in unknown)),
    )
