"""The planning frame of a small shop."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from data.tables import TABLES
from features.replenishment import FEATURES, FORECAST, SERVICE, VIEWS, planning_frame
from tests.features.replenishment.small_tables import Rows, bought, build, day, look, sale, terms


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
    sites = pd.DataFrame({"warehouse_id": ["W"], "time_zone": ["Europe/Berlin"]})
    frame = planning_frame(*latest, forecast, warehouses=sites, now=day(2))
    assert list(zip(frame["product_id"], frame["supplier_id"].fillna("-"), strict=True)) == [
        ("P", "S"),
        ("P", "T"),
        ("bare", "-"),
        ("new", "S"),
    ]
    assert frame["time_zone"].tolist() == ["Europe/Berlin"] * 4
    # A day later the order is a day nearer.
    assert frame["open_due_days"].iloc[0] == [7.0]
    assert frame["open_age_days"].iloc[0] == [2.0]
    assert frame["fx_rate"].dropna().eq(1.0).all()


def test_the_service_names_only_what_is_declared() -> None:
    assert set(SERVICE) == {"forecast", "stock_position", "supply", "lead_time"}
    own = [name for view in VIEWS for name in view.features]
    assert len(own) == len(set(own)) == len(FEATURES) - len(FORECAST)
    assert all(set(view.tables) <= set(TABLES) for view in VIEWS)
