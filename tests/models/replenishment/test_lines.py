"""Lines of a plan."""

import numpy as np
import pandas as pd
import pytest

from models.replenishment.lines import expected_days
from tests.models.replenishment.plan_frames import line
from tests.models.replenishment.planning import NOW


def test_an_overdue_order_is_expected_by_the_learned_lead_time() -> None:
    quantity, due, age = np.array([[5.0]]), np.array([[-2.0]]), np.array([[16.0]])
    known = {"lead": np.array([14.0]), "lead_sd": np.array([4.0])}
    found = expected_days(quantity, due, age, **known)[0, 0]
    # E(L | L > 16) of N(14, 4²) is 14 + 4 · φ(0.5) / (1 − Φ(0.5)) = 18.56.
    assert found == pytest.approx(2.56, abs=0.6)
    assert expected_days(quantity, due - 40, age, **known)[0, 0] == -42.0


def test_dates_count_from_the_moment_of_the_plan() -> None:
    later = line(
        on_hand=25.0, event_timestamp=NOW + pd.Timedelta(days=7), period_start="2024-01-08"
    )
    assert later["stockout_on"] == "2024-01-25"
