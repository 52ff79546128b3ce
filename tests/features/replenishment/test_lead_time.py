"""Lead times learned from receipts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.replenishment.lead_time import expected_beyond
from tests.features.replenishment.small_tables import VIEW, bought, build, day, newest, terms


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


def test_closed_days_are_those_of_the_warehouse(tmp_path: Path) -> None:
    site = {"warehouse_id": "W", "country": "NZ", "time_zone": "Pacific/Auckland"}
    ordered = pd.Timestamp("2024-01-05T11:00Z")  # midnight there: the closed day is over
    came = ordered + pd.Timedelta(days=10)
    closed = {"closure_id": "c", "supplier_id": "S", "announced_at": day(0)}
    rows = {
        "warehouses": [site],
        "supply_terms": [terms()],
        "purchase_orders": [bought(1, 0, 1, received_at=came) | {"ordered_at": ordered}],
        "closures": [closed | {"starts_on": "2024-01-05", "ends_on": "2024-01-05"}],
    }
    last = newest(build(tmp_path, VIEW["lead_time"], day(60), rows))
    assert last["lead_time_orders"] == 1
    assert last["lead_time_mean"] == pytest.approx(10)


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
