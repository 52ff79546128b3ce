"""What is done on the command line stands in the audit log, too."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data.records import Records
    from data.settings import Settings


def note_command(records: Records, action: str, target: Mapping[str, str]) -> None:
    """Write down that the user of this machine did something.

    records: the database of the service; action: the command; target: to what, by name -> id.
    """
    records.audit.add("command line", user(), action, target)


def note_with(settings: Settings, action: str, target: Mapping[str, str]) -> None:
    """`note_command` where no records are open.

    settings: that name the database; action: the command; target: to what.
    """
    from data.records import open_records

    records = open_records(settings)
    try:
        note_command(records, action, target)
    finally:
        records.close()


def user() -> str:
    """The name of the user; a process in a container may have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
