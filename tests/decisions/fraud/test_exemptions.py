import math
from typing import Any

import pytest

from decisions.fraud.exemptions import ExemptionFacts, exemption_of

PAID: dict[str, Any] = {"payment_id": "p", "card_id": "k", "billing_country": "DE"}


def kind(payment: dict[str, Any] | None = None, **facts: Any) -> str | None:
    given = {"amount": 20.0, "unproven_count": 0.0, "unproven_amount": 0.0}
    given |= {"fraud_rate": None, "has_analysis": True}
    found = exemption_of(payment or PAID, ExemptionFacts(**given | facts))
    return found.kind if found is not None else None


@pytest.mark.parametrize(
    ("amount", "rate", "found"),
    [
        (100.0, 0.0013, True),
        (100.0, 0.00131, False),
        (100.01, 0.0013, False),
        (250.0, 0.0006, True),
        (250.01, 0.0006, False),
        (500.0, 0.0001, True),
        (500.0, 0.0002, False),
        (500.01, 0.0, False),
        (60.0, None, False),
        (math.nan, 0.0, False),
    ],
)
def test_bands_of_the_risk_analysis(amount: float, rate: float | None, found: bool) -> None:
    told = kind(amount=amount, fraud_rate=rate, unproven_count=9.0)
    assert told == ("transaction_risk_analysis" if found else None)


def test_there_is_no_risk_analysis_without_a_model() -> None:
    assert kind(amount=60.0, fraud_rate=0.0, has_analysis=False) is None


@pytest.mark.parametrize(
    ("amount", "count", "together", "found"),
    [
        (30.0, 0.0, 0.0, True),
        (30.01, 0.0, 0.0, False),
        (10.0, 4.0, 40.0, True),
        (10.0, 5.0, 50.0, False),
        (30.0, 2.0, 70.0, True),
        (30.0, 2.0, 70.01, False),
        (10.0, math.nan, math.nan, False),
        (math.nan, 0.0, 0.0, False),
    ],
)
def test_small_payments_in_a_row(amount: float, count: float, together: float, found: bool) -> None:
    told = kind(amount=amount, unproven_count=count, unproven_amount=together)
    assert told == ("low_value" if found else None)


@pytest.mark.parametrize(
    "change",
    [
        {"billing_country": "US"},
        {"billing_country": "CH"},
        {"billing_country": None},
        {"card_id": None},
        {"authentication": "challenged"},
        {"authentication": "frictionless"},
    ],
)
def test_payments_that_need_or_take_no_exemption(change: dict[str, Any]) -> None:
    assert kind({**PAID, **change}, fraud_rate=0.0) is None


@pytest.mark.parametrize("country", ["GB", "NO", "IE", "RE"])
def test_where_the_rules_hold(country: str) -> None:
    assert kind({**PAID, "billing_country": country}) == "low_value"


def test_the_reason_has_its_figures() -> None:
    facts = ExemptionFacts(60.0, 9.0, 99.0, 0.00042, True)
    found = exemption_of(PAID, facts)
    assert found is not None
    assert "0.0420% of the money taken in the last 90 days was fraud, at most 0.13%" in found.reason
