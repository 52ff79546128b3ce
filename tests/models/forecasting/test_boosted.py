"""Boosted trees on many series."""

import numpy as np
import pandas as pd

from models.forecasting.boosted import _train, some_products
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


def test_a_shop_that_sells_the_same_every_period_is_learned_from() -> None:
    """Every error is 0, of which LightGBM learns nothing."""
    design = np.ones((400, 3), dtype=np.float32)
    nothing = np.zeros(400)
    settings = {"objective": "poisson", "verbosity": -1, "num_leaves": 7}
    learned = _train(settings, design, nothing, np.ones(400), trees=3)
    assert learned.predict(design).max() < 1e-3
