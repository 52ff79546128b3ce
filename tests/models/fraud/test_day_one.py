import numpy as np
import pandas as pd
import pytest

from models.fraud.day_one import PAYMENT_TERMS, PaymentScorecard, base_for_rate


def shop(**columns: list[float]) -> pd.DataFrame:
    """Forty quiet payments, and one described by the columns given."""
    quiet = {"amount_base": 20.0, "device_cards_1d": 0.0, "customer_count": 0.0}
    quiet |= {"customer_device_count": 0.0, "account_age_days": 400.0, "address_match": 1.0}
    rows = pd.DataFrame([quiet] * 41)
    for name, values in columns.items():
        rows.loc[40, name] = values[0]
    return rows


def test_the_mean_is_the_rate_the_merchant_states() -> None:
    frame = shop(device_cards_1d=[9.0])
    said = PaymentScorecard(fraud_rate=0.02).fit(frame).predict(frame)["probability"]
    assert said.mean() == pytest.approx(0.02)
    assert said.idxmax() == 40


def test_what_is_unknown_gives_no_points() -> None:
    frame = shop(account_age_days=[np.nan], address_match=[np.nan])
    said = PaymentScorecard().fit(frame).predict(frame)["probability"]
    assert said.max() == said.min()
    young = shop(account_age_days=[0.0])
    said = PaymentScorecard().fit(young).predict(young)["probability"]
    assert said.idxmax() == 40


def test_a_new_device_says_something_of_a_known_customer_only() -> None:
    frame = shop(customer_count=[9.0])
    said = PaymentScorecard().fit(frame).predict(frame)["probability"]
    assert said.idxmax() == 40


def test_reasons_are_the_lines_with_points() -> None:
    frame = shop(device_cards_1d=[4.0])
    model = PaymentScorecard().fit(frame)
    facts = frame.iloc[40].to_dict()
    (first, *_) = model.reasons(model.row(facts), facts)
    assert first.code == "DEVICE_CARDS_1D"
    assert first.contribution == pytest.approx(2.5)
    assert "4 cards in payments from this device in the last day" in first.text


def test_every_line_says_why() -> None:
    assert all(term.why and term.points > 0 for term in PAYMENT_TERMS)


def test_no_payments_have_the_stated_rate_too() -> None:
    assert 1 / (1 + np.exp(-base_for_rate(np.zeros(0), 0.01))) == pytest.approx(0.01)
