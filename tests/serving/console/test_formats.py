"""Numbers, money and dates by locale; what is missing is a dash, never a zero."""

import pytest

from serving.console.formats import MISSING, Formats, locale_of


@pytest.mark.parametrize(
    ("accepted", "language", "locale"),
    [
        ("de-AT,de;q=0.9", "en", "de_AT"),
        ("en-GB", "en", "en_GB"),
        ("zh-CN,zh;q=0.9", "zh-CN", "zh_Hans_CN"),
        ("de-DE", "zh-CN", "zh_Hans_CN"),
        ("", "en", "en"),
        ("*;q=0.5, xx-YY, fr-FR", "en", "fr_FR"),
    ],
)
def test_locale_of(accepted, language, locale):
    assert locale_of(accepted, language) == locale


def test_the_reader_writes_numbers_as_at_home():
    german = Formats("de_DE", "EUR")
    assert german.number(1234.56) == "1.234,6"
    assert german.money(1234.5) == "1.234,50\xa0€"
    assert Formats("en_GB", "GBP").money(1234.5) == "£1,234.50"
    assert Formats("en_GB", "JPY").money(1234.0) == "JP¥1,234"
    assert Formats("en_US", "USD").money(1234.5, cents=False) == "$1,234"
    assert german.share(0.1234) == "12,3%"
    assert german.day("2017-12-31") == "31.12.2017"
    assert Formats("en_GB", "EUR").moment("2017-12-31T22:21:59Z") == "31 Dec 2017, 22:21"
    assert Formats("zh_CN", "EUR").moment("2017-12-31T22:21:59Z") == "2017年12月31日 22:21"
    assert Formats("de_DE", "EUR").moment("2017-12-31T23:21:59+01:00") == "31.12.2017, 22:21"


def test_money_in_a_currency_of_its_own():
    assert Formats("en_GB", "EUR").money(10.0, "USD") == "US$10.00"


@pytest.mark.parametrize("write", ["number", "money", "share", "day", "moment"])
def test_what_is_missing_is_a_dash(write):
    assert getattr(Formats("en_GB", "EUR"), write)(None) == MISSING


def test_browsers_name_the_locale_with_a_hyphen():
    assert Formats("de_DE", "EUR").tag == "de-DE"
