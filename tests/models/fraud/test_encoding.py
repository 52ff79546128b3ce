"""Payments as numbers."""

import numpy as np
import pandas as pd

from models.fraud.encoding import MIN_COUNT, Encoding


def test_encoding_knows_numbers_texts_and_what_is_missing() -> None:
    often = ["a"] * MIN_COUNT + ["b"] * MIN_COUNT
    frame = pd.DataFrame(
        {
            "x_text": [*often, "rare", None],
            "x_number": [*map(str, range(len(often))), None, "7"],
            "x_flag": pd.array([True, False] * MIN_COUNT + [None, True], dtype="boolean"),
            "x_none": None,
            "payment_id": "p",
        }
    )
    encoding = Encoding.of(frame)
    assert encoding.names == ("x_text", "x_number", "x_flag", "x_none")
    assert encoding.levels["x_text"] == ("a", "b")
    matrix = encoding.of_frame(frame)
    np.testing.assert_array_equal(matrix[[0, MIN_COUNT, -2, -1], 0], [0, 1, 2, np.nan])
    np.testing.assert_array_equal(matrix[[3, -2, -1], 1], [3, np.nan, 7])
    np.testing.assert_array_equal(matrix[[0, 1, -2], 2], [1, 0, np.nan])
    one = {"x_number": "no number", "x_text": "b"}
    np.testing.assert_array_equal(encoding.row(one), [[1, np.nan, np.nan, np.nan]])
