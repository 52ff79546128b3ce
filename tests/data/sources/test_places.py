"""Countries and currencies by any of their names."""

import pytest

from data.sources.places import country_code, currency_code, fold


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("de", "DE"),
        ("DEU", "DE"),
        ("Germany", "DE"),
        ("Deutschland", "DE"),
        ("Allemagne", "DE"),
        ("UK", "GB"),
        ("España", "ES"),
        ("日本", "JP"),
        ("Atlantis", None),
        ("", None),
    ],
)
def test_countries(text: str, code: str | None) -> None:
    assert country_code(text) == code


@pytest.mark.parametrize(
    ("text", "usual", "code"),
    [
        ("EUR", "", "EUR"),
        ("eur", "", "EUR"),
        ("12,50 €", "", "EUR"),
        ("£3", "EUR", "GBP"),
        ("$3", "EUR", "USD"),
        ("$3", "AUD", "AUD"),
        ("￥3", "CNY", "CNY"),
        ("￥3", "EUR", "JPY"),
        ("100 kr", "SEK", "SEK"),
        ("100 kr", "EUR", None),
        ("12.50", "EUR", None),
    ],
)
def test_currencies(text: str, usual: str, code: str | None) -> None:
    assert currency_code(text, usual) == code


def test_names_are_compared_without_case_accents_and_signs() -> None:
    assert fold("Order #") == fold("ORDER")
    assert fold("Übergeordnetes  Produkt") == "ubergeordnetes produkt"
