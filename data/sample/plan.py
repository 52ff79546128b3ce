"""Which part of the source becomes the sample merchant: sites, markets, sizes and the calendar."""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

Size = Literal["small", "full"]

START = pd.Timestamp("2017-01-01", tz="UTC")
DAYS = 365
# Web tracking is said to begin here: events of a whole year would only make the demo slow.
TRACKED_FROM = pd.Timestamp("2017-09-04", tz="UTC")
BASE = "EUR"


@dataclass(frozen=True)
class Market:
    """One country: its currency, the list price of 1 EUR in it, and its price level."""

    currency: str
    per_euro: float
    level: float


@dataclass(frozen=True)
class Site:
    """One store of the source, taken as a warehouse that ships to `serves`."""

    warehouse_id: str
    store_id: int
    country: str
    region: str
    serves: tuple[str, ...]


MARKETS: Mapping[str, Market] = {
    "CH": Market("CHF", 0.95, 1.28),
    "DE": Market("EUR", 1.0, 1.0),
    "DK": Market("DKK", 7.45, 1.15),
    "ES": Market("EUR", 1.0, 0.93),
    "FR": Market("EUR", 1.0, 1.03),
    "GB": Market("GBP", 0.87, 1.05),
    "IE": Market("EUR", 1.0, 1.1),
    "NL": Market("EUR", 1.0, 1.01),
    "PL": Market("PLN", 4.3, 0.86),
    "SE": Market("SEK", 11.0, 1.08),
}

# Units of EUR for one unit, around which the generated daily rates swing.
CENTRE_RATES: Mapping[str, float] = {
    "CHF": 1.053,
    "CNY": 0.128,
    "DKK": 0.1342,
    "GBP": 1.149,
    "PLN": 0.2326,
    "SEK": 0.0909,
    "TRY": 0.031,
    "USD": 0.921,
}

SITES: tuple[Site, ...] = (
    Site("DE1", 367, "DE", "north", ("DE", "PL", "NL", "DK", "CH")),
    Site("GB1", 406, "GB", "south", ("GB", "IE")),
    Site("PL1", 381, "PL", "west", ("PL", "DE", "NL", "DK")),
    Site("NL1", 292, "NL", "west", ("NL", "DE", "PL", "DK")),
    Site("CH1", 427, "CH", "north", ("CH", "DE")),
    Site("FR1", 356, "FR", "north", ("FR", "ES", "CH")),
    Site("IE1", 31782, "IE", "east", ("IE", "GB")),
    Site("DE2", 343, "DE", "west", ("DE", "NL", "DK", "PL")),
    Site("ES1", 361, "ES", "east", ("ES", "FR")),
    Site("DK1", 32004, "DK", "east", ("DK", "DE", "NL", "PL", "SE")),
    Site("SE1", 321, "SE", "south", ("SE", "DK")),
    Site("FR2", 424, "FR", "south", ("FR", "ES")),
)


@dataclass(frozen=True)
class SamplePlan:
    """How much of the source is taken.

    best: products kept per site, by the weeks they sold in; None: all with `min_lines`.
    min_lines: lines over all sites below which a product is left out.
    planned_weeks: weeks with a sale from which a product is under planning at a site.
    fraud_share: fraudulent payments aimed at, as a share of all.
    """

    sites: tuple[Site, ...]
    best: int | None
    min_lines: int
    planned_weeks: int
    fraud_share: float


PLANS: Mapping[str, SamplePlan] = {
    "small": SamplePlan(SITES[:5], best=200, min_lines=10, planned_weeks=13, fraud_share=0.025),
    "full": SamplePlan(SITES, best=None, min_lines=10, planned_weeks=13, fraud_share=0.015),
}


def stream(seed: int, name: str) -> np.random.Generator:
    """A random stream of its own for each purpose, so that one change does not move the others.

    seed: of the random draws; name: the purpose.
    """
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def token(*parts: object) -> str:
    """A short stable token (16 hex digits) of its parts."""
    return hashlib.blake2b(":".join(map(str, parts)).encode(), digest_size=8).hexdigest()


def day(when: pd.Series) -> pd.Series:
    """Days since the first day of the year, whole."""
    return (when - START).dt.days


def week(when: pd.Series) -> pd.Series:
    """The retailer's week number: week 1 is 1 January 2017, week 2 begins on Monday the 2nd."""
    return (day(when) + 6) // 7 + 1
