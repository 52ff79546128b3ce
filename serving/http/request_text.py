"""Texts that no store can keep are refused at the door: control characters, lone surrogates, and
bodies in any encoding but UTF-8."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.types import Scope

from serving.http.errors import FieldFault, Problem

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
# In JSON such characters can only stand escaped; a body without these bytes holds none.
_SUSPECT = re.compile(rb"\\(?:[bf]|u(?:00[01]|[dD][89a-fA-F]))")
_UNKEPT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def refuse_control_characters(scope: Scope) -> None:
    """Raise Problem 422 when the path or the query holds a control character.

    scope: the ASGI scope of the request.
    """
    for place, raw in (("path", scope.get("raw_path") or b""), ("query", scope["query_string"])):
        if b"%" in raw and _CONTROL.search(unquote_to_bytes(raw.replace(b"+", b" "))):
            fault = FieldFault("/", "a control character; leave it out", place)
            raise _refused(fault)


def refuse_unkept_text(body: bytes) -> None:
    """Raise Problem 400 or 422 when the JSON body holds what no store can keep.

    body: the whole body. Control characters (but tab, line feed and return) and surrogates
    without their other half are refused; the field is told, never the text. A body that
    is not UTF-8 is no JSON (RFC 8259, section 8.1): Python's own reader would take UTF-16, and
    surrogates as bytes.
    """
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise _no_text(error.start) from None
    if b"\x00" in body:
        raise _no_text(body.index(b"\x00"))
    if _SUSPECT.search(body) is None:
        return
    try:
        whole = json.loads(body)
    except ValueError:
        return  # the route says what is wrong with it
    if pointer := _unkept(whole, ""):
        raise _refused(FieldFault(pointer, "a control character or half a surrogate pair"))


def _unkept(value: Any, pointer: str) -> str:
    """Where a text is that cannot be kept, as a JSON pointer; empty where there is none."""
    if isinstance(value, str):
        return (pointer or "/") if _UNKEPT.search(value) else ""
    if isinstance(value, Mapping):
        named = next((f"{pointer}/(a name)" for name in value if _UNKEPT.search(name)), "")
        inner = (_unkept(each, f"{pointer}/{name}") for name, each in value.items())
        return named or next(filter(None, inner), "")
    if isinstance(value, list):
        items = (_unkept(each, f"{pointer}/{place}") for place, each in enumerate(value))
        return next(filter(None, items), "")
    return ""


def _no_text(place: int) -> Problem:
    return Problem(400, "malformed_json", f"The body is not JSON: it is not UTF-8 (byte {place}).")


def _refused(fault: FieldFault) -> Problem:
    told = f"Not valid: {fault.place}: {fault.message}."
    return Problem(422, "invalid_request", told, fields=[fault])
