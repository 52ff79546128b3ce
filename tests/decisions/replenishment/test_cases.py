"""What planners bring: two a day, seven days of lead time, a review a week: about 17 to order."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.settings import Settings
from decisions.replenishment import score
from decisions.runtime import Runtime
from features import forecasting
from features.replenishment import SERVICE, VIEWS
from features.store import Store
from models.replenishment.plan import WATERFALL

NOW = pd.Timestamp("2024-07-01T06:00Z")  # a Monday
PRICE = {"unit_cost": 10.0, "currency": "EUR"}
# Each product has a supplier of its own; what differs from the ordinary one.
TERMS: dict[str, dict[str, Any]] = {
    "usual": {},
    "overdue": {},
    "dated": {},
    "undated": {},
    "empty": {},
    "owed": {},
    "reserved": {},
    "break": {"price_breaks": "100:0.9", "service_level": np.nan, "order_cost": 5.0},
    "far break": {"price_breaks": "100:0.9|9000:0.8", "service_level": np.nan, "order_cost": 5.0},
    "certain": {"service_level": 1.0},
    "loss": {"unit_cost": 25.0, "service_level": np.nan},
    "no rate": {"currency": "USD"},
    "at most": {"max_order_quantity": 12.0},
    "long": {"lead_time_days": 14.0},
    "dearer": {},
    "later": {},
    "holiday": {},
    "order day": {},
    "tariff": {},
}
NEED = 17


def day(number: float) -> datetime:
    return (NOW + pd.Timedelta(days=number)).to_pydatetime()


def sales() -> pd.DataFrame:
    """Two a day of every product for half a year, in one order a day."""
    days = [day(-number - 0.5) for number in range(182)]
    rows = [
        {"order_id": f"{product}-{n}", "ordered_at": at, "product_id": product}
        for product in TERMS
        if product != "later"
        for n, at in enumerate(days)
    ]
    return pd.DataFrame(rows).assign(
        line_no=1,
        customer_id="c",
        warehouse_id="W",
        quantity=2.0,
        unit_price=20.0,
        currency="EUR",
    )


def purchase_orders() -> pd.DataFrame:
    def bought(name: str, product: str, at: float, quantity: float, **other: Any) -> dict[str, Any]:
        own = {"po_id": name, "line_no": 1, "warehouse_id": "W", "product_id": product}
        dates = {"ordered_at": day(at), "expected_at": day(at + 7)}
        return {**own, **dates, "supplier_id": product, "quantity": quantity, **other}

    kept = [
        bought(f"kept{n}", "overdue", -170 + 5 * n, 10, received_at=day(-163 + 5 * n))
        for n in range(30)
    ]
    part = {"received_quantity": 40.0}
    none = {"received_at": day(-25), "received_quantity": 0.0, "closed_at": day(-25)}
    return pd.DataFrame(
        [
            *kept,
            bought("forgotten", "overdue", -67, 9),
            bought("dated", "dated", -6, 100, received_at=day(-1), **part),
            bought("undated", "undated", -6, 100, **part),
            bought("empty", "empty", -40, 10, **none),
        ]
    )


def stock() -> pd.DataFrame:
    shelves = {"owed": -30.0, "reserved": 20.0, "dated": 40.0, "undated": 40.0}
    return pd.DataFrame(
        {
            "observed_at": day(-0.1),
            "warehouse_id": "W",
            "product_id": list(TERMS),
            "on_hand": [shelves.get(product, 0.0) for product in TERMS],
            "reserved": [50.0 if product == "reserved" else 0.0 for product in TERMS],
        }
    )


def supply_terms() -> pd.DataFrame:
    usual = {"warehouse_id": "W", "lead_time_days": 7.0, "review_period_days": 7.0, **PRICE}
    rows = [
        {**usual, "service_level": 0.8, "product_id": name, "supplier_id": name, **other}
        for name, other in TERMS.items()
    ]
    dearer = {"product_id": "dearer", "supplier_id": "dearer", "unit_cost": 10.5}
    return pd.DataFrame([*rows, {**rows[0], **dearer, "valid_from": day(5)}])


def tables() -> dict[str, pd.DataFrame]:
    products = pd.DataFrame({"product_id": list(TERMS), "price": 20.0, "currency": "EUR"})
    named = products["product_id"]
    products["launched_on"] = pd.Series(np.where(named == "later", "2024-09-01", None))
    products["hs_code"] = np.where(named == "tariff", "6109", None)
    lane = {"hs_code": "6109", "destination_country": "DE", "valid_from": "2024-01-01"}
    return {
        "orders": sales(),
        "stock": stock(),
        "supply_terms": supply_terms(),
        "products": products,
        "warehouses": pd.DataFrame({"warehouse_id": ["W"], "country": ["DE"]}),
        "purchase_orders": purchase_orders(),
        "suppliers": pd.DataFrame(
            [
                {"supplier_id": "order day", "order_days": "wed"},
                {"supplier_id": "tariff", "country": "CN"},
            ]
        ),
        "closures": pd.DataFrame(
            [
                {
                    "closure_id": "summer",
                    "supplier_id": "holiday",
                    "starts_on": "2024-07-09",
                    "ends_on": "2024-07-22",
                }
            ]
        ),
        "tariffs": pd.DataFrame([{**lane, "duty_rate": 0.2}]),
    }


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pd.DataFrame]:
    """The plan of a shop that has brought its tables and trained nothing."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), auth=False)
    runtime = Runtime(settings)
    for name, rows in tables().items():
        runtime.lake.append(name, rows)
    views = (*forecasting.VIEWS, *VIEWS)
    runtime.store = Store(settings, runtime.lake, views=views, services={"replenishment": SERVICE})
    runtime.store.ensure(NOW.to_pydatetime())
    yield score(runtime, NOW.to_pydatetime()).set_index("product_id")
    runtime.store.close()


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        ("usual", NEED),
        ("overdue", NEED),
        ("empty", NEED),
        ("long", NEED),
        ("owed", NEED + 30),
        ("reserved", NEED + 30),
        ("no rate", NEED),
        ("tariff", NEED),
        ("at most", 12),
        ("dated", 0),
        ("undated", 0),
        ("later", 0),
    ],
)
def test_what_is_ordered_is_right_within_a_tenth(
    plan: pd.DataFrame, product: str, expected: float
) -> None:
    assert plan.loc[product, "order_quantity"] == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("product", ["dated", "undated"])
def test_of_a_part_received_order_the_rest_is_on_order(plan: pd.DataFrame, product: str) -> None:
    assert plan.loc[product, ["on_hand", "on_order"]].tolist() == [40, 60]


def test_one_forgotten_order_is_asked_about_and_moves_no_lead_time(plan: pd.DataFrame) -> None:
    line = plan.loc["overdue"]
    assert line["lead_time_days"] == pytest.approx(7, rel=0.1)
    assert (line["on_order"], line["overdue_quantity"]) == (0, 9)
    assert "will they still come?" in line["reason"]
    assert plan.loc["empty", "lead_time_days"] == 7


def test_a_better_offer_is_never_worse(plan: pd.DataFrame) -> None:
    first, second = plan.loc["break"], plan.loc["far break"]
    assert first["order_quantity"] == pytest.approx(100, rel=0.1)
    assert second["order_quantity"] == first["order_quantity"]
    assert second["unit_cost"] == first["unit_cost"] == 9.0


def test_the_probability_of_running_out_is_that_of_the_demand(plan: pd.DataFrame) -> None:
    """An empty shelf: the lead time's sales are lost, whatever is ordered now."""
    line = plan.loc["long"]
    assert line["lost_before_arrival"] == pytest.approx(28, rel=0.05)
    assert line["stockout_probability"] == pytest.approx(0.15, abs=0.05)


@pytest.mark.parametrize(
    ("product", "said"),
    [
        ("certain", "A service level of 1 cannot be promised: 0.999 is kept."),
        ("loss", "It is sold below its landed cost"),
        ("no rate", "No exchange rate is known"),
        ("at most", "fewer because the supplier sells no more at once"),
        ("later", "launched only after the next order can arrive"),
        ("dearer", "its cost rises before the next order"),
        ("holiday", "Closed days put off the order after this one by 14."),
    ],
)
def test_what_is_odd_is_told(plan: pd.DataFrame, product: str, said: str) -> None:
    assert said in plan.loc[product, "reason"]


def test_a_price_rise_is_bought_ahead_as_far_as_holding_is_cheaper(plan: pd.DataFrame) -> None:
    """Half a unit of money saved; holding costs 2.50 a year: what sells in 73 days, two a day."""
    line = plan.loc["dearer"]
    assert line["order_quantity"] - NEED == pytest.approx(2 * 73, rel=0.1)


def test_the_order_before_the_holiday_covers_it(plan: pd.DataFrame) -> None:
    """Next week's order comes two weeks later than usual: for 28 more."""
    line = plan.loc["holiday"]
    assert line["order_quantity"] == pytest.approx(NEED + 28, rel=0.1)


def test_days_and_duty_of_the_supplier_and_the_tariff_count(plan: pd.DataFrame) -> None:
    assert plan.loc["order day", "order_on"] == "2024-07-03"
    assert plan.loc["usual", "order_on"] == "2024-07-01"
    assert plan.loc["tariff", "unit_cost"] == pytest.approx(12.0)


def test_the_parts_add_up(plan: pd.DataFrame) -> None:
    lines = plan[plan["demand_mean"].notna()]
    total = sum(sign * lines[name] for name, sign in WATERFALL.items())
    assert np.allclose(total, lines["order_quantity"], atol=5e-4)
