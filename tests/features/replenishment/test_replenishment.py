from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from data.lake import Lake
from data.tables import TABLES
from data.views import Terms, View
from features.replenishment import FEATURES, FORECAST, SERVICE, VIEWS, planning_frame
from features.replenishment.lead_time import expected_beyond
from features.replenishment.ledger import Keys, Ledger, moments

START = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
VIEW = {view.name: view for view in VIEWS}
PAIR = {"warehouse_id": "W", "product_id": "P"}
Rows = list[dict[str, Any]]


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def build(folder: Path, view: View, as_of: datetime, tables: Mapping[str, Rows]) -> pd.DataFrame:
    """The view of a lake that holds these rows, as of then."""
    lake = Lake(folder)
    for name, rows in tables.items():
        if rows:
            lake.append(name, pd.DataFrame(rows))
    read = {name: lake.read(name, as_of=as_of) for name in view.tables}
    assert view.build is not None
    return view.build(read, as_of, Terms())


def sale(number: int, at: float, quantity: float = 1.0, **other: Any) -> dict[str, Any]:
    return {
        "order_id": f"o{number}",
        "line_no": 1,
        "ordered_at": day(at),
        "customer_id": "c",
        "quantity": quantity,
        "unit_price": 1.0,
        "currency": "EUR",
        **PAIR,
        **other,
    }


def look(at: float, on_hand: float, reserved: float | None = None) -> dict[str, Any]:
    return {"observed_at": day(at), "on_hand": on_hand, "reserved": reserved, **PAIR}


def bought(number: int, at: float, quantity: float, **other: Any) -> dict[str, Any]:
    return {
        "po_id": f"b{number}",
        "line_no": 1,
        "supplier_id": "S",
        "ordered_at": day(at),
        "quantity": quantity,
        **PAIR,
        **other,
    }


def terms(**other: Any) -> dict[str, Any]:
    return {"supplier_id": "S", "lead_time_days": 10.0, **PAIR, **other}


def newest(frame: pd.DataFrame) -> pd.Series:
    return frame.sort_values("event_timestamp").iloc[-1]


def test_stock_is_carried_on_from_its_observation(tmp_path: Path) -> None:
    rows = {
        "stock": [look(0, 100), look(7, 20, 2)],
        "orders": [
            sale(1, 6, 50),  # before the observation: already in it
            sale(2, 8, 3),
            sale(3, 8.5, 4, status="cancelled"),
            sale(4, 9, 1, status="returned"),
        ],
        "purchase_orders": [
            bought(1, 1, 10, received_at=day(8), received_quantity=9),
            bought(2, 1, 10, received_at=day(6)),
        ],
    }
    line = newest(build(tmp_path, VIEW["stock_position"], day(10), rows))
    assert line["on_hand"] == 20 - 3 - 1 + 9
    assert line["reserved"] == 2
    assert line["observed_at"] == "2024-01-08T00:00:00Z"
    assert line["weekly_sales"] == (50 + 3 + 1) / 8


def test_open_orders_come_at_their_expected_day(tmp_path: Path) -> None:
    rows = {
        "stock": [look(0, 1)],
        "supply_terms": [terms()],
        "purchase_orders": [
            bought(1, 1, 5, expected_at=day(12)),
            bought(2, 2, 6),  # no date: ordered on day 2, ten days of lead time
            bought(3, 0, 7, expected_at=day(4)),  # overdue
            bought(4, 0, 8, expected_at=day(4), received_at=day(5)),
            bought(5, 0, 9, expected_at=day(11), received_at=day(11)),  # not known yet
        ],
    }
    line = newest(build(tmp_path, VIEW["stock_position"], day(8), rows))
    assert sorted(zip(line["open_due_days"], line["open_quantities"], strict=True)) == [
        (-4.0, 7.0),
        (3.0, 9.0),
        (4.0, 5.0),
        (4.0, 6.0),
    ]
    assert line["on_order"] == 5 + 6 + 7 + 9


def test_a_pair_that_only_sells_gets_a_line_when_it_sells_regularly(tmp_path: Path) -> None:
    often = [sale(n, n, 1, product_id="often") for n in range(5)]
    rows = {"orders": [*often, sale(9, 1, 1, product_id="once")], "stock": [look(0, 1)]}
    frame = build(tmp_path, VIEW["stock_position"], day(10), rows)
    assert set(frame["product_id"]) == {"P", "often"}
    assert (frame["product_id"] == "often").sum() == 1
    assert np.isnan(frame.loc[frame["product_id"] == "often", "on_hand"]).all()


def test_no_tables_no_rows(tmp_path: Path) -> None:
    for view in VIEWS:
        frame = build(tmp_path, view, day(1), {})
        assert len(frame) == 0
        assert list(frame) == [*view.keys, "event_timestamp", *view.features]


@pytest.mark.parametrize("seed", [1, 2])
def test_history_says_what_was_known_then(tmp_path: Path, seed: int) -> None:
    """A row of the past is what a build at that moment would have said."""
    random = np.random.default_rng(seed)
    pairs = [{"product_id": f"P{n}"} for n in range(12)]

    def moments_of(count: int) -> list[float]:
        """Half days: many fall on the very Mondays."""
        return [float(number) / 2 for number in random.integers(0, 120, count)]

    def one() -> dict[str, str]:
        return pairs[random.integers(len(pairs))]

    units = random.integers(1, 6, 400).astype(float)
    rows: dict[str, Rows] = {
        "supply_terms": [
            terms(valid_from=day(n % 3), lead_time_sd=1.0, **pair)
            for n, pair in enumerate(pairs[:9])
        ],
        "stock": [
            {**look(at, units[n]), **pairs[n % 10]}
            for n, at in enumerate(sorted(set(moments_of(60))))
        ],
        "orders": [sale(n, at, units[n], **one()) for n, at in enumerate(moments_of(150))],
        "purchase_orders": [
            bought(n, at, units[n], received_at=day(at + random.integers(1, 60) / 2), **one())
            for n, at in enumerate(moments_of(80))
        ],
    }
    whole = {view.name: build(tmp_path, view, day(60), rows) for view in VIEWS}
    for then in (day(14), day(28), day(49)):
        for view in VIEWS:
            late = _at(whole[view.name], then)
            once = _at(build(tmp_path, view, then, {}), then)
            if view.name == "stock_position":  # what is quite unknown has only a newest row
                known = once["on_hand"].notna() | (once["on_order"] > 0)
                once = once[known | (once["weekly_sales"] >= 0.5)]
                once = once[once["product_id"].isin(late["product_id"])].reset_index(drop=True)
                assert len(once) >= 8
            elif not len(late):  # not one of the Mondays of this view
                continue
            assert_frame_equal(late, once)


def _at(frame: pd.DataFrame, moment: datetime) -> pd.DataFrame:
    rows = frame[frame["event_timestamp"] == pd.Timestamp(moment)]
    return rows.sort_values(["warehouse_id", "product_id"]).reset_index(drop=True)


def test_lead_times_are_learned_from_receipts_and_shrunk_to_the_terms(tmp_path: Path) -> None:
    rows = {
        "supply_terms": [terms(lead_time_sd=1.0), terms(product_id="Q", lead_time_days=20.0)],
        "purchase_orders": [
            bought(n, n, 1, received_at=day(n + 14), product_id="P") for n in range(4)
        ],
    }
    frame = build(tmp_path, VIEW["lead_time"], day(60), rows)
    last = frame[frame["event_timestamp"] == pd.Timestamp(day(60))].set_index("product_id")
    # Four orders, four days late: the supplier's delay is 16 / (4 + 4) = 2; the product's own
    # (16 + 4 · 2) / (4 + 4) = 3.
    assert last.loc["P", "lead_time_mean"] == pytest.approx(13.0)
    assert last.loc["Q", "lead_time_mean"] == pytest.approx(22.0)
    assert list(last["lead_time_orders"]) == [4, 0]
    # All alike: the declared deviation, thinned by three degrees of freedom.
    assert last.loc["P", "lead_time_spread"] == pytest.approx(np.sqrt(4 / 7))


def test_lead_times_know_only_what_had_arrived(tmp_path: Path) -> None:
    rows = {
        "supply_terms": [terms()],
        "purchase_orders": [bought(1, 0, 1, received_at=day(40))],
    }
    before = build(tmp_path, VIEW["lead_time"], day(9), rows)
    assert (before["lead_time_mean"] == 10).all()
    after = build(tmp_path, VIEW["lead_time"], day(41), {})
    # Four declared orders on time stand beside it: it counts as the quarter of the lead time.
    assert newest(after)["lead_time_mean"] == pytest.approx(10 + _shrunk(2.5))
    assert newest(after)["lead_time_orders"] == 1
    assert (after["event_timestamp"] <= pd.Timestamp(day(41))).all()


def _shrunk(delay: float) -> float:
    """One order of one product: shrunk to its supplier's delay, which is shrunk to none."""
    return (delay + 4 * delay / 5) / 5


@pytest.mark.parametrize(("at", "delay"), [(12, 2.0), (25, 2.5), (37, 2.5), (40, 0.0)])
def test_an_overdue_order_tells_that_its_supplier_is_slow(
    tmp_path: Path, at: int, delay: float
) -> None:
    rows = {"supply_terms": [terms()], "purchase_orders": [bought(1, 0, 1)]}
    last = newest(build(tmp_path, VIEW["lead_time"], day(at), rows))
    assert last["lead_time_mean"] == pytest.approx(10 + _shrunk(delay))
    assert last["lead_time_orders"] == 0  # it has not come


@given(st.floats(-50, 80), st.floats(-10, 30), st.floats(0, 20))
def test_what_is_late_is_expected_later(least: float, mean: float, spread: float) -> None:
    answer = expected_beyond(*(np.array([value]) for value in (least, mean, spread)))[0]
    assert answer >= max(least, mean) - 1e-9


def test_terms_in_force_and_their_money(tmp_path: Path) -> None:
    rows = {
        "supply_terms": [
            terms(unit_cost=2.0, currency="USD"),
            terms(unit_cost=3.0, currency="USD", valid_from=day(5)),
            terms(product_id="Q", currency="CHF"),
        ],
        "products": [
            {"product_id": "P", "price": 9.0, "currency": "EUR", "discontinued_on": day(3)},
            {"product_id": "Q", "unit_cost": 7.0, "currency": "CHF"},
        ],
        "fx_rates": [
            {"rate_date": day(1), "currency": "USD", "rate": 0.5},
            {"rate_date": day(6), "currency": "USD", "rate": 0.8},
        ],
        "warehouses": [{"warehouse_id": "W", "country": "DE", "capacity_units": 50}],
    }
    first = build(tmp_path, VIEW["supply"], day(4), rows)
    first = first[first["event_timestamp"] == pd.Timestamp(day(4))].set_index("product_id")
    assert (first.loc["P", "unit_cost"], first.loc["P", "fx_rate"]) == (2.0, 0.5)
    assert bool(first.loc["P", "discontinued"])
    assert first.loc["Q", "unit_cost"] == 7.0  # the product's own, in the same currency
    assert np.isnan(first.loc["Q", "fx_rate"])
    assert (first["capacity_units"] == 50).all()
    later = build(tmp_path, VIEW["supply"], day(7), {})
    line = later[later["product_id"] == "P"].sort_values("event_timestamp").iloc[-1]
    assert (line["unit_cost"], line["fx_rate"]) == (3.0, 0.8)


def test_blocks_ends_weights_and_promotions_are_known(tmp_path: Path) -> None:
    other = {"warehouse_id": "V"}
    rows = {
        "supply_terms": [
            terms(display_minimum=3.0, blocked=True, order_days="mon,thu"),
            terms(**other),
        ],
        "products": [
            {"product_id": "P", "weight_kg": 1.5, "volume_m3": 0.01, "discontinued_on": day(30)}
        ],
        "warehouses": [{"warehouse_id": "W", "country": "DE"}],
        "promotions": [
            {"promotion_id": "a", "product_id": "P", "starts_on": day(0), "ends_on": day(1)},
            {"promotion_id": "b", "product_id": "P", "starts_on": day(9), "ends_on": day(15)},
            {"promotion_id": "c", "starts_on": day(5), "ends_on": day(6), **PAIR},
        ],
    }
    frame = build(tmp_path, VIEW["supply"], day(4), rows)
    last = frame[frame["event_timestamp"] == pd.Timestamp(day(4))].set_index("warehouse_id")
    assert last["days_to_end"].tolist() == [26.0, 26.0]
    assert (last.loc["W", "country"], last.loc["W", "weight_kg"]) == ("DE", 1.5)
    assert (last.loc["W", "display_minimum"], bool(last.loc["W", "blocked"])) == (3.0, True)
    assert last.loc["W", "order_days"] == "mon,thu"
    assert (last.loc["W", "volume_m3"], last["order_days"].isna().tolist()) == (0.01, [True, False])
    assert pd.isna(last.loc["V", "blocked"])
    spans = last[["promotion_from", "promotion_until", "promotions_before"]]
    assert spans.loc["W"].tolist() == [1.0, 3.0, 1.0]  # its own comes before everybody's
    assert spans.loc["V"].tolist() == [5.0, 12.0, 1.0]


def test_the_planning_frame_has_every_pair(tmp_path: Path) -> None:
    rows = {
        "stock": [look(0, 4), {**look(0, 1), "product_id": "bare"}],
        "supply_terms": [
            terms(currency="EUR"),
            terms(supplier_id="T"),
            terms(product_id="new", currency="EUR"),
        ],
        "purchase_orders": [bought(1, 0, 5, expected_at=day(9))],
    }
    views = [build(tmp_path / v.name, v, day(1), rows) for v in VIEWS]
    latest = [
        frame[frame["event_timestamp"] == pd.Timestamp(day(1))].reset_index(drop=True)
        for frame in views
    ]
    columns = ["warehouse_id", "product_id", *FORECAST]
    forecast = pd.DataFrame(columns=columns, dtype=object)
    forecast["event_timestamp"] = pd.to_datetime([], utc=True)
    frame = planning_frame(*latest, forecast, now=day(2))
    assert list(zip(frame["product_id"], frame["supplier_id"].fillna("-"), strict=True)) == [
        ("P", "S"),
        ("P", "T"),
        ("bare", "-"),
        ("new", "S"),
    ]
    # A day later the order is a day nearer.
    assert frame["open_due_days"].iloc[0] == [7.0]
    assert frame["open_age_days"].iloc[0] == [2.0]
    assert frame["fx_rate"].dropna().eq(1.0).all()


def test_the_service_names_only_what_is_declared() -> None:
    assert set(SERVICE) == {"forecast", "stock_position", "supply", "lead_time"}
    own = [name for view in VIEWS for name in view.features]
    assert len(own) == len(set(own)) == len(FEATURES) - len(FORECAST)
    assert all(set(view.tables) <= set(TABLES) for view in VIEWS)


def test_moments_are_mondays_and_now() -> None:
    found = moments(day(9.5), weeks=3)
    assert list(found) == [pd.Timestamp(day(n)) for n in (-7, 0, 7, 9.5)]
    assert list(moments(day(7), weeks=2)) == [pd.Timestamp(day(0)), pd.Timestamp(day(7))]


def test_a_ledger_sums_between_moments_key_by_key() -> None:
    frame = pd.DataFrame({"k": ["a", "b", "a", "x"]})
    keys = Keys.of(("k",), frame.iloc[:3])
    ledger = Ledger.of(
        keys.codes(pd.DataFrame({"k": ["a", "b", "a", "nobody"]})),
        np.array([10, 20, 30, 5]),
        np.array([1.0, 2.0, 4.0, 100.0]),
    )
    codes = np.array([0, 0, 1])
    after, until = np.array([10, 0, 0]), np.array([30, 10, 100])
    assert ledger.between(codes, after, until).tolist() == [4.0, 1.0, 2.0]
    assert ledger.until(codes, until).tolist() == [5.0, 1.0, 2.0]


def test_limits_launches_and_suppliers_reach_the_view(tmp_path: Path) -> None:
    rows = {
        "supply_terms": [
            terms(max_order_quantity=60.0),
            terms(supplier_id="T", order_days="fri", currency="GBP"),
        ],
        "products": [{"product_id": "P", "launched_on": day(10)}],
        "suppliers": [
            {
                "supplier_id": name,
                "currency": "USD",
                "order_days": "mon",
                "cut_off": "14:30",
                "time_zone": "Asia/Shanghai",
                "minimum_order_value": 100.0,
            }
            for name in "ST"
        ],
        "fx_rates": [{"rate_date": day(0), "currency": "USD", "rate": 0.5}],
    }
    frame = build(tmp_path, VIEW["supply"], day(4), rows)
    last = frame[frame["event_timestamp"] == pd.Timestamp(day(4))].set_index("supplier_id")
    assert last.loc["S", "max_order_quantity"] == 60.0
    assert last["days_to_launch"].tolist() == [6.0, 6.0]
    assert last["minimum_order_value"].tolist() == [50.0, 50.0]  # in the base currency
    assert last["order_days"].tolist() == ["mon", "fri"]  # the terms' own come first
    assert last["currency"].tolist() == ["USD", "GBP"]
    assert (last["cut_off"] + last["supplier_time_zone"]).tolist() == ["14:30Asia/Shanghai"] * 2


def test_announced_prices_and_duties_are_known_ahead(tmp_path: Path) -> None:
    lane = {"hs_code": "6109", "destination_country": "DE"}
    rows = {
        "supply_terms": [
            terms(unit_cost=2.0, currency="EUR"),
            terms(unit_cost=3.0, currency="EUR", valid_from=day(20)),
            terms(product_id="Q", unit_cost=2.0, currency="EUR", duty_rate=0.02),
        ],
        "products": [
            {"product_id": "P"},
            {"product_id": "Q", "hs_code": "6109", "origin_country": "CN"},
        ],
        "suppliers": [{"supplier_id": "S", "country": "CN"}],
        "warehouses": [{"warehouse_id": "W", "country": "DE"}],
        "tariffs": [
            {**lane, "valid_from": day(0), "duty_rate": 0.1},
            {**lane, "valid_from": day(9), "duty_rate": 0.25, "origin_country": "CN"},
        ],
    }
    frame = build(tmp_path, VIEW["supply"], day(4), rows)
    last = frame[frame["event_timestamp"] == pd.Timestamp(day(4))].set_index("product_id")
    names = ["unit_cost", "next_cost_days", "next_unit_cost"]
    assert last.loc["P", names].tolist() == [2.0, 16.0, 3.0]
    assert last.loc["Q", names].tolist() == [2.0, 5.0, 2.0]
    # The tariff holds since later than the terms' own rate.
    assert last.loc["Q", ["duty_rate", "next_duty_rate"]].tolist() == [0.1, 0.25]
    assert last.loc["P", "next_duty_rate"] is None or np.isnan(last.loc["P", "next_duty_rate"])


@pytest.mark.parametrize(
    ("supplier", "own", "expected"),
    [("CN", None, 0.1), ("FR", None, np.nan), ("CN", day(2), 0.02), (None, None, 0.1)],
)
def test_duty_is_paid_where_a_customs_border_is_crossed(
    tmp_path: Path, supplier: str | None, own: datetime | None, expected: float
) -> None:
    rate = {"duty_rate": 0.02, "valid_from": own} if own else {}
    rows = {
        "supply_terms": [terms(unit_cost=2.0, **rate)],
        "products": [{"product_id": "P", "hs_code": "6109", "origin_country": "CN"}],
        "suppliers": [{"supplier_id": "S", "country": supplier}],
        "warehouses": [{"warehouse_id": "W", "country": "DE"}],
        "tariffs": [
            {
                "hs_code": "6109",
                "destination_country": "DE",
                "valid_from": day(1),
                "duty_rate": 0.1,
            }
        ],
    }
    line = newest(build(tmp_path, VIEW["supply"], day(4), rows))
    assert line["duty_rate"] == pytest.approx(expected, nan_ok=True)


def test_closures_are_told_from_when_they_are_announced(tmp_path: Path) -> None:
    def closed(name: str, first: int, last: int, **other: Any) -> dict[str, Any]:
        return {"closure_id": name, "starts_on": day(first), "ends_on": day(last), **other}

    rows = {
        "supply_terms": [terms()],
        "closures": [
            closed("a", 20, 30, supplier_id="S"),
            closed("b", 1, 2, supplier_id="S"),  # over
            closed("c", 9, 10, supplier_id="S", announced_at=day(5)),  # not known yet
            closed("d", 3, 6, warehouse_id="W"),
            closed("e", 3, 6, warehouse_id="V"),
        ],
    }
    line = newest(build(tmp_path, VIEW["supply"], day(4), rows))
    assert list(line["supplier_closures"]) == ["2024-01-21/2024-01-31"]
    assert list(line["warehouse_closures"]) == ["2024-01-04/2024-01-07"]


def test_the_price_is_that_of_the_warehouses_market(tmp_path: Path) -> None:
    rows = {
        "supply_terms": [terms(), terms(product_id="Q")],
        "warehouses": [{"warehouse_id": "W", "country": "DE"}],
        "products": [
            {"product_id": "P", "price": 9.0, "currency": "USD"},
            {"product_id": "Q", "price": 8.0, "currency": "EUR"},
        ],
        "prices": [
            {"product_id": "P", "valid_from": day(0), "price": 7.0, "currency": "EUR"},
            {
                "product_id": "P",
                "valid_from": day(1),
                "price": 6.0,
                "currency": "EUR",
                "market": "DE",
            },
            {"product_id": "P", "valid_from": day(9), "price": 5.0, "currency": "EUR"},
        ],
    }
    frame = build(tmp_path, VIEW["supply"], day(4), rows)
    last = frame[frame["event_timestamp"] == pd.Timestamp(day(4))].set_index("product_id")
    assert last["price"].tolist() == [6.0, 8.0]
    assert last["price_currency"].tolist() == ["EUR", "EUR"]


def test_transfers_leave_one_shelf_and_are_on_their_way_to_the_other(tmp_path: Path) -> None:
    def sent(number: int, at: float, **other: Any) -> dict[str, Any]:
        lane = {"from_warehouse_id": "W", "to_warehouse_id": "V", "product_id": "P"}
        own = {"transfer_id": f"t{number}", "line_no": 1, "sent_at": day(at)}
        return {**lane, **own, "quantity": 5.0, **other}

    rows = {
        "stock": [look(2, 30), {**look(2, 1), "warehouse_id": "V"}],
        "transfers": [
            sent(1, 1, received_at=day(4)),  # had left before it was counted, came after
            sent(2, 3, expected_at=day(12)),
            sent(3, 5),  # no day: a week
            sent(4, 9),  # not known yet
        ],
    }
    frame = build(tmp_path, VIEW["stock_position"], day(8), rows)
    last = frame[frame["event_timestamp"] == pd.Timestamp(day(8))].set_index("warehouse_id")
    assert last["on_hand"].to_dict() == {"W": 20.0, "V": 6.0}
    assert last["on_order"].to_dict() == {"W": 0.0, "V": 10.0}
    assert last.loc["V", "open_due_days"] == [4.0, 4.0]
