"""The codes of countries and currencies that tables may hold."""

from functools import cache

import pycountry

# In use without being in ISO 3166-1: Kosovo, by the user-assigned code of banks and GeoIP tables.
_ASSIGNED_COUNTRIES = frozenset(["XK"])
# Withdrawn from ISO 4217 since 1999: pycountry knows those of today only.
_WITHDRAWN = frozenset([
    "ADP", "AFA", "ANG", "ATS", "AZM", "BEF", "BGL", "BGN", "BYB", "BYR", "CSD", "CUC",
    "CYP", "DEM", "ECS", "EEK", "ESP", "FIM", "FRF", "GHC", "GRD", "HRK", "IEP", "ITL",
    "LTL", "LUF", "LVL", "MGF", "MRO", "MTL", "MZM", "NLG", "PTE", "ROL", "RUR", "SDD",
    "SIT", "SKK", "SLL", "SRG", "STD", "TMM", "TPE", "TRL", "VEB", "VEF", "YUM", "ZMK",
    "ZWD", "ZWL", "ZWR",
])  # fmt: skip


@cache
def country_codes() -> frozenset[str]:
    """The codes of ISO 3166-1 alpha-2, and Kosovo's.

    >>> {"DE", "XK"} <= country_codes(), "UK" in country_codes()
    (True, False)
    """
    return frozenset(country.alpha_2 for country in pycountry.countries) | _ASSIGNED_COUNTRIES


@cache
def currency_codes() -> frozenset[str]:
    """The codes of ISO 4217, those withdrawn among them: history was paid in kuna and lev.

    >>> {"EUR", "HRK", "BGN"} <= currency_codes(), "EUX" in currency_codes()
    (True, False)
    """
    return frozenset(currency.alpha_3 for currency in pycountry.currencies) | _WITHDRAWN
