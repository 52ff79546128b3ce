"""The ledger: every fact about a customer at its time, and its undoing at its own."""

import numpy as np
import pandas as pd
import pytest

from data.tables import TABLES
from data.views import Terms
from features.customers import LEDGER_FEATURES, customer_ledger, model_inputs

T0 = pd.Timestamp("2024-01-01", tz="UTC")
TERMS = Terms(base_currency="EUR")


def day(number: float) -> pd.Timestamp:
    return T0 + pd.Timedelta(days=number)


def orders(*rows: tuple[str, str, float, float], **extra: object) -> pd.DataFrame:
    """Rows of (order, customer, day, price), one unit each."""
    names = ["order_id", "customer_id", "day", "unit_price"]
    frame = pd.DataFrame(list(rows), columns=names)
    frame["ordered_at"] = [day(number) for number in frame.pop("day")]
    return frame.assign(
        line_no=1,
        product_id="p",
        warehouse_id="w",
        quantity=1.0,
        currency="EUR",
        discount=0.0,
        market="DE",
        status="placed",
    ).assign(**extra)


def tables(**given: pd.DataFrame) -> dict[str, pd.DataFrame]:
    empty = {
        name: pd.DataFrame(
            {
                column.name: pd.Series(
                    dtype="datetime64[us, UTC]" if column.kind in {"time", "date"} else object
                )
                for column in TABLES[name].columns
            }
        )
        for name in (
            "orders",
            "products",
            "supply_terms",
            "customers",
            "payments",
            "chargebacks",
            "fx_rates",
        )
    }
    return empty | given


def at(frame: pd.DataFrame, moment: pd.Timestamp, customer: str = "a") -> pd.Series:
    mine = frame[(frame["customer_id"] == customer) & (frame["event_timestamp"] <= moment)]
    return mine.sort_values("event_timestamp").iloc[-1]


def ledger(moment: float = 1000, **given: pd.DataFrame) -> pd.DataFrame:
    return customer_ledger(tables(**given), day(moment).to_pydatetime(), TERMS)


def test_orders_add_up_and_the_past_stays_as_it_was() -> None:
    made = ledger(orders=orders(("1", "a", 0, 10), ("2", "a", 10, 30), ("3", "b", 5, 7)))
    assert list(made.columns) == ["customer_id", "event_timestamp", *LEDGER_FEATURES]
    assert at(made, day(9))["orders"] == 1
    late = at(made, day(20))
    assert (late["orders"], late["revenue"], late["first_order_revenue"]) == (2, 40, 10)
    assert late["last_gap_days"] == pytest.approx(10)
    assert late["first_market"] == "DE"


def test_a_year_later_an_order_is_not_of_the_last_365_days() -> None:
    made = ledger(orders=orders(("1", "a", 0, 10), ("2", "a", 100, 30)))
    assert at(made, day(200))["orders_365d"] == 2
    assert at(made, day(366))["orders_365d"] == 1
    assert at(made, day(366))["revenue_365d"] == 30
    assert at(made, day(466))["orders"] == 2


def test_nothing_later_than_as_of_is_told() -> None:
    made = ledger(50, orders=orders(("1", "a", 0, 10), ("2", "a", 100, 30)))
    assert (made["event_timestamp"] <= day(50)).all()


def test_a_cancelled_order_counts_until_it_is_cancelled() -> None:
    frame = orders(("1", "a", 0, 10), ("2", "a", 10, 30), status=["placed", "cancelled"])
    frame["cancelled_at"] = [pd.NaT, day(12)]
    made = ledger(orders=frame)
    assert at(made, day(11))["orders"] == 2
    after = at(made, day(13))
    assert (after["orders"], after["revenue"], after["cancelled_orders"]) == (1, 10, 1)


def test_a_cancelled_order_without_a_time_never_counted() -> None:
    made = ledger(
        orders=orders(("1", "a", 0, 10), ("2", "a", 10, 30), status=["placed", "cancelled"])
    )
    assert at(made, day(11))["orders"] == 1
    assert at(made, day(11))["revenue"] == 10


def test_a_return_takes_its_share_of_money_when_it_comes_back() -> None:
    frame = orders(("1", "a", 0, 40))
    frame = frame.assign(quantity=2.0, returned_at=day(9), returned_quantity=1.0)
    products = pd.DataFrame({"product_id": ["p"], "unit_cost": [10.0], "currency": ["EUR"]})
    made = ledger(orders=frame, products=products.reindex(columns=TABLES["products"].names))
    assert (at(made, day(8))["revenue"], at(made, day(8))["margin"]) == (80, 60)
    late = at(made, day(9))
    assert (late["revenue"], late["margin"], late["returned_revenue"]) == (40, 30, 40)
    assert late["orders"] == 1


def test_without_a_cost_or_a_rate_money_is_not_known() -> None:
    made = ledger(orders=orders(("1", "a", 0, 10), ("2", "b", 0, 10), currency=["EUR", "SEK"]))
    mine, other = at(made, day(1)), at(made, day(1), "b")
    assert (mine["costed_revenue"], mine["margin"], mine["priced_orders"]) == (0, 0, 1)
    assert (other["orders"], other["priced_orders"], other["revenue"]) == (1, 0, 0)


def test_supply_terms_give_the_landed_cost() -> None:
    terms = pd.DataFrame(
        {
            "warehouse_id": ["w"],
            "product_id": ["p"],
            "supplier_id": ["s"],
            "unit_cost": [4.0],
            "duty_rate": [0.5],
            "freight_per_unit": [1.0],
            "currency": ["EUR"],
            "valid_from": [pd.Timestamp("1970-01-01", tz="UTC")],
        }
    )
    made = ledger(orders=orders(("1", "a", 0, 10)), supply_terms=terms)
    assert at(made, day(1))["margin"] == pytest.approx(3)


def test_payments_and_disputes_count_and_a_fraud_costs_its_amount_once() -> None:
    payments = pd.DataFrame(
        {
            "payment_id": ["x", "y"],
            "customer_id": "a",
            "attempted_at": [day(0), day(1)],
            "amount": [50.0, 20.0],
            "currency": "EUR",
            "outcome": ["captured", "declined"],
        }
    )
    told = pd.DataFrame(
        {
            "payment_id": ["x", "x"],
            "reported_at": [day(5), day(6)],
            "is_fraud": [True, True],
        }
    )
    made = ledger(payments=payments, chargebacks=told)
    assert at(made, day(4))["frauds"] == 0
    late = at(made, day(6))
    assert (late["payments"], late["declines"], late["disputes"]) == (2, 1, 2)
    assert (late["frauds"], late["fraud_losses"], late["margin"]) == (1, 50, -50)


def test_inputs_move_with_time_alone() -> None:
    made = ledger(orders=orders(("1", "a", 0, 10), ("2", "a", 10, 30), ("3", "a", 20, 20)))
    known = made[made["event_timestamp"] == day(20)]
    soon = model_inputs(known, pd.Series(day(20), index=known.index)).iloc[0]
    late = model_inputs(known, pd.Series(day(50), index=known.index)).iloc[0]
    assert (soon["repeat_orders"], soon["active_days"], soon["age_days"]) == (2, 20, 20)
    assert (late["recency_days"], late["age_days"], late["mean_gap_days"]) == (30, 50, 10)
    assert late["repeats_30d"] == pytest.approx(np.exp(-40 / 30) + np.exp(-30 / 30))
    assert late["mean_repeat_revenue"] == 25
    assert np.isnan(late["account_days"])
