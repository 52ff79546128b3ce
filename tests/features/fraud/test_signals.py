"""The merchant's own signals."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.fraud.signals import signal, signals
from features.fraud.stream import milliseconds

AT = milliseconds(datetime(2025, 1, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2025-01-01T00:59:00Z", 60.0),
        ("2025-01-01 01:59:00+01:00", 60.0),
        ("2025-01-01T00:59", 60.0),
        ("2025-01-01T01:00:30Z", -30.0),
        ("2025-13-01T00:00:00Z", "2025-13-01T00:00:00Z"),
        ("2025-01-01", "2025-01-01"),
        ("gift", "gift"),
        (3, 3),
        (None, None),
    ],
)
def test_a_time_is_told_in_seconds_before_and_all_else_as_it_is(
    value: object, expected: object
) -> None:
    assert signal(value, AT) == expected


@given(st.lists(st.sampled_from(["2025-01-01T00:00:00Z", "gift", "", None]), max_size=6))
def test_a_column_is_read_as_each_alone(values: list[str | None]) -> None:
    at = np.full(len(values), AT)
    found = signals(pd.Series(values, dtype=object), at).tolist()
    for one, value in zip(found, values, strict=True):
        assert one == signal(value, AT) or (value is None and pd.isna(one))


def test_columns_of_times_and_numbers() -> None:
    times = pd.Series(pd.to_datetime(["2025-01-01T00:59:00Z", None], utc=True))
    found = signals(times, np.array([AT, AT]))
    assert found[0] == 60.0
    assert np.isnan(found[1])
    numbers = pd.Series([1.0, np.nan])
    assert signals(numbers, np.array([AT, AT])) is numbers
