"""Titles of products: looked up once for all ids, and none where they cannot be read."""

import httpx
import pytest

from serving.console.api import ApiClient
from serving.console.titles import titles_of


def client_of(handler):
    transport = httpx.MockTransport(handler)
    return ApiClient(httpx.AsyncClient(transport=transport, base_url="http://api.test"), "key")


@pytest.mark.anyio
async def test_titles_are_looked_up_once_for_each_product():
    asked = []

    def answer(request):
        asked.append(request.url.params.get_list("ids"))
        return httpx.Response(200, json={"data": [{"product_id": "p1", "title": "Crisps"}]})

    assert await titles_of(client_of(answer), ["p2", "p1", "p2"]) == {"p1": "Crisps"}
    assert asked == [["p1", "p2"]]


@pytest.mark.anyio
async def test_a_page_without_titles_can_still_be_read():
    client = client_of(lambda request: httpx.Response(500, json={"detail": "It broke."}))
    assert await titles_of(client, ["p1"]) == {}
    assert await titles_of(client, []) == {}
