"""What shoppers did before they bought."""

import pandas as pd

from data.sample.assemble import Merchant
from data.sample.plan import TRACKED_FROM


def test_purchases_are_the_order_lines_and_hidden_products_are_not_bought(made: Merchant) -> None:
    orders, events = made.tables["orders"], made.tables["events"]
    tracked = orders[(orders["ordered_at"] >= TRACKED_FROM) & (orders["status"] != "cancelled")]
    columns = ["customer_id", "product_id"]
    bought = events.loc[events["kind"] == "purchase", columns].value_counts()
    pd.testing.assert_series_equal(
        bought.sort_index(), tracked[columns].value_counts().sort_index(), check_names=False
    )
    hidden = pd.MultiIndex.from_frame(events.loc[events["kind"] == "hide", columns].dropna())
    assert len(hidden) > 0
    assert not hidden.isin(pd.MultiIndex.from_frame(tracked[columns])).any()
    assert set(events["kind"]) == {"impression", "view", "cart", "purchase", "hide"}
