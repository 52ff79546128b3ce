"""Rows summed by day and cell: known, counted and unknown apart."""

import numpy as np
import pandas as pd
import pytest

from decisions.kpis.cells import SUM_COLUMNS, Span, sum_measures, utc_days

DAY = pd.Timestamp("2024-05-01")


def facts(*rows: tuple[str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["market", "revenue"]).assign(day=DAY)


def test_what_is_unknown_is_counted_and_not_nothing() -> None:
    frame = facts(("DE", 5.0), ("DE", np.nan), ("DE", 0.0), ("FR", 2.0))
    found = sum_measures("sales", frame, ["revenue"])
    assert set(SUM_COLUMNS) == set(found.columns)
    row = found.set_index("market").loc["DE"]
    assert (row["value"], row["rows"], row["unknown"]) == (5.0, 1, 1)
    assert found["value"].sum() == 7.0
    assert set(found["measure"]) == {"sales.revenue"}
    assert set(found["warehouse_id"]) == {""}


def test_the_sums_are_the_same_however_they_are_split() -> None:
    frame = facts(*((market, float(n)) for n, market in enumerate(["DE", "FR", None] * 4)))
    fine = sum_measures("s", frame, ["revenue"])
    coarse = sum_measures("s", frame, ["revenue"], by=())
    assert coarse["value"].tolist() == [fine["value"].sum()] == [66.0]


@pytest.mark.parametrize("measures", [[], ["revenue"]])
def test_no_facts_are_no_sums(measures: list[str]) -> None:
    assert sum_measures("s", facts(), measures).empty


def test_a_span_holds_its_two_ends() -> None:
    span = Span(DAY, DAY + pd.Timedelta(days=2))
    asked = pd.Series([DAY - pd.Timedelta(days=1), *span.days, pd.NaT])
    assert span.holds(asked).tolist() == [False, True, True, True, False]


def test_days_of_rows() -> None:
    moments = pd.Series(pd.to_datetime(["2024-05-01T23:30:00-02:00"], utc=True))
    assert utc_days(moments).tolist() == [pd.Timestamp("2024-05-02")]
