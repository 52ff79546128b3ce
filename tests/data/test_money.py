"""Dated exchange rates."""

import math

import pandas as pd

from data.money import to_base

RATES = pd.DataFrame(
    {
        "rate_date": pd.to_datetime(["2024-01-01", "2024-01-10", "2024-01-01"], utc=True),
        "currency": ["SEK", "SEK", "GBP"],
        "rate": [0.10, 0.20, 1.2],
    }
)


def worth(amount: float, currency: str | None, day: str) -> float:
    answer = to_base(
        pd.Series([amount]),
        pd.Series([currency], dtype=object),
        pd.Series(pd.to_datetime([day], utc=True)),
        RATES,
        "EUR",
    )
    return float(answer.iloc[0])


def test_the_newest_rate_at_or_before_the_day_counts() -> None:
    assert worth(10, "SEK", "2024-01-09") == 1.0
    assert worth(10, "SEK", "2024-01-10") == 2.0
    assert worth(10, "SEK", "2025-06-01") == 2.0


def test_no_rate_known_yet_is_no_number() -> None:
    assert math.isnan(worth(10, "SEK", "2023-12-31"))
    assert math.isnan(worth(10, "USD", "2024-02-01"))


def test_base_and_missing_currency_need_no_rate() -> None:
    assert worth(10, "EUR", "2020-01-01") == 10.0
    assert worth(10, None, "2020-01-01") == 10.0


def test_rows_and_index_stay_as_they_were() -> None:
    amounts = pd.Series([1.0, 2.0, 3.0], index=[7, 3, 5])
    when = pd.Series(pd.to_datetime(["2024-02-01", "2024-01-01", "2024-01-05"], utc=True))
    answer = to_base(amounts, pd.Series(["SEK", "GBP", "SEK"]), when, RATES, "EUR")
    assert list(answer.index) == [7, 3, 5]
    assert [round(value, 6) for value in answer] == [0.2, 2.4, 0.3]
