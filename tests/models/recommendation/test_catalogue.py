"""Categories, shelves, brands and prices of the products of a log."""

import numpy as np
import pandas as pd
import pytest

from models.recommendation.catalogue import describe_catalogue
from models.recommendation.purchase_history import encode_interactions
from tests.models.recommendation.shoppers import row


def described(**columns: list[object]) -> tuple[list[str], object]:
    rows = [
        row("ann", product, day, f"o{day}") for day, product in enumerate(["tea", "pan", "tea"])
    ]
    frame = pd.DataFrame(rows).assign(**columns)
    log = encode_interactions(frame)
    names = log.products.text(np.arange(len(log.products)))
    return list(names), describe_catalogue(frame, log)


def test_a_shelf_is_the_first_part_of_the_path_and_the_last_word_counts() -> None:
    names, found = described(category=["food/tea", None, "food/drinks"], brand=[None, "acme", None])
    tea, pan = names.index("tea"), names.index("pan")
    assert found.categories.text(found.category[[tea]])[0] == "food/drinks"
    assert found.aisles.text(found.aisle[[tea]])[0] == "food"
    assert found.category[pan] == found.aisle[pan] == -1
    assert (found.brand[tea], found.brands.text(found.brand[[pan]])[0]) == (-1, "acme")
    assert len(found) == 2


def test_the_price_is_the_mean_of_what_was_paid() -> None:
    names, found = described(unit_price=[1.0, np.nan, 3.0])
    tea, pan = names.index("tea"), names.index("pan")
    if np.isfinite(found.price[tea]):
        assert found.price[tea] == pytest.approx((np.log1p(1.0) + np.log1p(3.0)) / 2)
    assert np.isnan(found.price[pan])


def test_without_columns_nothing_is_known() -> None:
    _, found = described()
    assert (found.brand == -1).all()
