"""What happened after training counts in the next answer: purchases, returns, names, erasure."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.storefront import Arm, Event, Experiment, PersonLinks, Trail
from decisions.recommendation.build_index import build, durable_products, newest_stock
from decisions.recommendation.diversify import one_of_each_article
from decisions.recommendation.experiments import assigned
from decisions.recommendation.fallback import first_step
from decisions.recommendation.forgotten import ForgottenPeople
from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.query import ProductQuery, Visit
from decisions.recommendation.recent_activity import returned_products
from decisions.recommendation.recommend import eligibility_case, recommend, similar
from decisions.recommendation.visits import merged_trail, read_visit, visit
from decisions.runtime import Runtime
from models.recommendation import RankedProducts

NOW = datetime(2024, 5, 1, tzinfo=UTC)
ONCE = "oven"  # bought by everybody, by nobody twice


@pytest.fixture(scope="module")
def index(small_shop: Runtime) -> ProductIndex:
    return build(small_shop, small_shop.release("recommendation"), NOW)


def ids(answer: Any) -> list[str]:
    return [item.product_id for item in answer.items]


def bought(product: str, days_ago: float) -> Trail:
    return Trail(touches=(Event(product, "purchase", NOW - timedelta(days=days_ago)),))


def test_what_lasts_and_was_bought_by_event_is_shown_no_more(index: ProductIndex) -> None:
    query = ProductQuery(customer_id="somebody", limit=20)
    assert ONCE in ids(recommend(index, query))
    assert ONCE not in ids(recommend(index, query, visit(index, query, bought(ONCE, 5))))
    # What is bought again and again is back after a day.
    assert "tea" in ids(recommend(index, query, visit(index, query, bought("tea", 5))))


def test_a_newcomers_first_order_makes_the_answer_personal(index: ProductIndex) -> None:
    query = ProductQuery(customer_id="somebody", limit=3)
    seen = visit(index, query, bought("tea", 2))
    assert first_step(eligibility_case(index, query, seen)) == "personal"
    assert set(ids(recommend(index, query, seen))) <= {"tea", "milk", "sugar", "lemon", "matcha"}


def test_what_was_given_back_is_not_for_them_unless_bought_again(index: ProductIndex) -> None:
    activity = replace(index.activity, returned={"c01": frozenset({"tea"})})
    after = replace(index, activity=activity, shared={})
    query = ProductQuery(customer_id="c01", limit=20)
    assert "tea" in ids(recommend(index, query))
    assert "tea" not in ids(recommend(after, query))
    assert "tea" in ids(recommend(after, ProductQuery(customer_id="c02", limit=20)))
    assert "tea" in ids(recommend(after, query, visit(after, query, bought("tea", 3))))


def test_the_last_order_of_a_pair_says_whether_it_was_given_back() -> None:
    orders = pd.DataFrame(
        [
            ("anna", "tea", 1, "returned"),
            ("anna", "pan", 1, "returned"),
            ("anna", "pan", 2, "placed"),
        ],
        columns=["customer_id", "product_id", "day", "status"],
    )
    orders["ordered_at"] = pd.Timestamp(NOW) + pd.to_timedelta(orders.pop("day"), unit="D")
    assert returned_products(orders) == {"anna": frozenset({"tea"})}


def test_the_newest_count_of_a_product_counts() -> None:
    stock = pd.DataFrame(
        [("w", "tea", "2024-04-02", 0.0), ("w", "tea", "2024-04-01", 9.0)],
        columns=["warehouse_id", "product_id", "observed_at", "on_hand"],
    )
    assert newest_stock(stock)["on_hand"].tolist() == [0.0]


def test_without_a_market_it_is_the_customers_own(index: ProductIndex) -> None:
    assert index.activity.markets.of("c01") == "DE"
    assert index.activity.markets.of("c09") == "FR"
    assert index.activity.markets.of("nobody") is None
    assert "lemon" not in ids(recommend(index, ProductQuery(customer_id="c01", limit=20)))
    named = ProductQuery(customer_id="c01", market="FR", limit=20)
    assert "lemon" in ids(recommend(index, named))


def test_hides_follow_a_visitor_who_signs_in_and_back(
    small_shop: Runtime, index: ProductIndex
) -> None:
    records = small_shop.records.storefront
    small_shop.records.add_events(
        [
            {
                "event_id": f"live-{who}",
                "occurred_at": NOW,
                "kind": "hide",
                "product_id": product,
                "visitor_id": visitor,
                "customer_id": customer,
            }
            for who, product, visitor, customer in (
                ("v", "toy", "v-live", None),
                ("c", "tea", None, "c-live"),
            )
        ]
    )
    customer, visitor = ProductQuery(customer_id="c-live"), ProductQuery(visitor_id="v-live")
    assert read_visit(index, customer, records).hidden == {"tea"}
    assert records.link("v-live", "c-live")
    assert not records.link("v-live", "c-live")
    for query in (customer, visitor):
        assert read_visit(index, query, records).hidden == {"tea", "toy"}


def test_an_arm_stays_over_a_login_and_one_person_is_one_unit(
    small_shop: Runtime, index: ProductIndex
) -> None:
    records = small_shop.records.storefront
    trial = Experiment("live", "home", (Arm("a"), Arm("b")))
    units = set()
    for n in range(40):
        before = ProductQuery(visitor_id=f"arm-v{n}")
        first = assigned(trial, before, read_visit(index, before, records).unit)
        records.link(f"arm-v{n}", f"arm-c{n}")
        assert first is not None
        for query in (before, ProductQuery(customer_id=f"arm-c{n}")):
            later = assigned(trial, query, read_visit(index, query, records).unit)
            assert later is not None
            assert (later.arm.name, later.unit) == (first.arm.name, first.unit)
        units.add(first.unit)
    assert len(units) == 40


def test_trails_of_one_person_are_one_newest_first() -> None:
    early, late = (Event(p, "view", NOW - timedelta(days=d)) for p, d in (("tea", 2), ("toy", 1)))
    both = merged_trail([Trail((early,), (), frozenset({"a"})), Trail((late, early), ())])
    assert both.touches == (late, early)
    assert both.hidden == {"a"}


def test_who_was_erased_is_somebody_unknown_at_once(index: ProductIndex, tmp_path: Path) -> None:
    gone = ForgottenPeople(tmp_path / "receipts", NOW, lambda name: f"hash of {name}")
    after = replace(index, forgotten=gone)
    query = ProductQuery(customer_id="c01", limit=3)
    assert recommend(after, query).served_by == "personal"
    (tmp_path / "receipts").mkdir()
    erased = {"customer": "hash of c01", "erased_at": (NOW + timedelta(days=1)).isoformat()}
    (tmp_path / "receipts" / "er_1.json").write_text(json.dumps(erased))
    assert recommend(after, query).served_by != "personal"
    assert recommend(after, replace(query, customer_id="c02")).served_by == "personal"


def test_one_size_of_each_article_and_none_of_the_one_looked_at(index: ProductIndex) -> None:
    size = len(index.products)
    variants = np.arange(size)
    tea, milk = index.place["tea"], index.place["milk"]
    variants[[tea, milk]] = size
    shop = replace(index, variants=variants)
    pool = RankedProducts(np.array([milk, tea, index.place["toy"]]), np.array([3.0, 2.0, 1.0]))
    assert one_of_each_article(shop, pool).product.tolist() == [milk, index.place["toy"]]
    assert one_of_each_article(shop, pool, besides=tea).product.tolist() == [index.place["toy"]]
    assert "milk" not in ids(similar(shop, "tea", ProductQuery(limit=20)))
    durable = replace(shop, durable=np.isin(np.arange(size), [tea, milk]))
    query = ProductQuery(customer_id="somebody", limit=20)
    shown = ids(recommend(durable, query, visit(durable, query, bought("tea", 5))))
    assert not {"tea", "milk"} & set(shown)


def test_what_the_model_does_not_know_lasts_as_its_category_does(index: ProductIndex) -> None:
    assert durable_products(index.model, index.categories.code)[index.place[ONCE]]
    kitchen = index.categories.code[index.place[ONCE]]
    more = np.r_[index.categories.code[: index.known], kitchen, -1].astype(np.int32)
    assert durable_products(index.model, more)[index.known :].tolist() == [True, False]
    assert not durable_products(None, more).any()


def test_purchases_are_no_looks_and_sessions_end(index: ProductIndex) -> None:
    query = ProductQuery(visitor_id="v")
    trail = Trail(
        touches=(
            Event("tea", "purchase", NOW),
            Event("toy", "view", NOW - timedelta(hours=1)),
            Event("bowl", "view", NOW - timedelta(days=3)),
        )
    )
    seen = visit(index, query, trail, PersonLinks(("c",), ("v",), "visitor:v"))
    assert [touch.product_id for touch in seen.touched] == ["toy"]
    assert seen.names == ("c", "visitor:v")
    assert isinstance(seen, Visit)
