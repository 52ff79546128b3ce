"""Shops drawn at random: any subset of tables, any currency, zone, size and dirt."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from tests.merchants.named import odd
from tests.merchants.shops import DAILY, EVERY_TABLE, WITHOUT_SUNDAYS, Shop, Tables, plain

_PLACES = (
    ("UTC", "DE", "EUR"),
    ("America/Los_Angeles", "US", "USD"),
    ("America/Sao_Paulo", "BR", "BRL"),
    ("Asia/Tokyo", "JP", "JPY"),
    ("Asia/Kolkata", "IN", "INR"),
    ("Asia/Kuwait", "KW", "KWD"),
    ("Pacific/Auckland", "NZ", "NZD"),
    ("Pacific/Chatham", "NZ", "NZD"),
)
_UNTIL = (
    "2024-06-30T18:00:00Z",
    "2024-02-29T23:59:59Z",
    "2024-01-01T00:00:00Z",
    "2021-01-03T12:00:00Z",
    "2023-03-26T01:30:00Z",  # clocks change in Europe
)


def random_shop(seed: int) -> Shop:
    """The shop of a seed."""
    random = np.random.default_rng(seed)

    def one_of(*choices: object) -> object:
        return choices[int(random.integers(len(choices)))]

    zone, country, currency = _PLACES[int(random.integers(len(_PLACES)))]
    share = float(one_of(0.2, 0.6, 1.0))
    kept = tuple(name for name in EVERY_TABLE if random.random() <= share)
    is_base_told = random.random() < 0.5
    other = _PLACES[int(random.integers(len(_PLACES)))][2]
    return Shop(
        name=f"random {seed}",
        tables=kept or ("orders",),
        until=_UNTIL[int(random.integers(len(_UNTIL)))],
        days=int(random.choice([1, 2, 8, 30, 75])),
        zone=zone,
        countries=(country,) if random.random() < 0.6 else (country, "FR"),
        currencies=(currency,) if random.random() < 0.6 else (currency, other),
        rates={other: 1.25} if random.random() < 0.5 else {},
        products=int(random.choice([1, 2, 6, 15])),
        customers=int(random.choice([1, 5, 40])),
        orders_a_day=float(random.choice([0.1, 1.0, 5.0, 12.0])),
        weekdays=DAILY if random.random() < 0.7 else WITHOUT_SUNDAYS,
        growth=float(random.choice([0.2, 1.0, 10.0])),
        closed=((20, 8),) if random.random() < 0.2 else (),
        giant_every=int(random.choice([0, 10])),
        returned=float(random.choice([0.0, 0.4, 1.0])),
        cancelled=float(random.choice([0.0, 0.1, 1.0])),
        declined=float(random.choice([0.0, 0.2, 1.0])),
        frauds=int(random.choice([0, 1, 40])),
        guests=bool(random.random() < 0.2),
        channels=("web", "shop") if random.random() < 0.3 else (),
        price=float(random.choice([0.0, 0.5, 20.0, 9_999.0])),
        ids=odd if random.random() < 0.3 else plain,
        settings={"ARGOSY_BASE_CURRENCY": currency} if is_base_told else {},
        more=_dirtied(seed) if random.random() < 0.3 else None,
        later=float(random.choice([0.0, 0.0, 0.3])),
    )


def shops() -> st.SearchStrategy[Shop]:
    """A strategy that draws shops."""
    return st.integers(0, 2**32 - 1).map(random_shop)


def _dirtied(seed: int) -> "object":
    """Optional columns lose values, or are not there at all."""

    def dirtied(tables: Tables) -> Tables:
        from data.tables import TABLES

        random = np.random.default_rng(seed)
        made: Tables = {}
        for name, frame in tables.items():
            optional = [
                column
                for column in frame.columns
                if column in TABLES[name].names and not TABLES[name].column(column).required
            ]
            optional = [column for column in optional if column not in TABLES[name].any_of]
            gone = [column for column in optional if random.random() < 0.2]
            holes = {
                column: frame[column].mask(random.random(len(frame)) < 0.3)
                for column in optional
                if column not in gone and not isinstance(frame[column].dtype, pd.BooleanDtype)
            }
            made[name] = frame.assign(**holes).drop(columns=gone)
        return made

    return dirtied
