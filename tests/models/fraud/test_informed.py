"""Logistic regression that knows what fraud looks like."""

import pandas as pd

from models.fraud import (
    InformedLogistic,
)
from tests.models.fraud.payments import FRAME


def test_the_order_of_the_rows_changes_nothing() -> None:
    one = InformedLogistic().fit(FRAME.sample(frac=1.0, random_state=0)).predict(FRAME)
    pd.testing.assert_frame_equal(one, InformedLogistic().fit(FRAME).predict(FRAME))
