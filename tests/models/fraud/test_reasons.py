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
