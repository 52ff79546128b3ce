"""Margin where costs are known, revenue where none are, and last year carried on."""

import numpy as np
import pandas as pd
import pytest

from models.customers.customer_frame import (
    MarginShare,
    last_year_rate,
    newest_rows,
    repeat_rate,
)


def money(revenue: float, costed: float, margin: float) -> pd.DataFrame:
    return pd.DataFrame({"revenue": [revenue], "costed_revenue": [costed], "margin": [margin]})


def test_costs_of_some_lines_stand_in_for_the_others() -> None:
    share = MarginShare.fit(money(100, 50, 20))
    assert (share.share, share.basis) == (0.4, "margin")
    assert share.value_so_far(money(100, 50, 20))[0] == pytest.approx(40)


def test_a_shop_without_costs_is_valued_by_revenue_and_says_so() -> None:
    share = MarginShare.fit(money(100, 0, 0))
    assert share.basis == "revenue"
    assert share.value_so_far(money(70, 0, -5))[0] == 70


def test_last_year_is_carried_on_by_the_days_it_had() -> None:
    frame = pd.DataFrame(
        {"age_days": [100.0, 1000.0], "horizon_days": [50, 365], "orders_365d": [3.0, 4.0]}
    )
    assert last_year_rate(frame, frame["orders_365d"]).tolist() == [1.5, 4.0]
    assert repeat_rate(frame).tolist() == [1.0, 4.0]


def test_the_newest_row_of_each_customer() -> None:
    frame = pd.DataFrame({"customer_id": ["a", "b", "a"], "origin": [1, 1, 2], "x": [1, 2, 3]})
    assert newest_rows(frame)["x"].tolist() == [2, 3]
    assert np.isfinite(newest_rows(frame)["x"]).all()
