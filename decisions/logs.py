"""Log lines as JSON, one a line, on standard error; no personal fields."""

import logging
import traceback
from datetime import UTC, datetime
from typing import Any

import orjson

_DEFECTS = logging.getLogger("argosy.defects")


class JsonFormatter(logging.Formatter):
    """A record as one JSON object, its `fields` among the rest."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__qualname__
        return orjson.dumps(line, default=str).decode()


def config(*, access: bool = True) -> dict[str, Any]:
    """A `logging.config` dictionary; access: whether each request has a line."""
    ours = {"handlers": ["stderr"], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "loggers": {
            "argosy": {**ours, "level": "INFO"},
            "argosy.access": {**ours, "level": "INFO" if access else "WARNING"},
            "uvicorn": {**ours, "level": "WARNING"},
        },
    }


def log_defect(error: BaseException, where: str) -> None:
    """Where it broke, without the message: messages quote values, and values may be personal.

    where: the id of the request, or the name of the work.

    error: what was raised.
    """
    frames = [
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    fields = {"request_id": where, "error": type(error).__qualname__, "frames": frames}
    _DEFECTS.error("a defect", extra={"fields": fields})
