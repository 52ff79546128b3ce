"""The policy against textbook answers."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from scipy.stats import norm, poisson

from models.base import Model
from models.replenishment import MODELS, OrderUpTo
from models.replenishment.panel import ReplayPanel
from models.replenishment.plan import WATERFALL
from tests.models.replenishment.planning import frame, poissons, row, windows
from tests.models.replenishment.policy_frames import line, past


def weekly(holding: float, lost: float, **other: Any) -> dict[str, Any]:
    """Costs of a unit and week, no lead time: the newsvendor's."""
    return row(
        unit_cost=1.0,
        holding_cost_rate=holding * 365 / 7,
        stockout_cost=lost,
        lead_time_days=0.0,
        lead_time_mean=0.0,
        **other,
    )


def total(plan: pd.DataFrame) -> pd.Series:
    """The waterfall's sum, in whole thousandths; stock that was never observed counts as 0."""
    parts = plan.fillna({"on_hand": 0.0})
    return sum((sign * (parts[name] * 1000).round() for name, sign in WATERFALL.items()), start=0.0)


def test_newsvendor_with_normal_demand() -> None:
    """Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., example 4.3: S* = 56.6."""
    demand = windows(50.0, 8.0)
    plan = OrderUpTo().predict(frame(weekly(0.18, 0.70, **demand)))
    assert plan["target_quantile"][0] == pytest.approx(0.70 / 0.88, abs=1e-4)
    assert plan["order_up_to"][0] == pytest.approx(56.604, abs=0.02)
    assert plan["order_quantity"][0] == 57


@pytest.mark.parametrize(("mean", "ratio"), [(6.0, 0.8), (20.0, 0.9), (50.0, 0.8), (2.0, 0.95)])
def test_newsvendor_with_poisson_demand(mean: float, ratio: float) -> None:
    """The smallest S with F(S) >= p / (p + h) (Zipkin, Foundations, 2000, 6.2); ours within one."""
    plan = OrderUpTo().predict(frame(weekly(1.0, ratio / (1 - ratio), **poissons(mean))))
    assert abs(plan["order_quantity"][0] - poisson.ppf(ratio, mean)) <= 1


def test_base_stock_with_a_random_lead_time() -> None:
    """S = dL + z sqrt(L sigma² + d² s²) (Silver, Pyke & Thomas, 4th ed., 6.10), in weeks."""
    plan = line(service_level=0.95, lead_time_spread=3.5, on_hand=80.0)  # nothing is lost
    sd = np.sqrt(3 * 4.0**2 + 10.0**2 * 0.5**2)
    assert plan["order_up_to"] == pytest.approx(30 + norm.ppf(0.95) * sd, abs=0.002)


def test_what_sells_too_rarely_to_pay_for_its_place_is_not_stocked() -> None:
    """A unit earns its lost-sale cost once in 1 / pace weeks and costs its holding all the while:
    below pace = h / p none is worth having (Erlang's loss system of one unit)."""
    slow = poissons(0.1)
    worth = {"unit_cost": 1.0, "holding_cost_rate": 0.2 * 365 / 7}
    assert line(**slow, **worth, stockout_cost=1.0)["order_quantity"] == 0
    assert line(**slow, **worth, stockout_cost=9.0)["order_quantity"] >= 1


def test_demand_that_no_order_can_meet_is_not_ordered_for() -> None:
    empty, full = line(), line(on_hand=60.0)
    # Three weeks of cover; an order comes after two of them.
    assert (empty["lost_before_arrival"], full["lost_before_arrival"]) == pytest.approx(
        (20, 0), abs=0.05
    )
    assert (empty["demand_mean"], full["demand_mean"]) == pytest.approx((10, 30), abs=0.05)
    assert "more will be lost before an order can come" in empty["reason"]
    # Ten units on Friday of the first week save ten of the twenty.
    helped = line(open_quantities=[10.0], open_due_days=[5.0])
    assert helped["lost_before_arrival"] == pytest.approx(10, abs=0.5)


def test_enough_stock_orders_nothing_and_says_so() -> None:
    enough = line(on_hand=500.0)
    assert enough["order_quantity"] == 0
    assert enough["not_ordered_reason"] == "stock and orders cover the demand"
    assert enough["surplus"] == pytest.approx(500 - enough["order_up_to"])
    assert enough["reason"].startswith("Order nothing: 30 expected to sell in 21 days")


def test_the_cheaper_supplier_is_asked() -> None:
    plan = OrderUpTo().predict(
        frame(
            row(),
            row(supplier_id="T", unit_cost=9.0, freight_per_unit=2.0),
            row(supplier_id="U", unit_cost=18.0, fx_rate=0.5),
        )
    )
    assert list(plan["supplier_id"]) == ["U"]
    assert plan["order_value"][0] == plan["order_quantity"][0] * 9.0


def test_a_full_warehouse_serves_the_likeliest_shortage_first() -> None:
    full = frame(
        row(product_id="empty", capacity_units=70.0),
        row(product_id="half", capacity_units=70.0, on_hand=22.0),
        row(product_id="big", capacity_units=70.0, on_hand=14.0),
    )
    plan = OrderUpTo().predict(full).set_index("product_id")
    # 20 units of each are sold before the orders arrive: 2 of the half-full shelf are left then.
    assert plan["order_quantity"].sum() + 2 <= 0.85 * 70
    assert plan["capacity_cut"].to_dict() == {"big": 0, "empty": 0, "half": 1}
    least = full.assign(capacity_units=30.0)
    tight = OrderUpTo().predict(least).set_index("product_id")
    assert tight.loc["half", "not_ordered_reason"] == "warehouse full"
    assert (total(plan) == plan["order_quantity"] * 1000).all()


NO_FORECAST: dict[str, Any] = {"frequency": None, "window_mean": None, "period_start": None}


@pytest.mark.parametrize(
    ("given_", "reason"),
    [
        ({"supplier_id": None, "lead_time_mean": np.nan}, "no supply terms"),
        ({"discontinued": True}, "discontinued"),
        ({**NO_FORECAST, "weekly_sales": 0.0}, "no forecast and no recent sales"),
    ],
)
def test_a_line_that_cannot_be_ordered_says_why(given_: dict[str, Any], reason: str) -> None:
    found = line(**given_)
    assert found["order_quantity"] == 0
    assert found["not_ordered_reason"] == reason
    assert found["reason"].startswith(f"Order nothing: {reason};")


def test_what_supply_terms_promise_is_missing_without_them() -> None:
    promised = ["order_on", "lead_time_days", "lead_time_sd", "review_period_days"]
    bare = line(supplier_id=None, lead_time_mean=np.nan, lead_time_days=np.nan)
    assert bare[promised].isna().all()
    assert line()[promised].notna().all()


@pytest.mark.parametrize(
    ("given_", "note", "value_known"),
    [
        ({"unit_cost": 0.0, "stockout_cost": np.nan}, "unit cost is missing or 0", False),
        ({"unit_cost": np.nan}, "unit cost is missing or 0", False),
        ({"fx_rate": np.nan, "currency": "XAF"}, "No exchange rate is known", False),
        ({"on_hand": -3.0}, "3 are owed to customers and served first", True),
        ({"on_hand": np.nan}, "Stock was never observed: it is not known", True),
        ({"demand_class": "unseen"}, "It was never sold here: its forecast is a guess", True),
        ({"on_hand": 0.0, "observed_at": "2023-11-30T00:00:00Z"}, "counted 32 days ago", True),
    ],
)
def test_odd_input_is_ordered_by_a_stated_rule(
    given_: dict[str, Any], note: str, value_known: bool
) -> None:
    found = line(**given_)
    assert found["order_quantity"] > 10
    assert note in found["reason"]
    assert pd.notna(found["order_value"]) == value_known


def test_stock_that_was_never_observed_is_not_known() -> None:
    names = ["on_hand", "inventory_position", "stock_cover_days"]
    unseen = line(on_hand=np.nan)
    assert unseen[names].isna().all()
    assert unseen["order_quantity"] == line(on_hand=0.0)["order_quantity"]
    assert line(on_hand=0.0)[names].notna().all()


def test_no_lines_no_plan() -> None:
    plan = OrderUpTo().predict(frame(row()).iloc[:0])
    assert len(plan) == 0
    assert "not_ordered_reason" in plan


def test_the_input_is_left_as_it_was() -> None:
    given_ = frame(row(), row(product_id="Q", on_hand=np.nan))
    before = given_.copy(deep=True)
    OrderUpTo().predict(given_)
    assert_frame_equal(given_, before)


PAIRS = st.fixed_dictionaries(
    {
        "on_hand": st.floats(-5, 120).map(lambda x: round(x, 2)) | st.just(np.nan),
        "reserved": st.integers(0, 10).map(float),
        "pack_size": st.sampled_from([1.0, 6.0, 24.0, 0.5]),
        "min_order_quantity": st.sampled_from([0.0, 5.0, 50.0]),
        "order_cost": st.sampled_from([0.0, 3.0, 40.0]),
        "lead_time_spread": st.floats(0, 20),
        "lead_time_mean": st.floats(0, 60),
        "review_period_days": st.sampled_from([1.0, 7.0, 30.0]),
        "service_level": st.sampled_from([np.nan, 0.5, 0.9, 0.99]),
        "stockout_cost": st.sampled_from([np.nan, 0.01, 1.0, 90.0]),
        "holding_cost_rate": st.sampled_from([np.nan, 0.0, 0.2, 5.0]),
        "open_quantities": st.just([4.0, 9.0]),
        "open_due_days": st.lists(st.floats(-60, 60), min_size=2, max_size=2),
        "capacity_units": st.sampled_from([np.nan, 60.0]),
        "demand": st.tuples(st.floats(0, 30), st.floats(0, 20)),
    }
)


def made(pair: dict[str, Any]) -> dict[str, Any]:
    mean, sd = pair["demand"]
    return row(**windows(mean, sd), **{k: v for k, v in pair.items() if k != "demand"})


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.lists(PAIRS, min_size=1, max_size=6))
def test_every_line_adds_up_and_is_on_the_pack(pairs: list[dict[str, Any]]) -> None:
    given_ = frame(*({**made(pair), "product_id": f"P{n}"} for n, pair in enumerate(pairs)))
    plan = OrderUpTo().predict(given_)
    assert len(plan) == len(pairs)
    quantity = plan["order_quantity"].to_numpy()
    assert np.allclose(total(plan), quantity * 1000, atol=1e-6)
    pack = np.array([pair["pack_size"] for pair in pairs])
    least = np.array([pair["min_order_quantity"] for pair in pairs])
    assert np.allclose(quantity % pack, 0)
    assert ((quantity == 0) | (quantity >= least)).all()
    assert (plan["not_ordered_reason"].notna() == (quantity == 0)).all()
    assert plan["reason"].str.len().gt(20).all()
    assert plan["stockout_probability"].between(0, 1).all()


def test_fit_learns_to_distrust_a_forecast_that_is_too_sure() -> None:
    random = np.random.default_rng(5)
    demand = random.negative_binomial(2, 2 / 12, (60, 16)).astype(float)
    sure = past(demand, **{**windows(10.0, 0.5), "on_hand": 30.0})
    fitted = OrderUpTo(largest_shift=1.0, shift_step=0.5).fit(sure)
    assert fitted.learned["shift"]["smooth"] > 0
    panel = ReplayPanel.of(sure, seed=1)
    assert fitted.replay(panel).cost_a_period < OrderUpTo().replay(panel).cost_a_period


@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_answers_the_same(name: str, tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    history = past(random.poisson(10.0, (8, 8)).astype(float), on_hand=30.0, order_cost=2.0)
    fitted: Model = MODELS[name]().fit(history)
    assert isinstance(fitted, Model)
    fitted.save(tmp_path)
    again = MODELS[name].load(tmp_path)
    newest = history[history["event_timestamp"] == history["event_timestamp"].max()]
    assert_frame_equal(again.predict(newest), fitted.predict(newest))
