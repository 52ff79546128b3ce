"""What is similar to what: category first, then people, brand and price."""

import numpy as np
import pandas as pd

from models.recommendation.look_alikes import similar_by_content
from models.recommendation.sources import Sources, learn_sources

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
