"""The plan as a whole: breaks, display stock, ends, promotions, transfers, caps, slow stock."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from features.forecasting.views import EXPLAINED
from models.replenishment import OrderUpTo
from models.replenishment.breaks import best_lot, share_at, tables
from models.replenishment.budget import Caps
from models.replenishment.cover import EXPLAINED as PARTS
from models.replenishment.curve import waterfall
from models.replenishment.lines import Lines, expected_days
from models.replenishment.plan import WATERFALL, Options, Planned
from models.replenishment.position import Position
from models.replenishment.projection import available, break_days, project
from models.replenishment.transfers import KEPT, Moving
from tests.models.replenishment.planning import NOW, frame, row, windows


def plan(*rows: dict[str, Any], **options: Any) -> Planned:
    return OrderUpTo().plan(frame(*rows), Options(**options))


def line(**other: Any) -> pd.Series:
    return plan(row(**other)).lines.iloc[0]


def adds_up(lines: pd.DataFrame) -> bool:
    parts = sum(sign * (lines[name] * 1000).round() for name, sign in WATERFALL.items())
    return bool(np.allclose(parts, lines["order_quantity"] * 1000, atol=1e-6))


# Price breaks ---------------------------------------------------------------------------------


def test_all_units_discounts_as_published() -> None:
    """Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., example 3.6: 800 and 978.60."""
    steps, shares = np.array([[0.0, 400.0, 800.0]]), np.array([[0.75, 0.72, 0.68]]) / 0.75
    terms = {"order_cost": np.array([8.0]), "unit_cost": np.array([0.75])}
    lot = best_lot(
        np.array([1300.0]),
        **terms,
        holding=np.array([0.3 * 0.75]),
        least=np.zeros(1),
        quantities=steps,
        shares=shares,
    )
    price = 0.75 * share_at(steps, shares, lot)[0]
    cost = 1300 * price + 8 * 1300 / lot[0] + 0.3 * price * lot[0] / 2
    assert (lot[0], round(cost, 2)) == (800.0, 978.60)


def test_a_break_is_taken_where_it_pays_and_its_price_is_paid() -> None:
    given_ = {"on_hand": 25.0, "price_breaks": "40:0.9"}
    plain, cheaper = line(on_hand=25.0), line(**given_)
    assert plain["order_quantity"] < 40 == cheaper["order_quantity"]
    assert (cheaper["unit_cost"], cheaper["order_value"]) == (9.0, 360.0)
    assert line(on_hand=25.0, price_breaks="400:0.99")["order_quantity"] < 40


def test_breaks_that_cannot_be_read_are_told() -> None:
    found = line(price_breaks="forty:0.9")
    assert "price breaks cannot be read" in found["reason"]
    steps, shares, faulty = tables(pd.Series(["24:0.97|48:0.94", None, "x"]))
    assert faulty.tolist() == [False, False, True]
    assert share_at(steps, shares, np.array([50.0, 50.0, 50.0])).tolist() == [0.94, 1.0, 1.0]


# What stays, what ends, what is promoted ------------------------------------------------------


def test_display_stock_is_kept_beyond_the_safety() -> None:
    plain, shown = line(on_hand=30.0), line(on_hand=30.0, display_minimum=50.0)
    assert shown["display_stock"] == pytest.approx(50 - plain["safety_stock"])
    assert shown["order_up_to"] == pytest.approx(plain["demand_mean"] + 50, abs=0.002)
    assert "for the display minimum" in shown["reason"]


@pytest.mark.parametrize(
    ("given_", "order_on", "review"),
    [
        # NOW is a Monday.
        ({"order_days": "mon"}, "2024-01-01", 7),
        ({"order_days": "thu"}, "2024-01-04", 7),
        ({"order_days": "Tuesday, fri", "review_period_days": np.nan}, "2024-01-02", 3),
        ({"order_days": "tue,fri", "review_period_days": 7.0}, "2024-01-02", 7),
        ({"order_days": "wed", "review_period_days": 10.0}, "2024-01-03", 14),
        ({"review_period_days": 10.0}, "2024-01-01", 10),
    ],
)
def test_the_supplier_takes_orders_on_its_days(
    given_: dict[str, Any], order_on: str, review: int
) -> None:
    found = line(on_hand=20.0, **given_)
    assert (found["order_on"], found["review_period_days"]) == (order_on, review)
    assert found["lead_time_days"] == 14
    wait = (pd.Timestamp(order_on, tz="UTC") - NOW).days
    cover = wait + 14 + review
    demand = found["demand_mean"] + found["lost_before_arrival"]
    assert demand == pytest.approx(cover * 10 / 7, abs=0.002)
    assert f" in {cover} days" in found["reason"]
    assert ("order day in" in found["reason"]) == (wait > 0)


def test_the_last_day_to_decide_is_an_order_day() -> None:
    """The position falls to the reorder point by ten a week from 60 on."""
    for given_ in ({}, {"order_days": "wed"}):
        found = line(on_hand=60.0, **given_)
        last = NOW + pd.Timedelta(days=int((60 - found["reorder_point"]) * 7 / 10))
        if given_:
            last -= pd.Timedelta(days=(last.weekday() - 2) % 7)
        assert found["decide_by"] == str(last.date())
    # What is ordered now is decided now: on the supplier's next order day.
    assert line(on_hand=0.0, order_days="wed")["decide_by"] == "2024-01-03"


def test_order_days_that_cannot_be_read_are_told() -> None:
    found = line(order_days="full moon")
    assert found["reason"].endswith("The order days cannot be read and are left out.")
    assert found["order_quantity"] == line()["order_quantity"]


def test_a_block_is_kept_unless_another_supplier_is_free() -> None:
    assert line(blocked=True)["not_ordered_reason"] == "blocked"
    both = plan(row(blocked=True), row(supplier_id="T", unit_cost=15.0)).lines
    assert both["supplier_id"].tolist() == ["T"]
    assert both["order_quantity"][0] > 0


def test_nothing_is_ordered_for_after_the_end_of_life() -> None:
    ending = line(on_hand=14.0, days_to_end=16.0)
    assert 0 < ending["order_quantity"] < line(on_hand=14.0)["order_quantity"]
    late = line(days_to_end=10.0)
    assert late["not_ordered_reason"] == "its life ends before an order can arrive"


@pytest.mark.parametrize(("before", "share"), [(0.0, 0.15), (2.0, 0.1), (5.0, 0.0)])
def test_a_promotion_of_uncertain_lift_has_a_buffer_of_its_own(before: float, share: float) -> None:
    spans = {"promotion_from": 7.0, "promotion_until": 21.0, "promotions_before": before}
    found = line(on_hand=60.0, **spans)
    assert found["promotion_buffer"] == pytest.approx(share * 20.0, abs=0.01)
    assert ("uncertain lift" in found["reason"]) == (share > 0)


def test_the_lift_of_a_promotion_has_a_line_of_its_own() -> None:
    """Two of the three weeks of cover are promoted, at four units more a week."""
    assert EXPLAINED[-1] == "promotion"
    assert len(EXPLAINED) == PARTS
    weeks = [[10.0 - added, 0.0, 0.0, 0.0, added] for added in (0.0, 4.0, 4.0, *[0.0] * 10)]
    told = {"explanation": [part for week in weeks for part in week]}
    coming = {"promotion_from": 7.0, "promotion_until": 21.0, "promotions_before": 0.0}
    plain, lifted = line(on_hand=30.0, **coming), line(on_hand=30.0, **coming, **told)
    met = plain["demand_mean"] / 30  # the rest will be lost before an order can come
    assert met > 0.99
    assert lifted["promotion_lift"] == pytest.approx(8.0 * met, abs=0.002)
    assert lifted["demand_mean"] == pytest.approx(22.0 * met, abs=0.002)
    assert lifted["order_quantity"] == plain["order_quantity"]
    assert lifted["promotion_buffer"] == pytest.approx(0.15 * 20, abs=0.002)
    assert "7.98 of it by a promotion" in lifted["reason"]
    assert adds_up(pd.DataFrame([lifted]))
    assert line(on_hand=30.0, **told)["promotion_lift"] == 0  # none is planned
    half = line(on_hand=30.0, **coming, explanation=[1.0, 2.0])
    assert half["promotion_lift"] == 0  # not what a forecast explains


def test_the_dearer_but_faster_supplier_wins_when_stock_on_the_way_costs_more() -> None:
    slow = row(lead_time_mean=180.0, holding_cost_rate=1.0)
    fast = row(supplier_id="T", unit_cost=11.0, lead_time_mean=5.0, holding_cost_rate=1.0)
    assert plan(slow, fast).lines["supplier_id"].tolist() == ["T"]


def test_service_levels_by_class_of_demand() -> None:
    promised = OrderUpTo(service_levels="smooth=0.99,lumpy=0.5").predict(frame(row(on_hand=60.0)))
    assert promised["target_quantile"][0] == pytest.approx(0.99)
    own = OrderUpTo(service_levels="smooth=0.99").predict(frame(row(service_level=0.8)))
    assert own["target_quantile"][0] == pytest.approx(0.8)


# The projection -------------------------------------------------------------------------------


def test_the_projection_breaks_when_stock_is_used_up() -> None:
    lines = Lines.of(frame(row(on_hand=25.0), row(product_id="Q", on_hand=500.0)))
    assert break_days(lines, Position.of(lines)).tolist() == [17.5, np.inf]
    found = line(on_hand=25.0)
    assert (found["stockout_on"], found["decide_by"]) == ("2024-01-18", "2024-01-01")
    assert line(on_hand=500.0)["stockout_on"] is None


def test_an_order_counts_from_the_day_it_is_expected() -> None:
    coming = {"open_quantities": [30.0], "open_due_days": [10.0], "open_age_days": [4.0]}
    lines = Lines.of(frame(row(on_hand=20.0, reserved=2.0, **coming)))
    ahead = available(Position.of(lines), np.array([0.0, 7.0, 14.0]))
    assert ahead.tolist() == [[18.0, 18.0, 48.0]]
    assert project(lines, Position.of(lines)).mean[0, :3].tolist() == [18.0, 8.0, 28.0]


def test_every_screen_reads_the_same_projection() -> None:
    """The plan's risk over the cover is the projection's at the cover's end."""
    lines = Lines.of(frame(row(on_hand=33.0, service_level=0.9)))
    ahead = project(lines, Position.of(lines), days=np.array([0.0, 21.0]))
    planned = line(on_hand=33.0, service_level=0.9)
    assert ahead.broken[0, 1] == pytest.approx(planned["stockout_probability_unordered"], abs=0.03)


def test_an_overdue_order_is_expected_by_the_learned_lead_time() -> None:
    quantity, due, age = np.array([[5.0]]), np.array([[-2.0]]), np.array([[16.0]])
    known = {"lead": np.array([14.0]), "lead_sd": np.array([4.0])}
    found = expected_days(quantity, due, age, **known)[0, 0]
    # E(L | L > 16) of N(14, 4²) is 14 + 4 · φ(0.5) / (1 − Φ(0.5)) = 18.56.
    assert found == pytest.approx(2.56, abs=0.6)
    assert expected_days(quantity, due - 40, age, **known)[0, 0] == -42.0


# Transfers ------------------------------------------------------------------------------------


def pair(**receiver: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A warehouse with far too much, and one with nothing."""
    return row(warehouse_id="A", on_hand=400.0), row(warehouse_id="B", **receiver)


def test_a_full_warehouse_gives_before_the_empty_one_buys() -> None:
    found = plan(*pair())
    lines = found.lines.set_index("warehouse_id")
    assert found.transfers[["from_warehouse_id", "to_warehouse_id"]].values.tolist() == [["A", "B"]]
    moved = found.transfers["quantity"].sum()
    assert moved > 0
    assert (lines.loc["A", "transferred"], lines.loc["B", "transferred"]) == (-moved, moved)
    assert adds_up(found.lines)
    bought = plan(*pair(), moving=None).lines.set_index("warehouse_id")
    assert lines.loc["B", "order_quantity"] <= bought.loc["B", "order_quantity"] - moved
    assert "from another warehouse" in lines.loc["B", "reason"]


def test_moving_that_costs_more_than_buying_is_left() -> None:
    few = {"on_hand": 60.0, "holding_cost_rate": 0.0}
    donor = row(warehouse_id="A", **few)
    near = plan(donor, row(warehouse_id="B", holding_cost_rate=0.0, lead_time_mean=5.0))
    assert not len(near.transfers)  # the unit is worth as much where it is
    assert not len(plan(*pair(), moving=Moving(freight_share=2.0)).transfers)
    assert not len(plan(*pair(), moving=Moving(days=90.0)).transfers)  # buying comes sooner


def test_nobody_gives_and_takes() -> None:
    stocks = {"A": 300.0, "B": 0.0, "C": 300.0}
    rows = [row(warehouse_id=name, on_hand=stock) for name, stock in stocks.items()]
    found = plan(*rows).transfers
    assert not set(found["from_warehouse_id"]) & set(found["to_warehouse_id"])


STOCKS = st.lists(st.integers(0, 300), min_size=2, max_size=5)


@hypothesis_settings(max_examples=25, deadline=None)
@given(STOCKS, st.floats(0.0, 0.3), st.floats(1.0, 20.0))
def test_a_transfer_never_breaks_the_donor(stocks: list[int], share: float, pace: float) -> None:
    rows = [
        row(warehouse_id=f"W{n}", on_hand=float(stock), **windows(pace, pace * share))
        for n, stock in enumerate(stocks)
    ]
    found = plan(*rows)
    lines = found.lines
    given_ = lines[lines["transferred"] < 0]
    left = given_["inventory_position"] + given_["transferred"]
    assert (left >= (1 + KEPT) * given_["order_up_to"] - 0.01).all()
    assert (given_["on_hand"] + given_["transferred"] >= 0).all()
    assert lines["transferred"].sum() == pytest.approx(0)
    assert adds_up(lines)


# A budget and a container ---------------------------------------------------------------------


def many(count: int = 30, **other: Any) -> list[dict[str, Any]]:
    random = np.random.default_rng(1)
    return [
        row(
            product_id=f"P{n:02d}",
            on_hand=float(random.integers(0, 30)),
            stockout_cost=float(random.uniform(1, 9)),
            unit_cost=float(random.uniform(2, 30)),
            weight_kg=float(random.uniform(0.1, 5)),
            volume_m3=float(random.uniform(0.001, 0.02)),
            **other,
        )
        for n in range(count)
    ]


@hypothesis_settings(max_examples=15, deadline=None)
@given(
    st.floats(0, 8000) | st.just(np.inf),
    st.floats(0, 2000) | st.just(np.inf),
    st.floats(0, 8) | st.just(np.inf),
    st.sampled_from([1.0, 6.0]),
)
def test_caps_are_never_exceeded(money: float, weight: float, volume: float, pack: float) -> None:
    rows = many(pack_size=pack, min_order_quantity=6.0)
    found = plan(*rows, caps=Caps(money, weight, volume)).lines
    kilograms = np.array([each["weight_kg"] for each in rows])
    cubic_metres = np.array([each["volume_m3"] for each in rows])
    assert (found["order_quantity"] * found["unit_cost"].fillna(0)).sum() <= money + 1e-6
    assert (found["order_quantity"] * kilograms).sum() <= weight + 1e-6
    assert (found["order_quantity"] * cubic_metres).sum() <= volume + 1e-6
    assert np.allclose(found["order_quantity"] % pack, 0)
    assert (found["order_quantity"].eq(0) | found["order_quantity"].ge(6)).all()
    assert adds_up(found)


def test_the_gap_to_the_best_choice_is_proven_and_small() -> None:
    whole = plan(*many(200))
    spent = whole.lines["order_value"].sum()
    half = plan(*many(200), caps=Caps(money=spent / 2))
    assert half.filled is not None
    assert half.filled.gap < 0.01
    assert 0.97 * spent / 2 <= half.lines["order_value"].sum() <= spent / 2
    cut = half.lines[half.lines["order_quantity"] == 0]
    assert cut["not_ordered_reason"].str.contains("budget").any()
    more = plan(*many(200), caps=Caps(money=spent))
    assert more.filled is not None
    assert more.filled.gain > half.filled.gain


def test_a_cap_cuts_no_more_than_it_must() -> None:
    """Large lots: most of each gains nothing within the cover, and is wanted all the same."""
    rows = many(60, order_cost=40.0, holding_cost_rate=0.1)
    whole = plan(*rows).lines
    spent = whole["order_value"].sum()
    cents = 0.005 * len(rows)  # values are rounded
    enough = plan(*rows, caps=Caps(money=spent + cents)).lines
    assert enough["order_quantity"].tolist() == whole["order_quantity"].tolist()
    assert not enough["budget_cut"].any()
    for share in (0.95, 0.8, 0.5):
        less = plan(*rows, caps=Caps(money=share * spent)).lines
        assert 0.93 * share * spent <= less["order_value"].sum() <= share * spent


def test_small_choices_are_the_best_of_all() -> None:
    """Against every combination of the same steps."""
    rows = many(3)
    whole = plan(*rows).lines
    cap = whole["order_value"].sum() * 0.6
    found = plan(*rows, caps=Caps(money=cap))
    assert found.filled is not None
    assert found.filled.gain >= (1 - found.filled.gap - 1e-9) * found.filled.bound
    assert found.filled.gap < 0.2


@pytest.mark.parametrize("cap", ["weight", "volume"])
def test_a_container_is_filled_by_gain_for_what_it_takes(cap: str) -> None:
    """Two lines alike but for what they take of it: more of the small one goes in."""
    column = {"weight": "weight_kg", "volume": "volume_m3"}[cap]
    rows = [row(product_id=name, **{column: each}) for name, each in (("big", 2.0), ("small", 1.0))]
    wanted = plan(*rows).lines.set_index("product_id")["order_quantity"]
    caps = Caps(**{cap: float(wanted["small"])})
    lines = plan(*rows, caps=caps).lines.set_index("product_id")
    kept = lines["order_quantity"]
    assert kept["small"] > 2 * kept["big"]
    assert f"fewer because the {cap} limit is spent on better lines" in lines.loc["small", "reason"]


def test_a_line_of_unknown_cost_gets_nothing_of_a_budget() -> None:
    found = plan(row(fx_rate=np.nan), caps=Caps(money=1e6)).lines.iloc[0]
    assert found["order_quantity"] == 0
    assert found["not_ordered_reason"] == "budget spent on lines that gain more"


# Slow and dead stock --------------------------------------------------------------------------


def test_slow_stock_has_a_proposal_with_its_money() -> None:
    fine, slow = line(on_hand=60.0), line(on_hand=400.0)
    assert (fine["stock_cover_days"], fine["proposal"]) == (42.0, None)
    assert slow["stock_cover_days"] == 280.0
    assert slow["proposal"] in {"keep", "markdown"}
    coming = {"open_quantities": [50.0], "open_due_days": [5.0], "open_age_days": [9.0]}
    awaited = line(on_hand=400.0, **coming)
    assert awaited["proposal"] == "stop ordering"
    assert awaited["proposal_value"] > 0
    dead = line(on_hand=40.0, **windows(0.0, 0.0))
    assert (dead["proposal"], dead["proposal_value"]) == ("markdown", 0.5 * 20.0 * 40)


def test_dates_count_from_the_moment_of_the_plan() -> None:
    later = line(
        on_hand=25.0, event_timestamp=NOW + pd.Timedelta(days=7), period_start="2024-01-08"
    )
    assert later["stockout_on"] == "2024-01-25"


@pytest.mark.parametrize("digits", [0, 2, 3])
def test_money_is_told_in_whole_minor_units_of_the_base_currency(digits: int) -> None:
    """Yen have none, dinars a thousandth: totals, the waterfall and transfers keep to them."""
    full, empty = pair()
    planned = plan(full, empty, row(product_id="Q", unit_cost=3.1234), digits=digits)
    lines = planned.lines
    money = lines[["order_value", "money_at_risk", "lost_sales_expected"]].to_numpy(float)
    money = np.concatenate([money.ravel(), planned.transfers[["gain", "cost"]].to_numpy().ravel()])
    assert (money > 0).any()
    assert np.allclose(money, np.round(money, digits), atol=1e-9)
    assert not np.allclose(money, np.round(money, digits - 1)), "no coarser than it is paid"
    parts = waterfall(lines.iloc[-1], digits=digits)["money"]
    assert parts.sum() == pytest.approx(lines["order_value"].iloc[-1])
    assert np.allclose(parts, parts.round(digits), atol=1e-9)
    move = planned.transfers.iloc[0]
    assert f"saves {move['gain']:.{digits}f} against" in move["reason"]
