"""The credit rating: a reason for every point, nothing for what is not known."""

import numpy as np
import pandas as pd
import pytest

from decisions.customers.credit_rating import credit_reasons, rate_customers

LOYAL = {
    "payments": 8.0,
    "repeat_orders": 7.0,
    "age_days": 500.0,
    "account_days": 600.0,
    "frauds": 0.0,
    "disputes": 0.0,
    "declined_share": 0.0,
    "refunds": 0.0,
    "cancelled_share": 0.0,
    "return_share": 0.0,
    "address_mismatch_share": 0.0,
    "ship_countries": 1.0,
}


def rated(**given: float) -> tuple[str, list[str]]:
    rating, holds = rate_customers(pd.DataFrame([LOYAL | given]))
    return str(rating[0]), [str(each["code"]) for each in credit_reasons(holds[0])]


@pytest.mark.parametrize(
    ("expected", "given", "first"),
    [
        ("A", {}, "LOYAL"),
        ("B", {"disputes": 1.0}, "DISPUTED"),
        ("C", {"disputes": 3.0}, "DISPUTED_OFTEN"),
        ("D", {"frauds": 1.0}, "FRAUD_REPORTED"),
        ("E", {"frauds": 1.0, "disputes": 1.0}, "FRAUD_REPORTED"),
        ("C", {"age_days": 5.0, "account_days": np.nan, "repeat_orders": 0.0}, "NEW"),
    ],
)
def test_ratings(expected: str, given: dict[str, float], first: str) -> None:
    rating, codes = rated(**given)
    assert rating == expected
    assert codes[0] == first


def test_a_shop_without_payments_rates_by_orders_alone() -> None:
    unknown = dict.fromkeys(
        ("payments", "frauds", "disputes", "declined_share", "refunds", "address_mismatch_share"),
        np.nan,
    )
    assert rated(**unknown) == ("A", ["LOYAL"])


def test_one_declined_payment_of_one_is_no_share() -> None:
    assert rated(payments=1.0, declined_share=1.0)[0] == "A"
