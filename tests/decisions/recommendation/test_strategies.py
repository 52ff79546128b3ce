"""Lists of one kind: bought again, looked at, new, on sale; and a page without repeats."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data.storefront import Event, Trail
from decisions.recommendation.build_index import _on_sale, build
from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.query import NO_VISIT, ProductQuery, SessionTouch, Visit
from decisions.recommendation.recommend import recommend
from decisions.recommendation.strategies import STRATEGIES, with_strategy
from decisions.recommendation.visits import visit
from decisions.runtime import Runtime

NOW = datetime(2024, 5, 1, tzinfo=UTC)
ANNA = ProductQuery(customer_id="c01", limit=20)
HERS = {"tea", "sugar", "lemon"}  # c01 buys these every week; lemon has run out


@pytest.fixture(scope="module")
def index(small_shop: Runtime) -> ProductIndex:
    return build(small_shop, small_shop.release("recommendation"), NOW)


def shown(index: ProductIndex, strategy: str, seen: Visit = NO_VISIT, **more: Any) -> list[str]:
    query = with_strategy(replace(ANNA, **more), strategy)
    return [item.product_id for item in recommend(index, query, seen).items]


def test_buy_again_is_what_the_person_bought_and_needs_again(index: ProductIndex) -> None:
    assert set(shown(index, "buy_again")) == HERS - {"lemon"}
    assert set(shown(index, "buy_again", in_stock_only=False)) == HERS
    assert shown(index, "buy_again", customer_id="somebody") == []
    assert shown(index, "buy_again", exclude=tuple(HERS)) == []


def test_discover_is_what_the_person_did_not_buy(index: ProductIndex) -> None:
    found = shown(index, "discover")
    assert found
    assert not set(found) & HERS


def test_recently_viewed_is_in_order_and_without_what_was_bought_since(index: ProductIndex) -> None:
    trail = Trail(
        touches=(
            Event("toy", "purchase", NOW - timedelta(days=2)),
            Event("bowl", "view", NOW - timedelta(days=3)),
            Event("toy", "view", NOW - timedelta(days=4)),
            Event("kibble", "cart", NOW - timedelta(days=5)),
        )
    )
    seen = visit(index, ANNA, trail)
    assert shown(index, "recently_viewed", seen) == ["bowl", "kibble"]
    session = (SessionTouch("leash", "view"), SessionTouch("oven", "hide"))
    assert shown(index, "recently_viewed", seen, session=session) == ["leash", "bowl", "kibble"]
    assert shown(index, "recently_viewed") == []


def test_new_and_on_sale_show_nothing_else(index: ProductIndex) -> None:
    mask = np.isin(index.products, ["toy", "bowl"])
    assert set(shown(replace(index, fresh=mask, shared={}), "new")) == {"toy", "bowl"}
    assert set(shown(replace(index, on_sale=mask, shared={}), "on_sale")) == {"toy", "bowl"}
    assert shown(index, "on_sale") == []


def test_popular_is_the_same_for_everybody(index: ProductIndex) -> None:
    mine = shown(index, "popular", market="DE", customer_id="somebody")
    assert mine == shown(index, "popular", market="DE", customer_id="c99")


def test_a_promotion_counts_while_it_runs_and_takes_something_off(index: ProductIndex) -> None:
    rows = [
        ("toy", None, "2024-04-20", "2024-05-01", 0.1),
        ("bowl", None, "2024-04-01", "2024-04-30", 0.1),
        ("leash", None, "2024-04-20", "2024-05-10", 0.0),
        (None, "food", "2024-04-20", "2024-05-10", 0.2),
    ]
    names = ["product_id", "category", "starts_on", "ends_on", "discount"]
    promotions = pd.DataFrame(rows, columns=names)
    for name in ("starts_on", "ends_on"):
        promotions[name] = pd.to_datetime(promotions[name], utc=True)
    found = _on_sale(promotions, index.place, index.categories, NOW)
    on = {index.products[at] for at in np.flatnonzero(found)}
    assert {"toy", "tea", "milk"} <= on
    assert not on & {"bowl", "leash", "oven"}


def test_the_question_s_own_strategy_comes_first() -> None:
    assert with_strategy(replace(ANNA, strategy="new"), "popular").strategy == "new"
    assert with_strategy(ANNA, None) == ANNA
    assert with_strategy(ANNA, "discover").new_only
    assert len(STRATEGIES) == 7


def test_a_page_shows_no_product_twice(shop_client: TestClient) -> None:
    lists = [
        {"placement": "home", "limit": 3},
        {"strategy": "buy_again", "limit": 3},
        {"strategy": "similar", "product_id": "kibble", "limit": 2},
        {"strategy": "popular", "limit": 10},
    ]
    body = {"customer_id": "c01", "ship_to": "DE", "lists": lists, "explain": True}
    answer = shop_client.post("/v1/recommendations:page", json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()["lists"]
    products = [[item["product_id"] for item in each["items"]] for each in found]
    every = [product for each in products for product in each]
    assert len(every) == len(set(every))
    assert set(products[1]) <= HERS
    assert "kibble" not in products[2]
    assert len({each["recommendation_id"] for each in found}) == 4
    assert found[0]["placement"] == "home"


def test_a_placement_has_a_strategy(shop_client: TestClient) -> None:
    kept = shop_client.put("/v1/placements/again", json={"strategy": "buy_again"}).json()
    assert kept["strategy"] == "buy_again"
    body = {"customer_id": "c01", "placement": "again"}
    items = shop_client.post("/v1/recommendations", json=body).json()["items"]
    assert {item["product_id"] for item in items} <= HERS
    wide = shop_client.post("/v1/recommendations", json={**body, "strategy": "popular"}).json()
    assert len(wide["items"]) > len(HERS)
    shop_client.delete("/v1/placements/again")
    faulty = shop_client.put("/v1/placements/again", json={"strategy": "odd"})
    assert faulty.status_code == 422


@pytest.mark.parametrize(
    "lists", [[], [{"strategy": "similar"}], [{"product_id": "tea"}], [{"odd": 1}]]
)
def test_a_page_without_sense_is_refused(shop_client: TestClient, lists: list[Any]) -> None:
    assert shop_client.post("/v1/recommendations:page", json={"lists": lists}).status_code == 422
