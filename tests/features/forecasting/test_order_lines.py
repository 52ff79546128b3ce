"""The order book: exceptional orders, regular trade, stray dates, zones, back-orders, returns."""

from datetime import datetime, timedelta

import pandas as pd
import pytest

from features.forecasting import demand, future
from features.forecasting.order_lines import order_lines, running_moment
from tests.features.forecasting.test_demand import MONDAY, look, order, tables, week


def test_one_giant_order_of_a_slow_mover_is_no_demand_although_it_has_many_lines() -> None:
    rows = [order(n, week(4 * n)) for n in range(12)]
    rows += [order("giant", week(20), 50, line_no=line) for line in range(10)]
    frame = demand(tables(orders=rows), week(48), "week")
    assert frame["quantity"].sum() == 12
    assert frame["bulk"].sum() == 500


def test_regular_wholesale_is_demand() -> None:
    """Each month 96 lines of 1 and 4 of 50: 74 a week of four."""
    rows = []
    for month in range(6):
        start = MONDAY + timedelta(days=28 * month)
        rows += [order(f"s{month}.{n}", start + timedelta(hours=7 * n)) for n in range(96)]
        rows += [
            order(f"w{month}.{n}", start + timedelta(days=7 * n, hours=9), 50) for n in range(4)
        ]
    frame = demand(tables(orders=rows), week(24), "week")
    assert frame["quantity"].mean() == pytest.approx(74)


def test_one_line_of_1990_flips_no_frequency_and_makes_no_grid() -> None:
    rows = [order(n, MONDAY + timedelta(hours=6 * n)) for n in range(1200)]
    plain = demand(tables(orders=rows), week(42))
    odd = demand(tables(orders=[*rows, order("old", datetime(1990, 1, 1, tzinfo=MONDAY.tzinfo))]),
                 week(42))  # fmt: skip
    assert list(odd["frequency"].unique()) == ["day"]
    assert len(odd) == len(plain)


def los_angeles(**more: list[dict]) -> dict[str, pd.DataFrame]:
    warehouse = {"warehouse_id": "w", "country": "US", "time_zone": "America/Los_Angeles"}
    made = tables(**more)
    made["warehouses"] = pd.DataFrame([warehouse])
    return made


def test_an_evening_is_of_its_own_day() -> None:
    """23:00 on Saturday in Los Angeles is Sunday in UTC."""
    rows = [order(n, MONDAY + timedelta(days=n + 1, hours=7)) for n in range(14)]
    frame = demand(los_angeles(orders=rows), MONDAY + timedelta(days=20, hours=12), "day")
    sold = frame.set_index("period_start")["sold"]
    assert sold["2024-01-01"] == 1
    assert sold["2024-01-14"] == 1
    assert sold.sum() == 14


def test_a_shop_closed_on_sundays_offers_nothing_on_them() -> None:
    days = [day for day in range(140) if day % 7 != 6]
    rows = [order(day, MONDAY + timedelta(days=day, hours=26)) for day in days]
    given_tables = los_angeles(orders=rows)
    now = MONDAY + timedelta(days=139, hours=20)
    frame = demand(given_tables, now, "day")
    sundays = pd.to_datetime(frame["period_start"]).dt.dayofweek == 6
    assert frame.loc[sundays, "quantity"].isna().all()
    assert (frame.loc[~sundays, "quantity"] == 1).all()
    ahead = future(frame, given_tables, now, horizon=14)
    closed = pd.to_datetime(ahead["period_start"]).dt.dayofweek == 6
    assert (ahead.loc[closed, "offered"] == 0).all()
    assert (ahead.loc[~closed, "offered"] == 1).all()


def test_a_period_has_ended_when_it_has_in_every_warehouse() -> None:
    made = los_angeles()
    assert running_moment(MONDAY + timedelta(hours=3), made["warehouses"]) < MONDAY


def test_orders_from_an_empty_shelf_are_not_lost_as_well() -> None:
    """Twenty a week; on the empty shelf ten still order, so ten were lost and not twenty."""
    rows = [order(n, week(n, days=1), 20) for n in range(10)]
    rows += [order(n, week(n, days=1), 10) for n in range(10, 14)]
    looks = [look(week(n), 50) for n in range(10)] + [look(week(n), -5) for n in range(10, 15)]
    frame = demand(tables(orders=rows, stock=looks), week(14), "week")
    last = frame.iloc[-1]
    assert last["sold"] + last["lost"] == pytest.approx(20)


def test_what_comes_back_counts_when_it_came_back_and_is_not_known_before() -> None:
    rows = [order(n, week(n), 2) for n in range(6)]
    given_tables = tables(orders=rows)
    orders = given_tables["orders"]
    back = pd.Series(pd.NaT, index=orders.index, dtype="datetime64[ns, UTC]")
    back[1] = pd.Timestamp(week(4))
    given_tables["orders"] = orders.assign(returned_at=back).assign(
        status=["placed", "returned", *["placed"] * 4]
    )
    late = demand(given_tables, week(6), "week").set_index("period_start")["returned"]
    assert late["2024-01-29"] == 2
    assert late.sum() == 2
    early = order_lines(given_tables, week(3))
    assert early["returned"].sum() == 0
