"""Promotions of each period: kinds, categories, markets."""

import json

from features.forecasting import demand
from tests.features.forecasting.test_demand import order, tables, week


def sold(**more: list[dict]) -> dict:
    rows = [order(n, week(n)) for n in range(4)]
    about = {"product_id": "p", "category": "drinks/tea"}
    place = {"warehouse_id": "w", "country": "DE", "serves": "DE|FR"}
    return tables(orders=rows, products=[about], warehouses=[place], **more)


def promotion(first: float, last: float, **other: object) -> dict:
    return {"promotion_id": "a", "product_id": "p", "starts_on": week(0, days=first).isoformat(),
            "ends_on": week(0, days=last).isoformat(), "discount": 0.1, **other}  # fmt: skip


def kinds(given_tables: dict) -> list[dict[str, float] | None]:
    texts = demand(given_tables, week(4), "week")["promotion_kinds"]
    return [json.loads(text) if isinstance(text, str) else None for text in texts]


def test_each_kind_has_its_own_share_of_the_week() -> None:
    plans = [promotion(7, 13, kind="leaflet"), promotion(7, 7, kind="flash", promotion_id="b")]
    assert kinds(sold(promotions=plans)) == [None, {"flash": 0.143, "leaflet": 1.0}, None, None]


def test_a_promotion_without_a_kind_has_an_empty_one() -> None:
    assert kinds(sold(promotions=[promotion(0, 6)]))[0] == {"": 1.0}


def test_a_category_promotion_is_of_the_products_in_it() -> None:
    given_tables = sold(promotions=[promotion(0, 6, product_id=None, kind="leaflet")])
    frame = given_tables["promotions"]
    assert kinds({**given_tables, "promotions": frame.assign(category="drinks")})[0] == {
        "leaflet": 1.0
    }
    assert kinds({**given_tables, "promotions": frame.assign(category="drin")})[0] is None


def test_a_market_promotion_is_of_the_warehouses_that_serve_it() -> None:
    given_tables = sold(promotions=[promotion(0, 6, kind="leaflet")])
    frame = given_tables["promotions"]
    assert kinds({**given_tables, "promotions": frame.assign(market="FR")})[0] is not None
    assert kinds({**given_tables, "promotions": frame.assign(market="PL")})[0] is None
