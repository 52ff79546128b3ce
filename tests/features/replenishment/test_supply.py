"""Supply terms in force."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.features.replenishment.small_tables import PAIR, VIEW, build, day, newest, terms


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


@pytest.mark.parametrize(
    ("zone", "cost", "next_days", "ended"),
    [
        ("Pacific/Auckland", 3.0, np.nan, True),  # one in the morning of the 5th
        ("Europe/Berlin", 2.0, 11 / 24, False),  # one in the afternoon of the 4th
        ("America/New_York", 2.0, 17 / 24, False),
    ],
)
def test_days_begin_by_the_clock_of_the_warehouse(
    tmp_path: Path, zone: str, cost: float, next_days: float, ended: bool
) -> None:
    lane = {"hs_code": "6109", "destination_country": "NZ", "origin_country": "*"}
    rows = {
        "supply_terms": [terms(unit_cost=2.0), terms(unit_cost=3.0, valid_from=day(4))],
        "warehouses": [{"warehouse_id": "W", "country": "NZ", "time_zone": zone}],
        "products": [
            {
                "product_id": "P",
                "hs_code": "6109",
                "origin_country": "CN",
                "discontinued_on": day(4),
            }
        ],
        "promotions": [
            {"promotion_id": "a", "product_id": "P", "starts_on": day(4), "ends_on": day(5)}
        ],
        "tariffs": [{**lane, "valid_from": day(4), "duty_rate": 0.1}],
    }
    line = newest(build(tmp_path, VIEW["supply"], day(3.5), rows))
    assert (line["unit_cost"], bool(line["discontinued"])) == (cost, ended)
    assert line["next_cost_days"] == pytest.approx(next_days, nan_ok=True)
    assert line["duty_rate"] == pytest.approx(0.1 if ended else np.nan, nan_ok=True)
    ahead = -1 / 24 if ended else next_days
    assert line["days_to_end"] == pytest.approx(ahead)
    assert line["promotion_from"] == pytest.approx(ahead)
    assert line["promotion_until"] == pytest.approx(ahead + 2)


def test_a_closure_is_known_until_its_last_day_is_over_in_the_west(tmp_path: Path) -> None:
    rows = {
        "supply_terms": [terms()],
        "closures": [
            {"closure_id": "a", "starts_on": day(1), "ends_on": day(3), "warehouse_id": "W"}
        ],
    }
    line = newest(build(tmp_path, VIEW["supply"], day(4.2), rows))
    assert list(line["warehouse_closures"]) == ["2024-01-02/2024-01-04"]


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
