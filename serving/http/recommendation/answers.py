"""An answer as JSON over HTTP."""

from typing import Any

import orjson
from fastapi import Response


def response(content: dict[str, Any]) -> Response:
    """The content as a JSON response."""
    return Response(orjson.dumps(content), media_type="application/json")
