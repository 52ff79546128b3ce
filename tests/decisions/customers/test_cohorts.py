"""Cohorts by first order."""

import pandas as pd

from decisions.customers.cohorts import COHORT_COLUMNS, cohort_table
from decisions.runtime import Runtime


def test_cohorts_add_up(runtime: Runtime, scored: pd.DataFrame) -> None:
    table = cohort_table(runtime, runtime.now(), "month")
    assert list(table.columns) == list(COHORT_COLUMNS)
    first = table[table["month"] == 0]
    assert (first["active_share"] == 1).all()
    assert first["customers"].sum() <= len(scored)
    assert (table["repeat_share"].between(0, 1)).all()
