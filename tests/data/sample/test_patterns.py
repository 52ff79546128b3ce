"""Five patterns of fraud, none of which one column gives away."""

import pandas as pd
from sklearn.metrics import roc_auc_score


def test_all_five_patterns_are_there_at_a_realistic_rate(payments: pd.DataFrame) -> None:
    patterns = payments["pattern"].value_counts()
    assert set(patterns.index) == {
        "card_testing",
        "stolen_card",
        "account_takeover",
        "many_accounts",
        "refund_abuse",
    }
    assert patterns.min() >= 10
    assert 0.008 < payments["pattern"].notna().mean() < 0.03


def test_no_column_alone_gives_fraud_away(payments: pd.DataFrame) -> None:
    numbers = payments[["amount", "x_basket_lines", "x_session_seconds"]].assign(
        hour=payments["attempted_at"].dt.hour,
        match=payments["address_match"].astype(float),
        abroad=(payments["ip_country"] != payments["billing_country"]).astype(float),
        elsewhere=(payments["shipping_country"] != payments["billing_country"]).astype(float),
    )
    names = ["channel", "outcome", "x_delivery", "ip_country", "billing_country", "currency"]
    for column in names:
        rate = payments.groupby(column)["reported"].mean()
        numbers[column] = payments[column].map(rate)
    for column, values in numbers.items():
        area = roc_auc_score(payments["reported"], values)
        assert max(area, 1 - area) < 0.8, column
