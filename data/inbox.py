"""From the records to the lake: what came in over HTTP becomes rows of the merchant's tables."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from data.lake import Lake
from data.records import Pending, Records, open_records
from data.settings import Settings

TABLES: tuple[Pending, ...] = ("events", "chargebacks", "payments")


def absorb_records(settings: Settings, lake: Lake) -> Mapping[str, int]:
    """Open the records that the settings name and `absorb` them into the lake."""
    records = open_records(settings)
    try:
        return absorb(records, lake)
    finally:
        records.close()


def absorb(records: Records, lake: Lake) -> Mapping[str, int]:
    """Put what the records hold and the lake does not yet into the lake; table -> rows put in.

    A file of watermarks in the lake's folder says how far each table is taken. It is written after
    the rows are in: a crash between the two puts the same rows in again, which changes nothing.
    A payment that the lake knows already stays as it is: the merchant's own row has its outcome.
    """
    file = lake.folder / "absorbed.json"
    marks = json.loads(file.read_text()) if file.exists() else {}
    taken: dict[str, int] = {}
    for table in TABLES:
        frame, mark = records.pending(table, after=marks.get(table, 0))
        if table == "payments" and len(frame):
            frame = _unknown(frame, lake)
        if len(frame):
            lake.append(table, frame)
        taken[table] = len(frame)
        if mark > marks.get(table, 0):
            marks[table] = mark
            _save(file, marks)
    return taken


def _unknown(payments: pd.DataFrame, lake: Lake) -> pd.DataFrame:
    known = set(lake.read("payments", columns=["payment_id"])["payment_id"])
    return payments[~payments["payment_id"].isin(known)]


def _save(file: Path, marks: Mapping[str, int]) -> None:
    draft = file.with_suffix(".part")
    with draft.open("w") as out:
        json.dump(marks, out)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
