"""Errors that are nobody's fault but ours: their details are kept in a file, to be reported."""

import os
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path


def keep_defect(error: BaseException, home: Path) -> str:
    """Keep the details of an unexpected error; the sentence that a user is told.

    error: as it was raised; home: the ARGOSY_HOME, under which the file is kept in `defects`; where
    that cannot be written, the file is a temporary one.
    """
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    text = "".join(traceback.format_exception(error))
    try:
        file = home / "defects" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    except OSError:
        file = Path(tempfile.gettempdir()) / f"argosy-defect-{name}"
        file.write_text(text)
    first = str(error).splitlines()
    told = type(error).__name__ + (f": {first[0]}" if first else "")
    return f"this is a defect of Argosy ({told}); please report it with the file {file}"
