"""From the records to the lake: what came in over HTTP becomes rows of the merchant's tables."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from data.lake import Lake
from data.records import Pending, Records, open_records
from data.settings import Settings
from data.tables import TABLES as CONTRACTS

TABLES: tuple[Pending, ...] = ("events", "chargebacks", "payments")
_MARKS = "absorbed.json"


@dataclass(frozen=True)
class InboxMark:
    """How far a table is taken. seq: number of the last row; name: what that row is called, which
    tells another history of the same database (yesterday's, restored) from this one."""

    seq: int = 0
    name: str | None = None


def absorb_records(settings: Settings, lake: Lake) -> Mapping[str, int]:
    """Open the records that the settings name and `absorb` them into the lake."""
    records = open_records(settings)
    try:
        return absorb(records, lake)
    finally:
        records.close()


def absorb(records: Records, lake: Lake) -> Mapping[str, int]:
    """Put what the records hold and the lake does not yet into the lake; table -> rows put in.

    A note of marks beside the lake's tables says how far each table of each database is taken. It
    is written after the rows are in: a crash between the two puts the same rows in again, which
    changes nothing. A database that was never taken in, or that lost what it had, is taken in from
    its beginning. What the lake knows already then stays as it is; of payments always: the
    merchant's own row has its outcome.
    """
    every, database = _load(lake), records.database_id()
    marks = every.setdefault(database, {})
    taken: dict[str, int] = {}
    for table in TABLES:
        mark = marks.get(table, InboxMark())
        if not _holds(records, table, mark):
            mark = InboxMark()
        frame, last = records.pending(table, after=mark.seq)
        if len(frame) and (table == "payments" or mark.seq == 0):
            frame = _unknown(table, frame, lake)
        if len(frame):
            lake.append(table, frame)
        taken[table] = len(frame)
        if last != mark.seq:
            marks[table] = InboxMark(last, records.row_name(table, last))
            _save(lake, every)
    return taken


def _holds(records: Records, table: Pending, mark: InboxMark) -> bool:
    """False where the database's row of that number is another one than was taken, or is not there
    yet; a row that was erased leaves a hole, and the mark holds."""
    if mark.seq == 0:
        return True
    name = records.row_name(table, mark.seq)
    if name is not None:
        return name == mark.name
    return records.newest_number(table) > mark.seq


def _unknown(table: Pending, frame: pd.DataFrame, lake: Lake) -> pd.DataFrame:
    """The rows whose key the lake does not have."""
    contract = CONTRACTS[table]
    key = list(contract.key)
    known = lake.read(table, columns=key)
    if known.empty:
        return frame
    times = {column.name for column in contract.columns if column.kind == "time"}
    wanted = frame[key].assign(**{name: _time(frame[name]) for name in key if name in times})
    known = known.assign(**{name: _time(known[name]) for name in key if name in times})
    found = wanted.merge(known.drop_duplicates(), on=key, how="left", indicator=True)
    return frame[(found["_merge"] == "left_only").to_numpy()]


def _time(values: pd.Series) -> pd.Series:
    return pd.to_datetime(values, utc=True, errors="coerce").astype("datetime64[ns, UTC]")


def _load(lake: Lake) -> dict[str, dict[str, InboxMark]]:
    """Marks by database and table. Those of before 0.2, which name no database, do not count."""
    content: Mapping[str, Any] = json.loads(lake.note(_MARKS) or "{}")
    return {
        database: {table: InboxMark(**mark) for table, mark in marks.items()}
        for database, marks in content.get("databases", {}).items()
    }


def _save(lake: Lake, every: Mapping[str, Mapping[str, InboxMark]]) -> None:
    content = {
        database: {table: asdict(mark) for table, mark in marks.items()}
        for database, marks in every.items()
    }
    lake.keep_note(_MARKS, json.dumps({"databases": content}))
