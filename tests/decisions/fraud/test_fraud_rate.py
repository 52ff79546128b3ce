from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from data.settings import Settings
from decisions.fraud.fraud_rate import fraud_rate_by_value
from decisions.runtime import Runtime
from features.fraud import ExchangeRates

NOW = pd.Timestamp("2026-03-02T12:00:00Z")


class Merchant:
    """A lake of payments: (payment_id, days ago, amount, outcome) each."""

    def __init__(self, settings: Settings) -> None:
        self.runtime = Runtime(settings)
        self.runtime.records.migrate()

    def pays(self, *rows: tuple[str, float, float, str | None]) -> None:
        names, days, amounts, outcomes = zip(*rows, strict=True)
        at = [NOW - timedelta(days=each) for each in days]
        columns: dict[str, Any] = {"payment_id": names, "attempted_at": at, "amount": amounts}
        columns |= {"customer_id": "c", "currency": "EUR", "outcome": outcomes}
        self.runtime.lake.append("payments", pd.DataFrame(columns))

    def reports(self, *rows: tuple[str, float, bool], kind: str = "chargeback") -> None:
        names, days, frauds = zip(*rows, strict=True)
        at = [NOW - timedelta(days=each) for each in days]
        columns = {"payment_id": names, "reported_at": at, "is_fraud": frauds, "kind": kind}
        self.runtime.lake.append("chargebacks", pd.DataFrame(columns))

    def rate(self) -> float | None:
        rates = ExchangeRates.of(self.runtime.lake.read("fx_rates"), "EUR")
        return fraud_rate_by_value(self.runtime, rates, NOW.to_pydatetime())


@pytest.fixture
def shop(settings: Settings) -> Merchant:
    return Merchant(settings)


OLD = ("old", 80.0, 600.0, "captured")
HONEST: Sequence[Any] = (OLD, ("new", 1.0, 399.0, None))


def test_money_of_frauds_among_the_money_taken(shop: Merchant) -> None:
    shop.pays(*HONEST, ("bad", 50.0, 1.0, "captured"), ("refused", 50.0, 500.0, "declined"))
    shop.reports(("bad", 20.0, True))
    assert shop.rate() == pytest.approx(0.001)


def test_without_a_report_or_an_old_payment_it_is_not_known(shop: Merchant) -> None:
    assert shop.rate() is None
    shop.pays(("new", 1.0, 399.0, None))
    assert shop.rate() is None
    shop.reports(("new", 0.5, False))
    assert shop.rate() is None  # nobody can have reported yet
    shop.pays(OLD)
    assert shop.rate() == 0.0


def test_analysts_alone_do_not_make_it_known(shop: Merchant) -> None:
    shop.pays(*HONEST)
    shop.reports(("new", 0.5, False), kind="review")
    assert shop.rate() is None
    shop.reports(("old", 0.4, False))
    assert shop.rate() == 0.0


def test_reports_of_these_days_stand_for_those_to_come(shop: Merchant) -> None:
    shop.pays(*HONEST, ("bad", 50.0, 1.0, None), ("older", 120.0, 9.0, None))
    shop.reports(("bad", 20.0, True), ("older", 10.0, True))
    assert shop.rate() == pytest.approx(10.0 / 1_000.0)


def test_a_fraud_of_an_unknown_amount_makes_it_unknown(shop: Merchant) -> None:
    shop.pays(*HONEST)
    shop.reports(("nobody knows", 20.0, True))
    assert shop.rate() is None


def test_a_fraud_taken_back_is_none(shop: Merchant) -> None:
    shop.pays(*HONEST)
    shop.reports(("new", 0.9, True), ("new", 0.5, False))
    assert shop.rate() == 0.0
