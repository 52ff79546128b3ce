"""The demand signal on hand-made tables whose answer is plain."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.forecasting import DEMAND, demand, future
from tests.features.forecasting.small_tables import MONDAY, look, order, quantities, tables, week


def test_orders_are_summed_by_week_and_weeks_without_are_true_zeros() -> None:
    given_tables = tables(
        orders=[order(1, week(0)), order(2, week(0, days=6.9), 2), order(3, week(2), 5)]
    )
    frame = demand(given_tables, week(4), "week")
    assert quantities(frame) == [3.0, 0.0, 5.0, 0.0]
    assert list(frame["period_start"]) == ["2024-01-01", "2024-01-08", "2024-01-15", "2024-01-22"]
    assert frame["event_timestamp"].iloc[0] == pd.Timestamp(week(1))


def test_the_running_period_is_left_out() -> None:
    given_tables = tables(orders=[order(1, week(0)), order(2, week(1)), order(3, week(2, days=1))])
    assert quantities(demand(given_tables, week(2, days=6), "week")) == [1.0, 1.0]


def test_a_first_week_that_the_data_know_only_the_end_of_is_left_out() -> None:
    given_tables = tables(orders=[order(1, week(0, days=5)), order(2, week(1), 4)])
    assert quantities(demand(given_tables, week(2), "week")) == [4.0]


def test_cancelled_and_fraudulent_orders_are_no_demand_and_are_told() -> None:
    given_tables = tables(
        orders=[
            order(1, week(0), 1),
            order(2, week(0), 2, status="cancelled"),
            order(3, week(0), 4),
            order(4, week(0), 8, status="returned"),
            order(5, week(0), 16),
        ],
        payments=[
            {"payment_id": "y3", "order_id": "o3", "attempted_at": week(0)},
            {"payment_id": "y5", "order_id": "o5", "attempted_at": week(0)},
        ],
        chargebacks=[
            {"payment_id": "y3", "reported_at": week(0, days=1), "is_fraud": True},
            {"payment_id": "y5", "reported_at": week(0, days=1), "is_fraud": True},
            {"payment_id": "y5", "reported_at": week(0, days=3), "is_fraud": False},
        ],
    )
    row = demand(given_tables, week(1), "week").iloc[0]
    assert row["quantity"] == 1 + 8 + 16
    assert (row["cancelled"], row["fraudulent"], row["returned"]) == (2, 4, 8)


def test_fraud_reported_later_is_still_demand() -> None:
    given_tables = tables(
        orders=[order(1, week(0), 4)],
        payments=[{"payment_id": "y", "order_id": "o1", "attempted_at": week(0)}],
        chargebacks=[{"payment_id": "y", "reported_at": week(3), "is_fraud": True}],
    )
    assert quantities(demand(given_tables, week(2), "week")) == [4.0, 0.0]
    assert quantities(demand(given_tables, week(3), "week")) == [0.0, 0.0, 0.0]


def test_lost_sales_are_read_from_the_weeks_before() -> None:
    looks = [look(week(0), 50), look(week(4), 0), look(week(5), 50)]
    orders = [order(n, week(n, days=1), 6) for n in range(4)]
    frame = demand(tables(orders=orders, stock=looks), week(6), "week")
    assert list(frame["lost"]) == [0, 0, 0, 0, 6, 0]


def test_prices_are_of_the_usual_currency_and_the_discount_is_a_share() -> None:
    given_tables = tables(
        orders=[
            order(1, week(0), 1, unit_price=10.0),
            order(2, week(0), 3, unit_price=20.0, discount=7.0),
            order(3, week(0), 1, unit_price=9000.0, currency="KRW"),
        ]
    )
    row = demand(given_tables, week(1), "week").iloc[0]
    assert row["price"] == pytest.approx(17.5)
    assert row["discount"] == pytest.approx(0.1)
    assert row["quantity"] == 5


def test_promotions_are_known_by_day_and_ahead() -> None:
    given_tables = tables(
        orders=[order(1, week(0))],
        promotions=[
            {"promotion_id": "a", "product_id": "p", "warehouse_id": "w", "discount": 0.2,
             "starts_on": week(1), "ends_on": week(1, days=6)},
            {"promotion_id": "b", "product_id": "p", "warehouse_id": "*", "discount": 0.3,
             "starts_on": week(2), "ends_on": week(2)},
            {"promotion_id": "c", "product_id": "p", "warehouse_id": "w", "discount": None,
             "starts_on": week(5), "ends_on": None},
        ],
    )  # fmt: skip
    past = demand(given_tables, week(4), "week")
    assert list(past["promotion"]) == pytest.approx([0, 1, 1 / 7, 0])
    assert list(past["promotion_discount"]) == pytest.approx([0, 0.2, 0.3, 0])
    ahead = future(past, given_tables, week(4), horizon=3)
    assert list(ahead["promotion"]) == pytest.approx([0, 1 / 7, 0])
    assert list(ahead["horizon"]) == [1, 2, 3]
    assert list(ahead["period_start"]) == ["2024-01-29", "2024-02-05", "2024-02-12"]


def test_a_calendar_of_promotions_that_came_twice_is_one() -> None:
    promotion = {"product_id": "p", "warehouse_id": "w", "discount": 0.2,
                 "starts_on": week(1), "ends_on": week(1, days=2)}  # fmt: skip
    once, twice = (
        demand(
            tables(
                orders=[order(1, week(0))],
                promotions=[{**promotion, "promotion_id": f"a{n}"} for n in range(times)],
            ),
            week(3),
            "week",
        )
        for times in (1, 2)
    )
    pd.testing.assert_frame_equal(once, twice)
    assert list(once["promotion"]) == pytest.approx([0, 3 / 7, 0])


def test_promotions_that_overlap_count_each_day_once_at_the_deepest_discount() -> None:
    spans = ((0, 2, 0.1), (1, 4, 0.3), (6, 6, 0.2))
    given_tables = tables(
        orders=[order(1, week(0))],
        promotions=[
            {"promotion_id": f"a{first}", "product_id": "p", "warehouse_id": "w",
             "discount": off, "starts_on": week(1, days=first), "ends_on": week(1, days=last)}
            for first, last, off in spans
        ],
    )  # fmt: skip
    found = demand(given_tables, week(3), "week")
    assert list(found["promotion"]) == pytest.approx([0, 6 / 7, 0])
    assert list(found["promotion_discount"]) == pytest.approx([0, 0.3, 0])


def test_a_clock_change_moves_no_order_to_another_day() -> None:
    """Berlin's clocks went forward on 31 March 2024 and back on 27 October: a day stays a day."""
    for change in ("2024-03-31", "2024-10-27"):
        night = pd.Timestamp(change, tz="UTC")
        local = [
            (night - pd.Timedelta(hours=1)).tz_convert("Europe/Berlin"),
            night.tz_convert("Europe/Berlin"),
            (night + pd.Timedelta(hours=23, minutes=59)).tz_convert("Europe/Berlin"),
            (night + pd.Timedelta(days=1)).tz_convert("Europe/Berlin"),
        ]
        given_tables = tables(
            orders=[order(number, when) for number, when in enumerate(local)],
            stock=[look(local[0].floor("D"), 9)],
        )
        found = demand(given_tables, (night + pd.Timedelta(days=3)).to_pydatetime(), "day")
        found = found[found["period_start"] >= change]
        assert list(found["quantity"]) == [2, 1, 0]
        assert found["period_start"].is_unique
        assert list(found["in_stock"]) == [1, 1, 1]


@pytest.mark.parametrize("frequency", ["day", "week", "month"])
def test_no_orders_is_no_demand(frequency: str) -> None:
    nothing = tables()
    frame = demand(nothing, week(5), frequency)
    assert frame.empty
    assert list(frame.columns)[3:] == list(DEMAND)
    assert future(frame, nothing, week(5), horizon=3).empty


lines = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.integers(1, 9),
        st.sampled_from(["placed", "cancelled", "returned"]),
        st.sampled_from(["p", "q"]),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=25, deadline=None)
@given(lines, st.sampled_from(["day", "week", "month"]))
def test_every_closed_unit_is_somewhere(sold: list[tuple], frequency: str) -> None:
    """Sold plus cancelled units of the frame are those ordered: none lost, none counted twice."""
    made = [
        order(n, MONDAY + timedelta(days=day), units, status=status, product_id=product)
        for n, (day, units, status, product) in enumerate(sold)
    ]
    opening = order(999, MONDAY, 1, product_id="first")
    as_of = datetime(2024, 3, 1, tzinfo=UTC)
    frame = demand(tables(orders=[opening, *made]), as_of, frequency)
    closed = [one for one in [opening, *made] if frequency != "week" or one["ordered_at"] < week(8)]
    assert frame["sold"].sum() + frame["cancelled"].sum() == sum(one["quantity"] for one in closed)
    assert not frame.duplicated(["warehouse_id", "product_id", "period_start"]).any()
    assert (frame["event_timestamp"] <= pd.Timestamp(as_of)).all()


def test_a_bulk_order_is_flagged_and_not_learned() -> None:
    usual = [order(n, week(n % 4), 2) for n in range(40)]
    frame = demand(tables(orders=[*usual, order(99, week(1), 500)]), week(4), "week")
    assert quantities(frame) == [20.0, 20.0, 20.0, 20.0]
    assert list(frame["bulk"]) == [0, 500, 0, 0]


def test_a_large_line_among_few_is_no_bulk() -> None:
    frame = demand(tables(orders=[order(1, week(0), 1), order(2, week(1), 500)]), week(2), "week")
    assert quantities(frame) == [1.0, 500.0]


def test_an_empty_lake_has_no_demand() -> None:
    assert demand(tables(), week(4)).empty
    assert demand(tables(), week(4), "day").empty
