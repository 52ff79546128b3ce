"""Ids with a slash in a path: `a%2Fb` is one id, not two parts of an address.

A server decodes the path before it is routed, and an escaped slash would part it. Here it travels
through the routing as a character that no id has, and is a slash again in the parameter.
"""

import re
from urllib.parse import quote, unquote

from starlette.convertors import PathConvertor, StringConvertor, register_url_convertor
from starlette.types import ASGIApp, Receive, Scope, Send

STAND_IN = "\ue000"  # of Unicode's private use
_ESCAPED = re.compile(rb"%2f", re.IGNORECASE)


class EscapedSlashes:
    """Middleware that keeps escaped slashes of the path from parting it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its path decoded but for escaped slashes."""
        raw = (scope.get("raw_path") or b"").split(b"?")[0]
        if scope["type"] == "http" and b"%" in raw:
            kept = _ESCAPED.sub(quote(STAND_IN).encode(), raw)
            scope = {**scope, "path": unquote(kept.decode("ascii"))}
        await self._app(scope, receive, send)


class _SegmentConvertor(StringConvertor):
    def convert(self, value: str) -> str:
        return value.replace(STAND_IN, "/")


class _PathConvertor(PathConvertor):
    def convert(self, value: str) -> str:
        return value.replace(STAND_IN, "/")


def read_escaped_slashes() -> None:
    """Give path parameters their slashes back; before routes are made, as often as one likes."""
    register_url_convertor("str", _SegmentConvertor())
    register_url_convertor("path", _PathConvertor())
