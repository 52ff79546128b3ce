"""A shop that speaks another currency than the setting is told so, with what to set."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from data.currencies import currency_findings
from data.lake import Lake

MAY = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def pay(lake: Lake, *currencies: str) -> None:
    number = [str(place) for place in range(len(currencies))]
    frame = pd.DataFrame({"payment_id": number, "attempted_at": MAY, "customer_id": "c"})
    lake.append("payments", frame.assign(amount=1.0, currency=list(currencies)))


def rate(lake: Lake, day: str, currency: str) -> None:
    frame = pd.DataFrame({"rate_date": [day], "currency": [currency], "rate": [1.17]})
    lake.append("fx_rates", frame)


def test_all_amounts_in_another_currency_name_the_setting(lake: Lake) -> None:
    pay(lake, "GBP", "GBP")
    (found,) = currency_findings(lake, "EUR")
    assert "payments: 2 of 2 amounts are in GBP" in found.found
    assert "ARGOSY_BASE_CURRENCY=GBP" in found.remedy


def test_one_setting_is_named_for_all_tables_and_none_where_rates_lead_to_it(lake: Lake) -> None:
    pay(lake, "NZD", "NZD", "KWD", "KWD")
    lake.append("products", pd.DataFrame({"product_id": ["p"], "price": 1.0, "currency": ["KWD"]}))
    found = currency_findings(lake, "EUR")
    assert {one.remedy.split(",")[0] for one in found} == {"set ARGOSY_BASE_CURRENCY=KWD"}
    pay(lake, "NZD", "NZD", "NZD", "NZD", "KWD")
    rate(lake, "2024-04-30", "NZD")
    assert {one.remedy for one in currency_findings(lake, "EUR")} == {"ingest fx_rates of KWD"}


def test_some_amounts_without_a_rate_ask_for_rates(lake: Lake) -> None:
    pay(lake, "EUR", "SEK", "SEK")
    (found,) = currency_findings(lake, "EUR")
    assert "2 of 3 amounts are in SEK" in found.found
    assert found.remedy == "ingest fx_rates of SEK"


def test_nothing_is_said_where_every_amount_is_known(lake: Lake) -> None:
    assert currency_findings(lake, "EUR") == []
    pay(lake, "EUR", "GBP")
    rate(lake, "2024-04-30", "GBP")
    assert currency_findings(lake, "EUR") == []


def test_an_old_rate_is_used_and_its_age_is_told(lake: Lake) -> None:
    pay(lake, "EUR", "GBP")
    rate(lake, "2024-01-01", "GBP")
    (found,) = currency_findings(lake, "EUR")
    assert "2024-01-01, 121 days older" in found.found
