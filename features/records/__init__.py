"""What the running service must not lose: decisions, events, labels, answers given, API keys.

SQLite (WAL) or PostgreSQL by URL. Every method that writes has written durably when it returns, and
may be called again with the same rows without doubling them. The lake takes events, labels and
payments from here (`pending`).
"""

from features.decisions import (
    ApiKey,
    Decision,
    KeyExistsError,
    Note,
    Reason,
    RecordsError,
    Remembered,
)
from features.records.database import Database, DatabaseError
from features.records.journal import Journal
from features.records.records import Pending, Records

__all__ = [
    "ApiKey",
    "Database",
    "DatabaseError",
    "Decision",
    "Journal",
    "KeyExistsError",
    "Note",
    "Pending",
    "Reason",
    "Records",
    "RecordsError",
    "Remembered",
]
