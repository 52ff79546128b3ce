"""Revenue and margin of order lines."""

import pandas as pd
import pytest

from features.order_margins import first_category
from tests.features.customers.order_rows import at, day, ledger, orders


def test_without_a_cost_or_a_rate_money_is_not_known() -> None:
    made = ledger(orders=orders(("1", "a", 0, 10), ("2", "b", 0, 10), currency=["EUR", "SEK"]))
    mine, other = at(made, day(1)), at(made, day(1), "b")
    assert (mine["costed_revenue"], mine["margin"], mine["priced_orders"]) == (0, 0, 1)
    assert (other["orders"], other["priced_orders"], other["revenue"]) == (1, 0, 0)


def test_supply_terms_give_the_landed_cost() -> None:
    terms = pd.DataFrame(
        {
            "warehouse_id": ["w"],
            "product_id": ["p"],
            "supplier_id": ["s"],
            "unit_cost": [4.0],
            "duty_rate": [0.5],
            "freight_per_unit": [1.0],
            "currency": ["EUR"],
            "valid_from": [pd.Timestamp("1970-01-01", tz="UTC")],
        }
    )
    made = ledger(orders=orders(("1", "a", 0, 10)), supply_terms=terms)
    assert at(made, day(1))["margin"] == pytest.approx(3)


def test_the_first_category_of_rows() -> None:
    products = pd.DataFrame({"product_id": ["a", "b"], "category": ["food/tea", None]})
    found = first_category(products, pd.Series(["a", "b", "c"]))
    assert found[0] == "food"
    assert found[1:].isna().all()
    unknown = first_category(products[["product_id"]], pd.Series(["a"]))
    assert unknown.isna().all()
