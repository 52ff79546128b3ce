"""A closed warehouse on hand-made orders: what is a closure, and what it does to demand."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from features.forecasting import demand, future
from features.forecasting.closures import OpeningTimes, newest_day, opening_times, shut
from features.forecasting.order_lines import order_lines
from tests.features.forecasting.test_demand import MONDAY, order, tables, week


def daily(days: list[int], warehouse: str = "w", **other) -> list[dict]:
    """An order on each of these days after MONDAY."""
    about = {"warehouse_id": warehouse, **other}
    moments = {day: MONDAY + timedelta(days=day, hours=9) for day in days}
    return [order(f"{warehouse}{day}", moment, **about) for day, moment in moments.items()]


FIRST = (MONDAY - datetime(1970, 1, 1, tzinfo=MONDAY.tzinfo)).days


def times(rows: list[dict], as_of: datetime, **more: list[dict]) -> dict[str, OpeningTimes]:
    given_tables = tables(orders=rows, **more)
    lines = order_lines(given_tables, as_of)
    return dict(opening_times(lines, given_tables, as_of, FIRST + 400))


def spells(rows: list[dict], as_of: datetime) -> list[tuple[str, int, int]]:
    found = times(rows, as_of)
    return [(name, a - FIRST, b - FIRST) for name, one in found.items() for a, b in one.spells]


def shut_at(rows: list[dict], as_of: datetime) -> frozenset[str]:
    lines = order_lines(tables(orders=rows), as_of)
    return shut(times(rows, as_of), newest_day(lines))


def test_a_week_without_orders_of_a_warehouse_that_sells_daily_is_a_closure() -> None:
    open_days = [*range(60), *range(70, 130)]
    assert spells(daily(open_days), week(20)) == [("w", 60, 69)]


def test_six_days_are_none() -> None:
    assert spells(daily([*range(60), *range(66, 130)]), week(20)) == []


def test_a_warehouse_that_sells_now_and_then_is_not_closed() -> None:
    assert spells(daily(list(range(0, 200, 9))), week(40)) == []
    assert spells(daily([day for day in range(200) if day % 7 == 3]), week(40)) == []


def test_closed_sundays_are_none_and_a_closed_month_between_them_is_one() -> None:
    open_days = [day for day in range(200) if day % 7 != 6 and not 84 <= day < 112]
    assert spells(daily(open_days), week(40)) == [("w", 83, 111)]


def test_what_recurs_after_a_year_is_a_season() -> None:
    first_year = [*range(100), *range(110, 364)]
    both = [*first_year, *(day + 364 for day in first_year)]
    assert spells(daily(both), week(120)) == [("w", 100, 109)]


def test_the_first_and_the_last_weeks_of_the_data_say_too_little() -> None:
    assert spells(daily([*range(20), *range(40, 150)]), week(40)) == []
    assert spells(daily([*range(100), *range(110, 125)]), week(40)) == []


def test_a_silence_that_lasts_is_a_closure_only_where_others_sell() -> None:
    rows = daily(list(range(60)))
    assert spells(rows, week(20)) == []
    rows += daily(list(range(100)), "other")
    assert spells(rows, week(20)) == [("w", 60, 99)]
    assert shut_at(rows, week(20)) == {"w"}
    assert shut_at(rows, MONDAY + timedelta(days=80)) == set()


def test_nothing_after_the_moment_is_used() -> None:
    rows = daily([*range(60), *range(90, 150)]) + daily(list(range(150)), "other")
    assert spells(rows, MONDAY + timedelta(days=80)) == [("w", 60, 79)]


def test_cancelled_orders_show_that_it_is_open() -> None:
    rows = daily(list(range(60))) + daily(list(range(60, 130)), status="cancelled")
    assert spells(rows, week(20)) == []


def test_no_orders_at_all() -> None:
    assert spells([], week(4)) == []
    assert shut_at([], week(4)) == frozenset()


def test_demand_of_a_closed_week_is_unknown_and_of_a_half_closed_one_censored() -> None:
    rows = daily([*range(60), *range(80, 140)])
    frame = demand(tables(orders=rows), week(20), "week").set_index("period_start")
    columns = ["closed", "in_stock", "quantity", "sold", "lost"]
    told = frame.loc[["2024-02-19", "2024-02-26", "2024-03-04"], columns].to_numpy(dtype=float)
    usual = [0.0, np.nan, 7.0, 7.0, 0.0]
    half = [3 / 7, 4 / 7, 4.0, 4.0, 3.0]
    whole = [1.0, 0.0, np.nan, 0.0, 7.0]
    np.testing.assert_allclose(told, [usual, half, whole])
    assert list(frame.index[frame["censored"].astype(bool)]) == ["2024-02-26", "2024-03-18"]


def test_nothing_is_forecast_of_a_warehouse_closed_for_four_weeks() -> None:
    rows = daily(list(range(60))) + daily(list(range(140)), "other")
    given_tables = tables(orders=rows)
    frame = demand(given_tables, week(20), "week")
    ahead = future(frame, given_tables, week(20), horizon=2).groupby("warehouse_id")["offered"]
    assert ahead.max().to_dict() == {"other": 1.0, "w": 0.0}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 250), min_size=1, max_size=250), st.integers(0, 300))
def test_a_closure_has_no_order_and_lies_in_what_is_known(days: list[int], now: int) -> None:
    rows = daily(sorted(set(days))) + daily([0, 250], "other")
    until = MONDAY + timedelta(days=now)
    for name, first, last in spells(rows, until):
        known = {day for day in days if day <= now} if name == "w" else {0, 250}
        assert last - first + 1 >= 7
        assert not known & set(range(first, last + 1))
        assert min(known) < first <= last <= now


def test_orders_sold_out_of_order_give_the_same_closures() -> None:
    rows = daily([*range(60), *range(70, 130)])
    shuffled = pd.DataFrame(rows).sample(frac=1, random_state=1).to_dict("records")
    assert spells(shuffled, week(20)) == spells(rows, week(20))
