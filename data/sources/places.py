"""Countries and currencies as exports write them, as ISO codes."""

import gettext
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pycountry

from data.iso_codes import country_codes, currency_codes

_SYMBOLS = {
    "€": "EUR", "£": "GBP", "zł": "PLN", "Kč": "CZK", "Ft": "HUF", "₺": "TRY", "₹": "INR",
    "₽": "RUB", "₩": "KRW", "₫": "VND", "฿": "THB", "₪": "ILS", "R$": "BRL", "US$": "USD",
    "A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD",
    "MX$": "MXN", "NT$": "TWD", "CN¥": "CNY", "JP¥": "JPY", "лв": "BGN", "lei": "RON",
    "CHF": "CHF", "Fr.": "CHF", "₴": "UAH", "د.إ": "AED", "د.ك": "KWD",
}  # fmt: skip
# Signs of several currencies: the first is meant where the shop's own is none of them.
_SHARED_SIGNS = {
    "$": ("USD", "CAD", "AUD", "NZD", "MXN", "SGD", "HKD", "TWD", "CLP", "COP", "ARS"),
    "¥": ("JPY", "CNY"),
    "￥": ("JPY", "CNY"),
    "kr": (None, "SEK", "NOK", "DKK", "ISK"),
    "Rs": ("INR", "PKR", "LKR", "NPR"),
}
# Names that people use and ISO 3166 does not.
_USUAL = {
    "uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "northern ireland": "GB", "usa": "US", "u s a": "US", "united states of america": "US",
    "holland": "NL", "russia": "RU", "south korea": "KR", "vietnam": "VN", "czech republic": "CZ",
    "turkey": "TR", "taiwan": "TW", "iran": "IR", "el": "GR", "grossbritannien": "GB",
    "vereinigtes konigreich": "GB", "vereinigte staaten von amerika": "US", "etats unis": "US",
    "royaume uni": "GB", "reino unido": "GB", "estados unidos": "US", "regno unito": "GB",
    "stati uniti": "US", "paises bajos": "NL", "pays bas": "NL", "tschechische republik": "CZ",
    "kosovo": "XK",
}  # fmt: skip


def country_code(text: str) -> str | None:
    """ISO 3166-1 alpha-2 of a country's code or name in any language; None when unknown.

    >>> country_code("Deutschland"), country_code("gbr"), country_code("Atlantis")
    ('DE', 'GB', None)
    """
    plain = text.strip()
    upper = plain.upper()
    if upper in country_codes():
        return upper
    if len(upper) == 3 and (found := pycountry.countries.get(alpha_3=upper)):
        return str(found.alpha_2)
    name = fold(plain)
    return _USUAL.get(name) or _english().get(name) or _translated().get(name)


def currency_code(text: str, usual: str = "") -> str | None:
    """ISO 4217 of a currency's code, sign or amount; None when there is none or it is unknown.

    text: such as `12,50 €`, `usd`, `$12`. usual: the shop's own currency, ISO 4217; it is meant by
    a sign that several currencies share.

    >>> currency_code("12,50 €"), currency_code("$12", usual="CAD"), currency_code("12 kr")
    ('EUR', 'CAD', None)
    """
    plain = text.strip()
    letters = plain.strip("0123456789.,'-+() \u00a0\u202f")
    if letters.upper() in currency_codes():
        return letters.upper()
    sharing = _SHARED_SIGNS.get(letters.rstrip(".").strip(), ())
    if usual in sharing:
        return usual
    return sharing[0] if sharing else _SYMBOLS.get(letters)


def fold(text: str) -> str:
    """Lower case, without accents and signs, single blanks: names are compared like this.

    >>> fold("  Côte-d’Ivoire ")
    'cote d ivoire'
    """
    letters = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(
        letter if letter.isalnum() else " "
        for letter in letters
        if not unicodedata.combining(letter)
    )
    return " ".join(plain.split())


@cache
def _english() -> Mapping[str, str]:
    return {
        fold(name): country.alpha_2
        for country in pycountry.countries
        for name in (
            country.name,
            getattr(country, "common_name", country.name),
            getattr(country, "official_name", country.name),
        )
    }


@cache
def _translated() -> Mapping[str, str]:
    """Names in all languages that pycountry ships; the first language wins where two differ."""
    names: dict[str, str] = {}
    for folder in sorted(Path(pycountry.LOCALES_DIR).iterdir()):
        if (folder / "LC_MESSAGES" / "iso3166-1.mo").exists():
            spoken = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, [folder.name])
            for country in pycountry.countries:
                for name in (country.name, getattr(country, "common_name", country.name)):
                    names.setdefault(fold(spoken.gettext(name)), country.alpha_2)
    return names
