"""Boosted trees on many series."""

import pandas as pd

from models.forecasting.boosted import some_products
from models.forecasting.panel import panel
from tests.models.forecasting.series import shop


def test_of_very_many_series_whole_products_are_learned_from() -> None:
    """Five products in four warehouses each, room for nine series: two products."""
    many = pd.concat([shop(5).assign(warehouse_id=f"w{n}") for n in range(4)], ignore_index=True)
    whole = panel(many, horizon=0)
    some = some_products(whole, 9, seed=1)
    assert some.size == 8
    assert some.series["product_id"].value_counts().tolist() == [4, 4]
    assert some_products(whole, 3, seed=1).size == 4
    assert some_products(whole, 20, seed=1) is whole
