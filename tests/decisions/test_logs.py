"""Log lines are JSON and name no person."""

import json
import logging
import sys
from datetime import datetime

from decisions.logs import JsonFormatter


def test_a_log_line_is_one_json_object() -> None:
    record = logging.LogRecord("argosy.access", logging.INFO, "", 0, "answered %s", ("it",), None)
    record.fields = {"route": "/healthz", "ms": 0.2}
    line = JsonFormatter().format(record)
    assert "\n" not in line
    parsed = json.loads(line)
    assert datetime.fromisoformat(parsed.pop("time")).tzinfo is not None
    assert parsed == {
        "level": "info",
        "logger": "argosy.access",
        "message": "answered it",
        "route": "/healthz",
        "ms": 0.2,
    }


def test_an_exception_is_named_not_quoted() -> None:
    try:
        raise ValueError("ann@example.com")
    except ValueError:
        record = logging.LogRecord("argosy", logging.ERROR, "", 0, "bad", (), sys.exc_info())
    line = JsonFormatter().format(record)
    assert json.loads(line)["error"] == "ValueError"
    assert "ann@" not in line
