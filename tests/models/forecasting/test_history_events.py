"""What is told of a history."""

import json

import numpy as np

from models.forecasting import history_events
from tests.models.forecasting.series import frame


def test_pauses_and_shifts_are_told_with_their_first_day() -> None:
    silent = [np.nan] * 6
    series = frame(
        {
            "even": [20.0] * 30,
            "paused": [20.0] * 10 + silent + [20.0] * 14,
            "shifted": [20.0] * 26 + [60.0] * 4,
        }
    )
    series["paused"] = series["quantity"].isna()
    told = history_events(series).set_index("product_id")["history_events"].map(json.loads)
    assert set(told.index) == {"paused", "shifted"}
    assert told["paused"] == [
        {"kind": "pause", "first": "2024-03-11", "last": "2024-04-15", "factor": None}
    ]
    (shift,) = told["shifted"]
    assert (shift["kind"], shift["first"]) == ("level_shift", "2024-07-01")
    assert 2.7 < shift["factor"] < 3.1


def test_an_even_history_has_none() -> None:
    assert history_events(frame({"p": [20.0] * 30})).empty
