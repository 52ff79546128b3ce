"""Recommendations over HTTP and in batch, on a small shop with real stores."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from features.contracts import fingerprint
from features.recommendation import interactions
from features.settings import Settings
from models.base import ModelError, Release
from models.recommendation import Recommender
from models.registry import Run
from serving.app import create_app
from serving.live import Live
from serving.recommendation import score
from serving.recommendation.answering import Ask, Touch, recommend, similar, trending
from serving.recommendation.shelf import Shelf, build

NOW = datetime(2024, 5, 1, tzinfo=UTC)
START = pd.Timestamp("2024-03-01", tz="UTC")
TEA, PETS = ("tea", "milk", "sugar", "lemon"), ("kibble", "leash", "bowl", "toy")
ONCE = "oven"  # bought by everybody, by nobody twice
NEW, GONE = "matcha", "absinthe"
PRODUCTS = (*TEA, *PETS, ONCE, NEW, GONE)


def tables(folder: Path) -> Path:
    """Twelve people in two countries, two tastes; one warehouse for each country."""
    folder.mkdir()
    rows = []
    for person in range(12):
        taste, market = (TEA, "DE") if person < 6 else (PETS, "FR")
        mine = [product for i, product in enumerate(taste) if i != person % 4]
        rows += [(person, market, week * 7, product) for week in range(8) for product in mine]
        rows.append((person, market, 3, ONCE))
        rows += [(person, market, 10, GONE)] * (person < 3)
    lines = pd.DataFrame(rows, columns=["person", "market", "day", "product_id"])
    moment = START + pd.to_timedelta(lines["day"], unit="D")
    pd.DataFrame(
        {
            "order_id": lines["person"].astype(str) + "-" + lines["day"].astype(str),
            "line_no": lines.groupby(["person", "day"]).cumcount(),
            "ordered_at": moment,
            "customer_id": "c" + lines["person"].astype(str).str.zfill(2),
            "product_id": lines["product_id"],
            "warehouse_id": "w" + lines["market"],
            "quantity": 1.0,
            "unit_price": 2.0,
            "currency": "EUR",
            "market": lines["market"],
        }
    ).to_parquet(folder / "orders.parquet")
    pd.DataFrame(
        {
            "product_id": PRODUCTS,
            "title": [name.title() for name in PRODUCTS],
            "category": ["food/drink"] * 4 + ["pets"] * 4 + ["kitchen"] + ["food/drink"] * 2,
            "brand": ["acme", "bold"] * 5 + ["acme"],
            "price": [float(i + 1) for i in range(len(PRODUCTS))],
            "discontinued_on": [None] * 10 + ["2024-04-15"],
        }
    ).to_csv(folder / "products.csv", index=False)
    pd.DataFrame(
        {
            "warehouse_id": ["wDE", "wFR"],
            "country": ["DE", "FR"],
            "serves": ["DE|AT", "FR"],
        }
    ).to_csv(folder / "warehouses.csv", index=False)
    stock = [
        (w, p, 0 if (w, p) == ("wDE", "lemon") else 50)
        for w in ("wDE", "wFR")
        for p in PRODUCTS[:9]
    ]
    pd.DataFrame(stock, columns=["warehouse_id", "product_id", "on_hand"]).assign(
        observed_at="2024-04-18T06:00:00Z", reserved=1
    ).to_csv(folder / "stock.csv", index=False)
    return folder


def register(live: Live) -> None:
    frame = interactions(live.lake.read("orders", as_of=NOW), live.lake.read("events", as_of=NOW))
    model = Recommender(factors=8).fit(frame)
    sample = pd.DataFrame({"customer_id": ["c01"], "limit": [3]})
    run_id = live.registry.log(Run("recommendation", "test", {}, {}, {}, None, {}))
    release = Release(
        row="recommendation",
        version="",
        model=model,
        features={},
        contract=fingerprint({}),
        cut_off=NOW,
        metrics={},
        policy={},
        sample=sample,
        expected=model.predict(sample),
    )
    live.registry.promote("recommendation", live.registry.register(run_id, release))
    live.refresh()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    home = tmp_path_factory.mktemp("recommendation")
    live = Live(Settings(home=home / "home", auth=False, reload_seconds=3600))
    live.lake.ingest(tables(home / "tables"))
    live.store.materialize(NOW)
    live.records.migrate()
    register(live)
    yield live
    live.stop()


@pytest.fixture(scope="module")
def shelf(live: Live) -> Shelf:
    return build(live, live.release("recommendation"), NOW)


@pytest.fixture(scope="module")
def client(live: Live) -> TestClient:
    return TestClient(create_app(live.settings, live))


def ids(answer: Any) -> list[str]:
    return [item.product_id for item in answer.items]


def shown(client: TestClient, **body: object) -> Mapping[str, Any]:
    reply = client.post("/v1/recommendations", json=body)
    assert reply.status_code == 200, reply.text
    answer: Mapping[str, Any] = reply.json()
    return answer


def products(answer: Mapping[str, Any]) -> list[str]:
    return [item["product_id"] for item in answer["items"]]


SELLABLE = set(PRODUCTS) - {GONE}


def test_a_customer_gets_the_taste_that_can_be_shipped(shelf: Shelf) -> None:
    answer = recommend(shelf, Ask(customer_id="c01", ship_to="DE", limit=3))
    assert answer.served_by == "personal"
    assert set(ids(answer)) <= {*TEA} - {"lemon"}, "lemon is out of stock in Germany"
    assert all(item.warehouse_id == "wDE" and item.on_hand for item in answer.items)


def test_what_nobody_buys_twice_is_not_shown_to_who_has_it(shelf: Shelf) -> None:
    assert ONCE not in ids(recommend(shelf, Ask(customer_id="c01", limit=20)))
    assert ONCE in ids(recommend(shelf, Ask(customer_id="somebody", limit=20)))


def test_new_only_shows_nothing_bought_before(shelf: Shelf) -> None:
    found = ids(recommend(shelf, Ask(customer_id="c01", limit=20, new_only=True)))
    assert set(found) == SELLABLE - {"tea", "sugar", "lemon", ONCE} | {"milk"}


def test_each_step_of_the_chain(shelf: Shelf) -> None:
    view = (Touch("toy", "view"),)
    for ask, served_by in (
        (Ask(customer_id="c01", session=view), "personal"),
        (Ask(customer_id="somebody", session=view), "session"),
        (Ask(visitor_id="v", cart=("toy",)), "cart"),
        (Ask(market="FR"), "market_trending"),
        (Ask(market="XX", in_stock_only=False), "global_trending"),
        (Ask(session=(Touch("unheard of", "view"),)), "global_trending"),
    ):
        answer = recommend(shelf, ask)
        assert (answer.served_by, answer.degraded) == (served_by, "")
        assert answer.items
    assert ids(recommend(shelf, Ask(market="FR")))[0] in PETS
    session = ids(recommend(shelf, Ask(session=view, limit=4)))
    assert set(session) == set(PETS)
    cart = ids(recommend(shelf, Ask(cart=("toy",), limit=3)))
    assert set(cart) == set(PETS) - {"toy"}


def test_where_nothing_ships_nothing_is_shown(shelf: Shelf) -> None:
    assert ids(recommend(shelf, Ask(ship_to="JP"))) == []
    assert set(ids(recommend(shelf, Ask(ship_to="AT", limit=50)))) == SELLABLE - {"lemon"}


def test_filters(shelf: Shelf) -> None:
    everything: dict[str, Any] = {"limit": 50}
    assert set(ids(recommend(shelf, Ask(category=("food",), **everything)))) == {*TEA, NEW}
    assert set(ids(recommend(shelf, Ask(category=("food/drink", "pets"), **everything)))) == {
        *TEA, *PETS, NEW,
    }  # fmt: skip
    assert ids(recommend(shelf, Ask(category=("foo",), **everything))) == []
    brand = ids(recommend(shelf, Ask(brand=("bold",), category=("pets",), **everything)))
    assert set(brand) == {"leash", "toy"}
    priced = ids(recommend(shelf, Ask(price_min=2.0, price_max=3.0, **everything)))
    assert set(priced) == {"milk", "sugar"}


def test_diversity_spreads_over_categories(shelf: Shelf) -> None:
    plain = ids(recommend(shelf, Ask(customer_id="c01", limit=4)))
    mixed = ids(recommend(shelf, Ask(customer_id="c01", limit=4, diversity=0.75)))
    kinds = {product: shelf.categories.code[shelf.place[product]] for product in PRODUCTS}
    assert len({kinds[product] for product in mixed}) > len({kinds[product] for product in plain})
    assert len(mixed) == 4
    everything = ids(recommend(shelf, Ask(customer_id="c01", limit=50, diversity=1.0)))
    assert set(everything) == SELLABLE - {ONCE}


def test_similar_bought_together_and_trending(shelf: Shelf) -> None:
    for together, served_by in ((False, "similar_to"), (True, "bought_together")):
        answer = similar(shelf, "tea", Ask(limit=3), together=together)
        assert answer.served_by == served_by
        assert "tea" not in ids(answer)
        assert set(ids(answer)) <= {*TEA, ONCE}
        assert answer.items[0].reason.product_id == "tea"
        everything = similar(shelf, "tea", Ask(limit=50), together=together)
        assert sorted(ids(everything)) == sorted(SELLABLE - {"tea"})
    assert similar(shelf, NEW, Ask(limit=3)).served_by == "same_category"
    assert set(ids(similar(shelf, NEW, Ask(limit=4)))) == set(TEA)
    assert similar(shelf, "unheard of", Ask()).items
    assert ids(trending(shelf, Ask(market="FR", limit=1)))[0] in PETS


@given(
    customer=st.sampled_from(["c00", "c07", "somebody", None]),
    session=st.lists(
        st.tuples(
            st.sampled_from([*PRODUCTS, "unheard of"]),
            st.sampled_from(["view", "cart", "purchase", "hide"]),
        ),
        max_size=4,
    ),
    recent=st.lists(
        st.tuples(st.sampled_from(PRODUCTS), st.sampled_from(["view", "purchase", "hide"])),
        max_size=4,
    ),
    cart=st.lists(st.sampled_from(PRODUCTS), max_size=2),
    exclude=st.lists(st.sampled_from(PRODUCTS), max_size=4),
    ship_to=st.sampled_from(["DE", "FR", "JP", None]),
    limit=st.integers(1, 15),
    diversity=st.sampled_from([0.0, 0.5, 1.0]),
    price_max=st.sampled_from([None, 5.0]),
)
@tried(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_may_be_shown_is_and_nothing_else(
    shelf: Shelf,
    customer: str | None,
    session: list[tuple[str, str]],
    recent: list[tuple[str, str]],
    cart: list[str],
    exclude: list[str],
    ship_to: str | None,
    limit: int,
    diversity: float,
    price_max: float | None,
) -> None:
    ask = Ask(
        customer_id=customer,
        session=tuple(Touch(*touch) for touch in session),
        cart=tuple(cart),
        exclude=tuple(exclude),
        ship_to=ship_to,
        limit=limit,
        diversity=diversity,
        price_max=price_max,
    )
    sent = [{"product_id": p, "kind": k, "occurred_at": NOW} for p, k in recent]
    answer = recommend(shelf, ask, recent=sent, now=NOW)
    out = {*cart, *exclude, GONE}
    out |= {p for p, k in [*session, *recent] if k in {"hide", "purchase"}}
    out |= {ONCE} if customer in {"c00", "c07"} else set()
    out |= {"lemon"} if ship_to == "DE" else set()
    out |= set(PRODUCTS) if ship_to == "JP" else set()
    out |= set(PRODUCTS[5:]) if price_max else set()
    allowed = set(PRODUCTS) - out
    found = ids(answer)
    assert set(found) <= allowed
    assert len(found) == len(set(found)) == min(limit, len(allowed))
    scores = [item.score for item in answer.items]
    assert scores == sorted(scores, reverse=True)
    assert recommend(shelf, ask, recent=sent, now=NOW) == answer


def test_without_a_model_best_sellers_degraded(live: Live) -> None:
    bare = build(live, None, NOW)
    for answer in (
        recommend(bare, Ask(customer_id="c01", limit=50)),
        trending(bare, Ask(limit=50)),
    ):
        assert answer.degraded == "no_model"
        assert set(ids(answer)) == SELLABLE
    assert set(ids(similar(bare, "tea", Ask(limit=50)))) == SELLABLE - {"tea"}


def test_an_answer_over_http(client: TestClient) -> None:
    answer = shown(client, customer_id="c01", ship_to="DE", limit=2, explain=True)
    assert answer["served_by"] == "personal"
    assert answer["degraded"] is False
    assert answer["model_version"] == "1"
    assert answer["recommendation_id"].startswith("rec_")
    first = answer["items"][0]
    assert first["rank"] == 1
    assert first["reasons"][0]["code"] == "buy_again"
    assert first["availability"]["warehouse_id"] == "wDE"
    assert 0 < first["availability"]["on_hand"] < 50, "less what was sold and reserved since"
    assert shown(client, limit=1)["items"][0]["reasons"] == []


def test_filters_and_sessions_over_http(client: TestClient) -> None:
    answer = shown(
        client,
        session=["toy", {"product_id": "bowl", "kind": "cart"}],
        filters={"category": "pets", "price": {"max": 7}},
        explain=True,
    )
    assert answer["served_by"] == "session"
    assert set(products(answer)) == {"kibble", "leash", "bowl"}
    reasons = {item["product_id"]: item["reasons"][0] for item in answer["items"]}
    assert reasons["leash"]["code"] == "session"
    assert reasons["leash"]["product_id"] in {"toy", "bowl"}
    assert reasons["leash"]["product_id"].title() in reasons["leash"]["text"]


def test_an_event_changes_the_next_answer(client: TestClient) -> None:
    who = {"visitor_id": "v-events"}
    assert shown(client, **who)["served_by"] == "global_trending"
    event = {"event_id": "v1", "kind": "view", "product_id": "toy", **who}
    reply = client.post("/v1/events", json={"events": [event]})
    assert reply.status_code == 202
    assert reply.json()["results"] == [
        {"index": 0, "event_id": "v1", "status": "accepted", "errors": []}
    ]
    answer = shown(client, **who, limit=4)
    assert answer["served_by"] == "session"
    assert set(products(answer)) == set(PETS)
    for kind in ("hide", "purchase"):
        hidden = {"event_id": kind, "kind": kind, "product_id": products(answer)[0], **who}
        assert client.post("/v1/events", json={"events": [hidden]}).status_code == 202
        gone = products(answer)[0]
        answer = shown(client, **who, limit=20)
        assert gone not in products(answer)


def test_events_have_a_result_each_and_count_once(client: TestClient, live: Live) -> None:
    good = {
        "event_id": "once",
        "occurred_at": "2024-04-30T10:00:00+02:00",
        "kind": "cart",
        "product_id": "tea",
        "customer_id": "c-once",
    }
    bad = [
        good | {"kind": "buy"},
        {key: value for key, value in good.items() if key != "customer_id"},
        good | {"occurred_at": "2024-04-30T10:00:00"},
        good | {"quantity": 3},
    ]
    reply = client.post("/v1/events", json={"events": [good, *bad, good]}).json()
    statuses = [result["status"] for result in reply["results"]]
    assert statuses == ["accepted", *["rejected"] * 4, "duplicate"]
    assert (reply["accepted"], reply["duplicates"], reply["rejected"]) == (1, 1, 4)
    assert "visitor_id or customer_id" in reply["results"][2]["errors"][0]
    assert "append Z" in reply["results"][3]["errors"][0]
    again = client.post("/v1/events", json={"events": [good]}).json()
    assert again["results"][0]["status"] == "duplicate"
    kept = live.records.recent_events(None, "c-once")
    assert [event["occurred_at"] for event in kept] == [datetime(2024, 4, 30, 8, tzinfo=UTC)]


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 0},
        {"limit": 101},
        {"market": "Germany"},
        {"customer": "c01"},
        {"filters": {"colour": "red"}},
        {"diversity": 2},
    ],
)
def test_a_request_that_is_wrong_is_told_so(client: TestClient, body: dict[str, object]) -> None:
    reply = client.post("/v1/recommendations", json=body)
    assert reply.status_code == 422
    assert reply.json()["code"] == "invalid_request"
    assert client.post("/v1/events", json={"events": []}).status_code == 422


def test_the_other_routes(client: TestClient) -> None:
    for path in ("products/tea/similar", "products/tea/bought-together", "trending?market=FR"):
        reply = client.get(f"/v1/{path}{'&' if '?' in path else '?'}limit=2")
        assert reply.status_code == 200
        assert len(reply.json()["items"]) == 2
    pets = client.get("/v1/trending?category=pets&limit=50").json()
    assert set(products(pets)) == set(PETS)


def test_the_batch_is_the_api(live: Live, client: TestClient) -> None:
    frame = score(live, NOW, limit=3)
    assert list(frame.columns) == ["customer_id", "product_id", "rank", "score", "reason"]
    assert frame["customer_id"].nunique() == 12
    assert (frame.groupby("customer_id").size() == 3).all()
    for customer, market in (("c02", "DE"), ("c08", "FR")):
        mine = frame[frame["customer_id"] == customer]
        answer = shown(client, customer_id=customer, market=market, limit=3, explain=True)
        assert mine["product_id"].tolist() == products(answer)
        np.testing.assert_allclose(
            mine["score"], [item["score"] for item in answer["items"]], atol=1e-6
        )
        assert mine["reason"].tolist() == [i["reasons"][0]["code"] for i in answer["items"]]
    new = score(live, NOW, limit=20, new_only=True)
    assert not {"tea", "sugar", ONCE} & set(new.loc[new["customer_id"] == "c01", "product_id"])


def test_a_batch_without_a_model_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(ModelError, match="recommendation"):
        score(Live(settings), NOW)
