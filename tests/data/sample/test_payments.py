"""Payments of the orders, and their labels."""

import numpy as np
import pandas as pd

from data.sample.assemble import Merchant


def test_each_order_is_paid_once_to_the_cent(made: Merchant, payments: pd.DataFrame) -> None:
    lines = made.tables["orders"]
    worth = (lines["unit_price"] * lines["quantity"] - lines["discount"]).groupby(lines["order_id"])
    taken = payments[payments["outcome"] != "declined"].set_index("order_id")["amount"]
    assert taken.index.is_unique
    np.testing.assert_allclose(taken.sort_index(), worth.sum().sort_index(), atol=0.006)


def test_a_declined_order_or_one_never_placed_is_not_always_fraud(payments: pd.DataFrame) -> None:
    declined = payments[payments["outcome"] == "declined"]
    paid = payments.loc[payments["outcome"] != "declined", "order_id"]
    never = declined[~declined["order_id"].isin(paid)]
    for attempts in (declined, never):
        assert 0.03 < attempts["pattern"].notna().mean() < 0.6


def test_labels_are_late_and_noisy(made: Merchant, payments: pd.DataFrame) -> None:
    end = made.tables["orders"]["ordered_at"].max()
    now, later = made.tables["chargebacks"], made.truth["later_chargebacks"]
    assert now["reported_at"].max() <= end < later["reported_at"].min()
    reports = pd.concat([now, later]).merge(payments[["payment_id", "attempted_at"]])
    delay = (reports["reported_at"] - reports["attempted_at"]).dt.total_seconds() / 86400
    assert delay.min() > 0.4
    assert 7 < delay.median() < 28
    fraud = payments["pattern"].notna()
    assert 0.05 < (fraud & ~payments["reported"]).sum() / fraud.sum() < 0.4
    assert (~fraud & payments["reported"]).any()
    assert (~now["is_fraud"]).any()
