"""Requests that are nearly right: an operation's example with one value in it gone wrong."""

import copy
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

TEXTS: tuple[str, ...] = (
    "", " ", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "a\nb", "a\r\nx: y", "\x1b[31m", "\u202e",
    "%00", "%ED%A0%80", "../../etc/passwd", "a/b", "a%2Fb", "=1+1", "+1", "-1", "@SUM(A1)",
    "'; drop table x; --", '"', "\\", "{{7*7}}", "${x}", "<script>", "é" * 64, "e\u0301", "\ufeff",
    "x" * 129, "x" * 5_000, "9" * 400, "4111 1111 1111 1111", "NaN", "Infinity", "null", "true",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1899-12-31T00:00:00Z", "2262-05-01T00:00:00Z",
    "2099-01-01T00:00:00Z", "2017-12-31T00:00:00", "2017-12-31", "2017-02-30T00:00:00Z",
    "2017-12-31T23:59:60Z", "2017-12-31T00:00:00+14:01", "-1-01-01", "DE", "de", "XX", "EUR", "eur",
    "abc", "[1].all(a, [1].all(b, a > b))", "1 / 0 > 0", "(" * 500, "amount_base > 0.0",
)  # fmt: skip
NUMBERS: tuple[Any, ...] = (
    0, -0.0, 1, -1, 0.5, 1e-320, 1e308, -1e308, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400,
    float("nan"), float("inf"), float("-inf"), 0.1 + 0.2,
)  # fmt: skip
OTHERS: tuple[Any, ...] = (
    None, True, False, [], {}, [[]], [None], {"": None}, {"x": {"y": 1}}, [0] * 1_001,
)  # fmt: skip
VALUES: tuple[Any, ...] = (*TEXTS, *NUMBERS, *OTHERS)
ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig")
HEADERS: tuple[tuple[str, str], ...] = (
    ("Idempotency-Key", "x" * 256), ("Idempotency-Key", "a"), ("X-Request-Id", "x" * 300),
    ("Content-Type", "text/plain"), ("Content-Type", ""), ("Accept", "text/csv"),
    ("Accept", "application/pdf"), ("Host", "evil.example"), ("X-API-Key", "wrong"),
    ("Authorization", "Basic x"), ("Content-Encoding", "gzip"), ("Transfer-Encoding", "gzip"),
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One request. content: the body as it goes out; None where there is none."""

    operation: str
    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None


def requests(described: Mapping[str, Any], count: int, seed: int) -> Iterator[Asked]:
    """Mutated requests, each operation as often as any other.

    described: the OpenAPI description, with examples; count: how many; seed: of the choices.
    """
    draw = random.Random(seed)
    operations = [
        (path, method, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    for number in range(count):
        yield _mutated(*operations[number % len(operations)], draw)


def send(client: httpx.Client, asked: Asked) -> httpx.Response | None:
    """The answer; None where the client itself does not send such a request."""
    try:
        return client.request(
            asked.method, asked.url, headers=dict(asked.headers), content=asked.content
        )
    except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeError, ValueError):
        return None


def is_fault(answer: httpx.Response) -> bool:
    """True unless the server answered as it says it does: of errors of its own only a documented
    503, with the time after which to ask again or a problem that names what is missing."""
    if answer.status_code == 503:
        kind = answer.headers.get("content-type", "")
        return not kind.startswith("application/problem+json") or "code" not in answer.json()
    return answer.status_code >= 500


def _mutated(path: str, method: str, operation: Mapping[str, Any], draw: random.Random) -> Asked:
    query: list[tuple[str, str]] = []
    headers = {"Content-Type": "application/json"}
    body = _example(operation)
    parameters = operation.get("parameters", ())
    kinds = [kind for kind in ("path", "query") if any(p["in"] == kind for p in parameters)]
    kinds += ["body"] * 3 * (body is not None) + ["header", "unknown"]
    wrong = draw.choice(kinds)
    chosen = draw.choice([p for p in parameters if p["in"] == wrong] or [{"name": "nothing"}])
    for parameter in parameters:
        value = parameter.get("example", "x")
        if parameter["name"] == chosen["name"]:
            value = draw.choice(VALUES)
        text = value if isinstance(value, str) else json.dumps(value)
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", _escaped(text))
        elif parameter["in"] == "query" and (
            parameter.get("required") or parameter["name"] == chosen["name"]
        ):
            query.append((parameter["name"], text))
    if wrong == "unknown":
        query.append((draw.choice(TEXTS), draw.choice(TEXTS)))
    if wrong == "header":
        headers |= [draw.choice(HEADERS)]
    if wrong == "body":
        body = _changed(body, draw)
    url = path + ("?" if query else "")
    url += "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in query)
    content = None if body is None else _written(body, draw)
    return Asked(operation["operationId"], method.upper(), url, headers, content)


def _example(operation: Mapping[str, Any]) -> Any:
    """The body that the description shows, or one of nothing where it shows none."""
    if "requestBody" not in operation:
        return None
    (content,) = operation["requestBody"]["content"].values()
    examples = content.get("schema", {}).get("examples") or [content.get("example", {})]
    return copy.deepcopy(examples[0])


def _changed(body: Any, draw: random.Random) -> Any:
    """The body with one leaf, one key or the whole of it gone wrong."""
    places = list(_places(body))
    if not places or draw.random() < 0.1:
        return draw.choice(VALUES)
    holder, key = draw.choice(places)
    if draw.random() < 0.1 and isinstance(holder, dict):
        holder[draw.choice(TEXTS)] = holder.pop(key)
    elif draw.random() < 0.05:
        holder[key] = [copy.deepcopy(holder[key])] * 1_000
    else:
        holder[key] = draw.choice(VALUES)
    return body


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _written(body: Any, draw: random.Random) -> bytes:
    """The body as JSON, lone surrogates and NaN as Python writes them; now and then cut, or in
    another encoding."""
    text = json.dumps(body, ensure_ascii=draw.random() < 0.5)
    encoding = draw.choice(ENCODINGS) if draw.random() < 0.02 else "utf-8"
    content = text.encode(encoding, "surrogatepass")
    return content[: draw.randrange(len(content) + 1)] if draw.random() < 0.03 else content


def _escaped(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")
