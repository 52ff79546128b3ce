"""Supply terms in force."""

from pathlib import Path

import numpy as np
import pandas as pd

from tests.features.replenishment.small_tables import PAIR, VIEW, build, day, terms


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
