"""Sums between moments."""

import numpy as np
import pandas as pd

from features.replenishment.ledger import Keys, Ledger, moments
from tests.features.replenishment.small_tables import day


def test_moments_are_mondays_and_now() -> None:
    found = moments(day(9.5), weeks=3)
    assert list(found) == [pd.Timestamp(day(n)) for n in (-7, 0, 7, 9.5)]
    assert list(moments(day(7), weeks=2)) == [pd.Timestamp(day(0)), pd.Timestamp(day(7))]


def test_a_ledger_sums_between_moments_key_by_key() -> None:
    frame = pd.DataFrame({"k": ["a", "b", "a", "x"]})
    keys = Keys.of(("k",), frame.iloc[:3])
    ledger = Ledger.of(
        keys.codes(pd.DataFrame({"k": ["a", "b", "a", "nobody"]})),
        np.array([10, 20, 30, 5]),
        np.array([1.0, 2.0, 4.0, 100.0]),
    )
    codes = np.array([0, 0, 1])
    after, until = np.array([10, 0, 0]), np.array([30, 10, 100])
    assert ledger.between(codes, after, until).tolist() == [4.0, 1.0, 2.0]
    assert ledger.until(codes, until).tolist() == [5.0, 1.0, 2.0]
