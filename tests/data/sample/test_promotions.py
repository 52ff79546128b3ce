"""Promotions of the sample merchant."""

import pandas as pd

from data.sample.assemble import Merchant
from tests.data.sample.merchant_columns import PAIR


def test_promoted_lines_lie_within_their_promotion(made: Merchant) -> None:
    orders = made.tables["orders"]
    promoted = orders[orders["promotion_id"].notna()].merge(
        made.tables["promotions"], on=["promotion_id", *PAIR], how="left"
    )
    assert len(promoted) > 0.1 * len(orders)
    day = promoted["ordered_at"].dt.floor("D")
    assert ((promoted["starts_on"] <= day) & (day <= promoted["ends_on"])).all()


def test_promotions_are_planned_beyond_the_data(made: Merchant, orders: pd.DataFrame) -> None:
    ahead = made.tables["promotions"]["starts_on"] > orders["ordered_at"].max()
    assert ahead.sum() > 50
