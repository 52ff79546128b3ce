"""What the running service must not lose: decisions, events, labels, answers given, API keys.

SQLite (WAL) or PostgreSQL by URL. Every method that writes has written durably when it returns, and
may be called again with the same rows without doubling them. The lake takes events, labels and
payments from here (`pending`).
"""

from data.decisions import (
    ApiKey,
    Decision,
    DecisionReason,
    KeyExistsError,
    Note,
    RecordsError,
    Remembered,
)
from data.records.database import Database, DatabaseError
from data.records.journal import Journal
from data.records.records import Pending, Records, open_records

__all__ = [
    "ApiKey",
    "Database",
    "DatabaseError",
    "Decision",
    "DecisionReason",
    "Journal",
    "KeyExistsError",
    "Note",
    "Pending",
    "Records",
    "RecordsError",
    "Remembered",
    "open_records",
]
