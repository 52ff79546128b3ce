"""Views of forecasting."""

import pandas as pd

from data.views import Terms
from features.forecasting import DEMAND, FORECAST, VIEWS, packed
from tests.features.forecasting.small_tables import order, tables, week


def test_forecasts_are_packed_a_row_a_pair() -> None:
    long = pd.DataFrame(
        {
            "warehouse_id": ["w", "w", "v", "v"],
            "product_id": "p",
            "origin": pd.Timestamp(week(0)),
            "horizon": [1, 2, 1, 2],
            "period_start": ["2024-01-01", "2024-01-08"] * 2,
            "demand_class": "smooth",
            "mean": [1.0, 2, 3, 4],
            "q10": [0.0, 1, 2, 3],
            "q90": [2.0, 3, 4, 5],
            "window_mean": [1.0, 3, 3, 7],
            "w10": [0.0, 2, 2, 6],
            "w90": [2.0, 5, 4, 9],
        }
    )
    rows = packed(long, [0.1, 0.9], frequency="week", model_version="3")
    assert list(rows.columns) == ["warehouse_id", "product_id", "event_timestamp", *FORECAST]
    first = rows.iloc[0]
    assert first["period_start"] == "2024-01-01"
    assert list(first["mean"]) == [1, 2]
    assert list(first["quantiles"]) == [0, 2, 1, 3]
    assert list(first["window_quantiles"]) == [0, 2, 2, 5]
    assert list(rows["levels"].iloc[1]) == [0.1, 0.9]


def test_the_views_declare_what_is_built() -> None:
    built = {view.name: view for view in VIEWS}
    frame = built["demand"].build(tables(orders=[order(1, week(0))]), week(3), Terms())
    assert list(frame.columns) == ["warehouse_id", "product_id", "event_timestamp", *DEMAND]
    assert built["forecast"].build is None
