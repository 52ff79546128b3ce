"""The lake: the merchant's tables, validated, as Parquet files under one folder.

A folder of tables is ingested whole or not at all: all its tables change in one moment, when the
manifest is replaced. Rows are put in by key, a newer row over the older one as a whole. Bad rows go
to `quarantine/<table>/`, one CSV file for each file that had some; they stay until somebody deletes
that file, and a corrected row simply comes in with the next ingest. Where more than `max_bad_share`
of one file is bad, nothing of the whole folder is ingested: half a folder would be a lie.

In one file, equal rows count once; different rows with one key are all faults, because nobody can
say which is right. Files of one table's folder (`orders/*.parquet`) are taken in name order: a row
of a later file corrects that of an earlier one.
"""

from data.lake.lake import Lake, open_lake
from data.lake.quarantine import FaultExample, RowFault
from data.lake.reports import (
    DamagedFileError,
    EmptyLakeError,
    IngestReport,
    LakeError,
    RefusedError,
    StructureError,
    TableReport,
    TableStatus,
    UnknownTableError,
)

__all__ = [
    "DamagedFileError",
    "EmptyLakeError",
    "FaultExample",
    "IngestReport",
    "Lake",
    "LakeError",
    "RefusedError",
    "RowFault",
    "StructureError",
    "TableReport",
    "TableStatus",
    "UnknownTableError",
    "open_lake",
]
