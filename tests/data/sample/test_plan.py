"""Sites and markets of the sample merchant."""

import pandas as pd

from data.sample.plan import MARKETS


def test_money_is_the_markets(orders: pd.DataFrame) -> None:
    currency = {name: market.currency for name, market in MARKETS.items()}
    assert (orders["market"].map(currency) == orders["currency"]).all()
    assert orders["currency"].nunique() >= 3
    assert (orders["discount"] <= orders["unit_price"] * orders["quantity"] + 0.005).all()
