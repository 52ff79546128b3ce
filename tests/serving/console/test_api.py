"""The client of the API: keys go along, refusals become sentences, a broken line is tried again."""

import httpx
import pytest

from serving.console.api import ApiClient, ApiError, SignedOutError


def client_of(handler, key="argosy_key"):
    transport = httpx.MockTransport(handler)
    return ApiClient(httpx.AsyncClient(transport=transport, base_url="http://api.test"), key)


def problem(status, **fields):
    return httpx.Response(status, json={"detail": "It cannot be.", "code": "no"} | fields)


@pytest.mark.anyio
async def test_get_sends_the_key_and_leaves_out_what_is_not_given():
    seen = []

    def answer(request):
        seen.append(request)
        return httpx.Response(200, json={"data": []})

    assert await client_of(answer).get("/v1/x", a=1, b=None) == {"data": []}
    assert seen[0].headers["authorization"] == "Bearer argosy_key"
    assert dict(seen[0].url.params) == {"a": "1"}


@pytest.mark.anyio
async def test_without_a_key_no_header_is_sent():
    def answer(request):
        return httpx.Response(200, json={"has": "authorization" in request.headers})

    assert await client_of(answer, key=None).get("/v1/x") == {"has": False}


@pytest.mark.anyio
async def test_a_refusal_is_one_sentence_with_every_fault():
    def answer(request):
        faults = [{"message": "at most 5"}, {"message": "no number"}]
        return problem(422, errors=faults, request_id="r1")

    with pytest.raises(ApiError) as caught:
        await client_of(answer).get("/v1/x")
    assert str(caught.value) == "It cannot be. at most 5 no number"
    assert (caught.value.status, caught.value.code, caught.value.request_id) == (422, "no", "r1")


@pytest.mark.anyio
async def test_a_key_that_is_no_longer_good_signs_out():
    with pytest.raises(SignedOutError):
        await client_of(lambda request: problem(401)).get("/v1/x")


@pytest.mark.anyio
async def test_an_answer_that_is_no_problem_is_told_by_its_status():
    with pytest.raises(ApiError, match="The server answered 502"):
        await client_of(lambda request: httpx.Response(502, text="<html>")).get("/v1/x")


@pytest.mark.anyio
async def test_a_post_whose_line_broke_is_sent_again_under_one_key():
    keys = []

    def answer(request):
        keys.append(request.headers["idempotency-key"])
        if len(keys) == 1:
            raise httpx.ReadError("broken")
        return httpx.Response(200, json={"ok": True})

    assert await client_of(answer).post("/v1/x", {"a": 1}) == {"ok": True}
    assert len(keys) == 2
    assert keys[0] == keys[1]


@pytest.mark.anyio
async def test_a_post_that_was_refused_is_not_sent_again():
    calls = []

    def answer(request):
        calls.append(request)
        return problem(409)

    with pytest.raises(ApiError, match="It cannot be"):
        await client_of(answer).post("/v1/x", {})
    assert len(calls) == 1


@pytest.mark.anyio
async def test_what_took_too_long_is_asked_for_again():
    calls = []

    def answer(request):
        calls.append(request)
        if len(calls) < 3:
            return problem(503, code="too_slow")
        return httpx.Response(200, json={"ok": True})

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://api.test")
    assert await ApiClient(http, None, pause=0.0).get("/v1/x") == {"ok": True}
    assert len(calls) == 3


@pytest.mark.anyio
async def test_a_server_that_is_away_is_told_with_its_address():
    def answer(request):
        raise httpx.ConnectError("refused")

    with pytest.raises(ApiError, match=r"does not answer at http://api\.test") as caught:
        await client_of(answer).get("/v1/x")
    assert caught.value.status == 0


@pytest.mark.anyio
async def test_put_delete_and_files():
    def answer(request):
        if request.method == "DELETE":
            return httpx.Response(204)
        if request.headers["accept"] == "text/csv":
            return httpx.Response(200, text="a,b")
        return httpx.Response(200, json={"put": request.method})

    api = client_of(answer)
    assert await api.put("/v1/x", {}) == {"put": "PUT"}
    assert await api.delete("/v1/x") == {}
    assert await api.get_file("/v1/x", "text/csv") == b"a,b"
