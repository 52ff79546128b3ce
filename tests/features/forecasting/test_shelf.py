"""Empty shelves and stale counts."""

import numpy as np
import pytest

from features.forecasting import demand
from tests.features.forecasting.small_tables import look, order, quantities, tables, week


def test_an_empty_shelf_is_missing_and_a_half_empty_one_censored() -> None:
    given_tables = tables(
        orders=[order(1, week(0), 7), order(2, week(2), 3)],
        stock=[
            look(week(0), 50),
            look(week(1), 0),
            look(week(2), 5),
            look(week(2, days=3.5), 4, reserved=4),
            look(week(3), 9),
        ],
    )
    frame = demand(given_tables, week(4), "week")
    assert quantities(frame) == [7.0, None, 3.0, 0.0]
    assert list(frame["in_stock"]) == pytest.approx([1, 0, 0.5, 1])
    # The first week was sold out by its end: what was asked for may have been more.
    assert list(frame["censored"]) == [True, False, True, False]
    assert list(frame["sold"]) == [7, 0, 3, 0]


def test_sales_while_the_count_says_zero_are_sales() -> None:
    given_tables = tables(orders=[order(1, week(1), 2)], stock=[look(week(0), 0)])
    frame = demand(given_tables, week(2), "week")
    assert quantities(frame) == [None, 2.0]
    assert list(frame["censored"]) == [False, True]


def test_a_stock_count_grows_stale() -> None:
    given_tables = tables(orders=[order(1, week(0))], stock=[look(week(0), 0)])
    share = demand(given_tables, week(8), "week")["in_stock"].to_numpy()
    assert share[3] == 0
    assert np.isnan(share[5])
