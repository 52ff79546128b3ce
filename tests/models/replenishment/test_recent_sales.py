"""Recent sales carried on where no forecast is."""

import pytest

from models.replenishment import OrderUpTo
from tests.models.replenishment.planning import frame, row


def test_without_forecasts_recent_sales_are_carried_on() -> None:
    bare = {"frequency": None, "window_mean": None, "window_quantiles": None, "period_start": None}
    line = OrderUpTo().predict(frame(row(**bare, levels=None))).iloc[0]
    known = OrderUpTo().predict(frame(row())).iloc[0]
    assert line["order_quantity"] == pytest.approx(known["order_quantity"], rel=0.25)
    assert "the sales of the last eight weeks are carried on" in line["reason"]
