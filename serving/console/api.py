"""The console's only way to the product: the HTTP API, asked with the signed-in person's key."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

Answer = dict[str, Any]

_SECONDS = 30.0
_TRIES = 4
_BUSY = {"too_slow", "overloaded"}  # answers that are worth another try


class ApiError(Exception):
    """The API refused or could not answer; the message is a sentence to show.

    status: the HTTP status, 0 when nothing answered; code: the problem's stable name;
    request_id: what to quote to whoever runs the server.
    """

    def __init__(
        self, message: str, *, status: int = 0, code: str = "", request_id: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.request_id = request_id


class SignedOutError(ApiError):
    """The session has ended, or the key is no longer good: sign in again."""


class ApiClient:
    """Asks the API in the name of one key.

    http: a client whose base URL is the API's; key: an API key, None where keys are off; pause:
    seconds to wait before asking again for what took the API too long: it goes on with the work,
    and answers from it; fresh: gives the key of the moment, where it changes.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        key: str | None,
        *,
        pause: float = 1.0,
        fresh: Callable[[], Awaitable[str]] | None = None,
    ) -> None:
        self._http = http
        self._pause = pause
        self._key = key
        self._fresh = fresh

    async def get(self, path: str, **query: Any) -> Answer:
        """The JSON answer of a GET.

        path: below the API's root, such as `/v1/models`; query: parameters, None is left out.
        Raises ApiError, SignedOutError.
        """
        for _ in range(_TRIES - 1):
            try:
                return _json(await self._send("GET", path, query=query))
            except ApiError as error:
                if error.code not in _BUSY:
                    raise
                await asyncio.sleep(self._pause)
        return _json(await self._send("GET", path, query=query))

    async def get_file(self, path: str, media_type: str, **query: Any) -> bytes:
        """The answer of a GET in another form than JSON.

        path: below the API's root; media_type: what to ask for, such as `text/csv`; query:
        parameters, None is left out. Raises ApiError, SignedOutError.
        """
        response = await self._send("GET", path, query=query, headers={"Accept": media_type})
        return response.content

    async def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """The JSON answer of a POST; sent again under the same Idempotency-Key when the line broke.

        path: below the API's root; body: the JSON body. Raises ApiError, SignedOutError.
        """
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        try:
            response = await self._send("POST", path, body=body, headers=headers)
        except ApiError as error:
            if error.status:
                raise
            response = await self._send("POST", path, body=body, headers=headers)
        found: Answer = response.json() if response.content else {}
        return found

    async def put(self, path: str, body: Mapping[str, Any]) -> Answer:
        """The JSON answer of a PUT.

        path: below the API's root; body: the JSON body. Raises ApiError, SignedOutError.
        """
        found: Answer = (await self._send("PUT", path, body=body)).json()
        return found

    async def delete(self, path: str) -> Answer:
        """The JSON answer of a DELETE; empty where there is none. Raises as `get`."""
        response = await self._send("DELETE", path)
        found: Answer = response.json() if response.content else {}
        return found

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        given = {name: value for name, value in (query or {}).items() if value is not None}
        key = self._key if self._fresh is None else await self._fresh()
        shown = {"Authorization": f"Bearer {key}"} if key else {}
        try:
            response = await self._http.request(
                method,
                path,
                params=given,
                json=body,
                headers={**shown, **(headers or {})},
                timeout=_SECONDS,
            )
        except httpx.HTTPError as error:
            raise ApiError(
                f"Argosy does not answer at {self._http.base_url}. Nothing was changed here; "
                "try again, or ask whoever runs the server."
            ) from error
        if response.is_error:
            raise _refusal(response)
        return response


def _json(response: httpx.Response) -> Answer:
    found: Answer = response.json()
    return found


def _refusal(response: httpx.Response) -> ApiError:
    """The problem in an error answer, as a sentence for people."""
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    detail = str(problem.get("detail") or f"The server answered {response.status_code}.")
    faults = [str(fault.get("message", "")) for fault in problem.get("errors", ())]
    sentence = " ".join([detail, *(text for text in faults if text and text not in detail)])
    kind = SignedOutError if response.status_code == 401 else ApiError
    return kind(
        sentence,
        status=response.status_code,
        code=str(problem.get("code", "")),
        request_id=str(problem.get("request_id", "")),
    )
