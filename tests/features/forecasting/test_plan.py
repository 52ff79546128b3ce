"""What is known ahead: announced prices and closures, products without a sale."""

import pandas as pd
import pytest

from features.forecasting import demand, future
from tests.features.forecasting.test_demand import order, tables, week


def shop(**more: list[dict]) -> dict[str, pd.DataFrame]:
    rows = [order(n, week(0, days=n)) for n in range(70)]
    place = {"warehouse_id": "w", "country": "DE"}
    return tables(orders=rows, warehouses=[place], **more)


def test_prices_of_next_month_are_known_ahead() -> None:
    made = shop()
    made["prices"] = pd.DataFrame(
        {
            "product_id": "p",
            "valid_from": pd.to_datetime(["2024-01-01", "2024-03-18"], utc=True),
            "price": [10.0, 8.0],
            "currency": "EUR",
            "market": [None, None],
        }
    )
    frame = demand(made, week(10), "week")
    assert (frame["list_price"] == 10).all()
    ahead = future(frame, made, week(10), horizon=3)
    assert list(ahead["list_price"]) == [10.0, 8.0, 8.0]


def test_an_announced_closure_offers_nothing_and_is_a_kind_of_its_own() -> None:
    made = shop()
    made["closures"] = pd.DataFrame(
        {
            "closure_id": ["c"],
            "starts_on": pd.to_datetime(["2024-03-18"], utc=True),
            "ends_on": pd.to_datetime(["2024-03-24"], utc=True),
            "warehouse_id": ["w"],
            "announced_at": pd.to_datetime(["2024-03-01"], utc=True),
        }
    )
    frame = demand(made, week(10), "week")
    ahead = future(frame, made, week(10), horizon=3)
    assert list(ahead["offered"]) == [1.0, 0.0, 1.0]
    assert ahead["promotion_kinds"].iloc[1] == '{"closure": 1}'
    made["closures"]["announced_at"] = pd.Timestamp("2024-03-12", tz="UTC")
    assert (future(frame, made, week(10), horizon=3)["offered"] == 1).all()


def test_a_product_with_supply_terms_and_no_sale_is_planned() -> None:
    terms = [
        {"warehouse_id": "w", "product_id": one, "supplier_id": "s", "lead_time_days": 7.0}
        for one in ("p", "new")
    ]
    products = [{"product_id": one, "category": "tea"} for one in ("p", "new")]
    made = shop(supply_terms=terms, products=products)
    frame = demand(made, week(10), "week")
    ahead = future(frame, made, week(10), horizon=2)
    assert list(ahead["product_id"]) == ["new", "new", "p", "p"]
    assert (ahead["category"] == "tea").all()


@pytest.mark.parametrize(
    ("launch", "offered"), [("2024-03-19", [0, 1, 1]), ("2024-02-20", [1] * 3)]
)
def test_a_product_with_a_launch_about_now_is_offered_from_then_on(
    launch: str, offered: list[int]
) -> None:
    made = shop(products=[{"product_id": "p"}, {"product_id": "new", "launched_on": launch}])
    frame = demand(made, week(10), "week")
    ahead = future(frame, made, week(10), horizon=3)
    assert list(ahead.loc[ahead["product_id"] == "new", "offered"]) == offered
