"""Fake orders among the true ones."""

import pandas as pd

from data.sample.assemble import Merchant


def test_fake_orders_stand_among_the_orders(made: Merchant, orders: pd.DataFrame) -> None:
    fake = orders[orders["order_id"].isin(made.truth["fraud"]["order_id"])]
    assert 0.005 < fake["order_id"].nunique() / orders["order_id"].nunique() < 0.03
    reported = made.tables["chargebacks"].merge(made.tables["payments"], on="payment_id")
    assert fake["order_id"].isin(reported["order_id"]).mean() > 0.5


def test_ids_do_not_tell_who_is_fake(payments: pd.DataFrame) -> None:
    """Ids of both kinds look alike, and honest devices, too, serve many customers at times."""
    fraud = payments["pattern"].notna()
    for column in ("payment_id", "customer_id", "order_id", "card_id", "device_id", "email_hash"):
        shape = payments[column].str.replace(r"[0-9a-f]", "x", regex=True)
        assert set(shape[fraud]) <= set(shape[~fraud]), column
    honest = payments[~fraud].groupby("device_id")["customer_id"].nunique()
    assert honest.max() > 10
