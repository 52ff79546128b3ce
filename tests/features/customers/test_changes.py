"""What changes a customer's figures, and when."""

import pandas as pd

from data.tables import TABLES
from tests.features.customers.order_rows import at, day, ledger, orders


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
