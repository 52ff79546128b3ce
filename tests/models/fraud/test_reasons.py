"""Reasons in words."""

import numpy as np
import pytest

from models.fraud.reasons import reason


@pytest.mark.parametrize(
    ("feature", "value", "text"),
    [
        ("card_count_1h", 7.0, "7 payments with this card in the last hour"),
        ("ip_customers_1d", 3.0, "3 customers in payments from this IP address in the last day"),
        ("email_amount", 1234.5, "1,234.50 paid with this e-mail address so far"),
        (
            "customer_device_since_first",
            np.nan,
            "no earlier payment by this customer from this device",
        ),
        ("card_count_1h", 1.0, "1 payment with this card in the last hour"),
        ("device_cards_1d", 1.0, "1 card in payments from this device in the last day"),
        (
            "customer_device_since_first",
            59.0,
            "59 seconds since the first payment by this customer from this device",
        ),
        ("card_since_last", 5_400.0, "90 minutes since the last payment with this card"),
        ("card_since_fraud", 8e6, "92.6 days since a payment with this card was reported as fraud"),
        ("account_age_days", 0.25, "the account is 6 hours old"),
        (
            "ip_fraud_share",
            0.00042,
            "reported as fraud: 0.042% of the payments from this IP address so far",
        ),
        ("card_amount_ratio", 0.0042, "0.0042 times the mean amount paid with this card"),
        ("x_points", 1_234_567.0, "x points is 1,234,567"),
        ("address_match", 0.0, "the address does not match"),
        ("address_match", np.nan, "address match is not known"),
        ("shipping_country", "NG", "shipping country is NG"),
        (
            "device_fraud_share",
            0.25,
            "reported as fraud: 25.0% of the payments from this device so far",
        ),
        (
            "ip_payments_since_fraud",
            np.nan,
            "no payment from this IP address was reported as fraud",
        ),
        ("x_basket_lines", 3.0, "x basket lines is 3"),
    ],
)
def test_reasons_read_well(feature: str, value: object, text: str) -> None:
    found = reason(feature, value, 0.5)
    assert found.text == text
    assert found.code == feature.upper()
