"""ABC and XYZ."""

from features.forecasting import (
    abc_xyz,
)
from tests.features.forecasting.forecast_rows import RATES, demand


def test_abc_by_revenue_and_xyz_by_variation() -> None:
    sold = {
        "big": [80.0] * 10,
        "mid": [5.0, 25.0] * 5,
        "low": [0.0] * 9 + [30.0],
        "none": [0.0] * 10,
    }
    found = abc_xyz(demand(sold), RATES, "EUR").set_index("product_id")["abc_xyz"]
    assert dict(found) == {"big": "AX", "mid": "BY", "low": "CZ", "none": "CZ"}
