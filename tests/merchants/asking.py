"""Every operation that a shop's server describes, asked with its own example and the shop's ids."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pandas as pd

from tests.merchants.shops import Tables

# Asked last or not at all: they change which model serves, or take somebody out.
_LEFT_OUT = ("promote", "rollback", "delete")
_WORDS = re.compile(r"\{(\w+)(?::path)?\}")


@dataclass(frozen=True)
class Question:
    """One request: `method`, `path` with its query, `body` as JSON or None."""

    operation: str
    method: str
    path: str
    body: Any = None


def questions(
    openapi: Mapping[str, Any], tables: Tables, clock: pd.Timestamp
) -> Iterator[Question]:
    """One request an operation: required parameters and the body's example, in the shop's terms."""
    known = names_of(tables)
    for path, operations in openapi["paths"].items():
        for method, told in operations.items():
            operation = told.get("operationId", f"{method} {path}")
            if method == "delete" or any(word in path for word in _LEFT_OUT):
                continue
            filled = _WORDS.sub(lambda word: quote(known.get(word[1], "x"), safe=""), path)
            wanted = [one for one in told.get("parameters", []) if one.get("in") == "query"]
            query = "&".join(
                f"{one['name']}={quote(known[one['name']], safe='')}"
                for one in wanted
                if one["name"] in known and (one.get("required") or one["name"].endswith("_id"))
            )
            body = _example(openapi, told)
            yield Question(
                operation,
                method.upper(),
                filled + (f"?{query}" if query else ""),
                None if body is None else _in_terms_of(body, known, clock),
            )


def names_of(tables: Tables) -> dict[str, str]:
    """An id that the shop has for each kind; where it has none, one that nobody knows."""
    names = ("product_id", "customer_id", "warehouse_id", "payment_id", "order_id", "supplier_id")
    found: dict[str, str] = {}
    for frame in tables.values():
        for name in (*names, "currency"):
            if name not in found and name in frame and frame[name].notna().any():
                found[name] = str(frame[name].dropna().iloc[-1])
    unknown = dict.fromkeys(names, "nobody-knows") | {"visitor_id": "v-1", "currency": "EUR"}
    return unknown | found | {"placement": "home", "row": "fraud", "use_case": "fraud"}


def _example(openapi: Mapping[str, Any], told: Mapping[str, Any]) -> Any:
    for content in told.get("requestBody", {}).get("content", {}).values():
        if "example" in content:
            return content["example"]
        for example in content.get("examples", {}).values():
            return example.get("value")
        shape = _resolved(openapi, content.get("schema", {}))
        for example in shape.get("examples", []):
            return example
        return {}
    return None


def _resolved(openapi: Mapping[str, Any], shape: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in shape:
        found: Mapping[str, Any] = openapi["components"]["schemas"][
            shape["$ref"].rsplit("/", 1)[-1]
        ]
        return found
    return shape


def _in_terms_of(body: Any, known: Mapping[str, str], clock: pd.Timestamp) -> Any:
    """The example with the shop's ids, its currency, and times just before its clock."""
    if isinstance(body, list):
        return [_in_terms_of(one, known, clock) for one in body]
    if not isinstance(body, dict):
        return body
    changed = {}
    for name, value in body.items():
        if isinstance(value, str) and name.endswith("_at"):
            changed[name] = clock.strftime("%Y-%m-%dT%H:%M:%SZ")
        elif isinstance(value, str) and name in known and name != "payment_id":
            changed[name] = known[name]
        else:
            changed[name] = _in_terms_of(value, known, clock)
    return json.loads(json.dumps(changed))
