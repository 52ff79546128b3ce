"""What is similar to what: category first, then people, brand and price."""

import numpy as np
import pandas as pd

from models.recommendation import NewProducts, Recommender
from models.recommendation.look_alikes import similar_by_content
from models.recommendation.sources import Sources, learn_sources
from tests.models.recommendation.shoppers import PETS, TEA, shoppers

SHELF = {
    "soap": ("home/soap", "a", 2.0),
    "soap-b": ("home/soap", "b", 2.1),
    "soap-dear": ("home/soap", "b", 50.0),
    "brush": ("home/tools", "a", 2.0),
    "cake": ("food/cake", "c", 2.0),
}


def learned() -> Sources:
    """Everybody who buys soap buys cake mix, too."""
    rows = [
        (f"c{person}", product, day)
        for person in range(6)
        for day, product in enumerate(("soap", "cake", list(SHELF)[person % 5]))
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "product_id", "day"])
    said = frame["product_id"].map(SHELF)
    frame = frame.assign(
        occurred_at=pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(frame["day"], unit="D"),
        kind="purchase",
        weight=1.0,
        order_id=frame["customer_id"],
        market="DE",
        category=said.str[0],
        brand=said.str[1],
        price=said.str[2],
    )
    return learn_sources(frame, factors=2, ties=5, neighbours=5, damping=0.5, seed=1)


def test_the_same_shelf_comes_before_what_the_same_people_buy() -> None:
    sources = learned()
    names = sources.products
    soap = int(names.find(["soap"])[0])
    like = similar_by_content(sources, soap)
    assert like[soap] == 0.0
    order = names.text(np.argsort(-like, kind="stable"))
    assert order[:2] == ["soap-b", "soap-dear"]
    assert like[names.find(["cake"])[0]] < like[names.find(["soap-dear"])[0]]
    assert like[names.find(["brush"])[0]] > 0


def test_a_product_added_today_stands_by_the_products_most_like_it() -> None:
    frame = shoppers()
    drinks = frame["product_id"].isin(TEA)
    frame = frame.assign(category=np.where(drinks, "food/drinks", "pets"), brand=None, price=2.0)
    model = Recommender(factors=8).fit(frame)
    new = NewProducts(
        ["pets", "food/drinks", None], ["b", None, None], np.array([9.0, 2.0, np.nan])
    )
    look_alikes = model.look_alikes(new)
    assert set(model.sources.products.text(look_alikes[0][look_alikes[0] >= 0])) == set(PETS)
    assert (look_alikes[2] == -1).all()
    for customer, first in (("c01", 1), ("c07", 0)):
        ranked = model.candidates(model.find_shopper(customer))
        fresh = model.rank_new_products(look_alikes, ranked)
        assert fresh.product[0] == first
        assert ranked.score.min() <= fresh.score.min()
        assert fresh.score.max() <= ranked.score.max()
    assert (
        len(
            model.rank_new_products(
                model.look_alikes(NewProducts([], [], np.empty(0))), ranked
            ).product
        )
        == 0
    )
