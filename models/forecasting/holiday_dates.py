"""The days that shops know by name: public holidays of countries, and days that move with the moon
or a weekday.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache

import holidays
from dateutil.easter import easter

# Countries whose public holidays tell the dates of feasts that are kept elsewhere too.
_FEASTS = {
    "CN": {"Chinese New Year (Spring Festival)": "Lunar New Year"},
    "TR": {"Eid al-Fitr": "Eid al-Fitr", "Eid al-Adha": "Eid al-Adha"},
}
_RAMADAN_DAYS = 30


def named_days(countries: Sequence[str], first: int, last: int) -> Mapping[str, list[date]]:
    """Days by name, from the year `first` to `last`: one a year, the earliest.

    countries: ISO codes of the markets; of an unknown one no public holiday is known. Besides:
    Easter, Ascension, Black Friday, Singles' Day, Christmas Eve, New Year's Day, Lunar New Year,
    and the beginning and the end of Ramadan.
    """
    named: dict[str, list[date]] = {}
    for country in countries:
        for day, text in sorted(public_holidays(country, first, last).items()):
            for name in text.split("; "):
                named.setdefault(name, [])
                if day.year not in {one.year for one in named[name]}:
                    named[name].append(day)
    for name, days in _everywhere(first, last).items():
        named.setdefault(name, list(days))
    return {name: sorted(days) for name, days in named.items()}


@lru_cache(maxsize=256)
def public_holidays(country: str, first: int, last: int) -> Mapping[date, str]:
    """Public holidays of a country (ISO code, or `DE-BY` with a part of it): date -> name.

    Raises nothing: an unknown country has none.

    first: the first year; last: the last year, itself included.
    """
    code, _, part = country.partition("-")
    years = list(range(first, last + 1))
    try:
        found = holidays.country_holidays(
            code, subdiv=part or None, years=years, observed=False, language="en_US"
        )
    except NotImplementedError:
        return public_holidays(code, first, last) if part else {}
    return dict(found)


@lru_cache(maxsize=64)
def _everywhere(first: int, last: int) -> Mapping[str, tuple[date, ...]]:
    years = range(first, last + 1)
    named: dict[str, tuple[date, ...]] = {
        "Easter": tuple(easter(year) for year in years),
        "Ascension": tuple(easter(year) + timedelta(days=39) for year in years),
        "Black Friday": tuple(_black_friday(year) for year in years),
        "Singles' Day": tuple(date(year, 11, 11) for year in years),
        "Christmas Eve": tuple(date(year, 12, 24) for year in years),
        "New Year's Day": tuple(date(year, 1, 1) for year in years),
    }
    return named | _moon(first, last)


def _moon(first: int, last: int) -> dict[str, tuple[date, ...]]:
    found: dict[str, dict[int, date]] = {}
    for country, names in _FEASTS.items():
        for day, text in sorted(public_holidays(country, first, last).items()):
            for part, name in names.items():
                if part in text:
                    found.setdefault(name, {}).setdefault(day.year, day)
    named = {name: tuple(days.values()) for name, days in found.items()}
    ends = named.get("Eid al-Fitr", ())
    return named | {"Ramadan": tuple(day - timedelta(days=_RAMADAN_DAYS) for day in ends)}


def _black_friday(year: int) -> date:
    """The day after the fourth Thursday of November."""
    november = date(year, 11, 1)
    return november + timedelta(days=(3 - november.weekday()) % 7 + 22)
