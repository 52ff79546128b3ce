"""What sells now."""

import pandas as pd

from models.recommendation import Recommender
from tests.models.recommendation.shoppers import products, row


def test_somebody_unknown_gets_what_sells(fitted: Recommender) -> None:
    assert products(fitted, "nobody") == products(fitted, "nobody at all")
    assert len(products(fitted, "nobody")) == 8


def test_trending_is_what_sells_now_in_the_market() -> None:
    rows = [row(f"c{i}", "old", 0, f"a{i}") for i in range(9)]
    rows += [row(f"c{i}", "new", 60, f"b{i}") for i in range(5)]
    rows += [row(f"d{i}", "french", 60, f"f{i}", market="FR") for i in range(4)]
    model = Recommender(factors=4).fit(pd.DataFrame(rows))
    for market, first in ((None, "new"), ("DE", "new"), ("FR", "french"), ("XX", "new")):
        who = model.find_shopper(None, market=market)
        ranked = model.trending(who.market, limit=3)
        assert model.sources.products.text(ranked.product)[0] == first
