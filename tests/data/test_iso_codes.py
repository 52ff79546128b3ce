"""Codes that are in use, or were when an old order was paid."""

import pytest

from data.iso_codes import country_codes, currency_codes
from data.settings import Settings
from data.sources.places import country_code, currency_code


@pytest.mark.parametrize("code", ["EUR", "XAF", "HRK", "BGN", "DEM", "VEF", "ANG"])
def test_currencies_of_today_and_of_former_years_are_known(code: str) -> None:
    assert code in currency_codes()
    assert currency_code(code.lower()) == code
    assert Settings(base_currency=code.lower()).base_currency == code


@pytest.mark.parametrize("code", ["EUX", "", "CNH", "BAD", "eur"])
def test_what_is_no_currency_is_unknown(code: str) -> None:
    assert code not in currency_codes()


def test_kosovo_is_a_country() -> None:
    assert "XK" in country_codes()
    assert country_code("Kosovo") == country_code("xk") == "XK"
    assert "UK" not in country_codes()
