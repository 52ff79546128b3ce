"""Lines of the plan over HTTP."""

from fastapi.testclient import TestClient

from tests.serving.http.replenishment.small_plan import get


def test_filters(client: TestClient) -> None:
    assert [line["product_id"] for line in get(client, product_id="half")["data"]] == ["half"]
    assert get(client, warehouse_id="elsewhere")["data"] == []
    assert get(client, supplier_id="S", ordered=False)["data"][0]["product_id"] == "enough"
    assert all(line["order_quantity"] > 0 for line in get(client, ordered=True)["data"])


def test_pages_join_to_the_whole(client: TestClient) -> None:
    found: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        page = get(client, limit=2, **cursor)
        found += [line["id"] for line in page["data"]]
        cursor = {"cursor": page["next_cursor"]}
    assert not page["has_more"]
    assert found == [line["id"] for line in get(client)["data"]]


def test_a_cursor_of_another_plan_is_refused(client: TestClient) -> None:
    for cursor in ("nonsense", "MiAxLngueA=="):
        answer = client.get("/v1/replenishment/suggestions", params={"cursor": cursor})
        assert answer.status_code == 422
        assert answer.json()["code"] == "invalid_cursor"
        assert answer.json()["errors"][0]["pointer"] == "/cursor"


def test_one_line_by_its_id(client: TestClient) -> None:
    for line in get(client)["data"]:
        assert get(client, f"/{line['id']}")["data"] == line
    missing = client.get("/v1/replenishment/suggestions/W~nothing~S")
    assert missing.status_code == 404
    assert missing.json()["code"] == "unknown_suggestion"
