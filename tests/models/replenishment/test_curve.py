"""What each quantity costs."""

import numpy as np
import pytest

from models.replenishment import OrderUpTo
from models.replenishment.curve import waterfall
from models.replenishment.plan import Options
from tests.models.replenishment.plan_frames import pair, plan
from tests.models.replenishment.planning import frame, row


@pytest.mark.parametrize("digits", [0, 2, 3])
def test_money_is_told_in_whole_minor_units_of_the_base_currency(digits: int) -> None:
    """Yen have none, dinars a thousandth: totals, the waterfall and transfers keep to them."""
    full, empty = pair()
    planned = plan(full, empty, row(product_id="Q", unit_cost=3.1234), digits=digits)
    lines = planned.lines
    money = lines[["order_value", "money_at_risk", "lost_sales_expected"]].to_numpy(float)
    money = np.concatenate([money.ravel(), planned.transfers[["gain", "cost"]].to_numpy().ravel()])
    assert (money > 0).any()
    assert np.allclose(money, np.round(money, digits), atol=1e-9)
    assert not np.allclose(money, np.round(money, digits - 1)), "no coarser than it is paid"
    parts = waterfall(lines.iloc[-1], digits=digits)["money"]
    assert parts.sum() == pytest.approx(lines["order_value"].iloc[-1])
    assert np.allclose(parts, parts.round(digits), atol=1e-9)
    move = planned.transfers.iloc[0]
    assert f"saves {move['gain']:.{digits}f} against" in move["reason"]


def test_the_curve_ends_where_a_price_step_would_last_too_long() -> None:
    """What is ordered costs least of what may be ordered: 36 for half the price last too long."""
    given = frame(row(on_hand=2.0, price_breaks="36:0.5", max_cover_days=20.0))
    line = OrderUpTo().plan(given, Options()).lines.iloc[0]
    ordered = float(line["order_quantity"])
    assert "The price from 36 on is left out" in line["reason"]
    curve = OrderUpTo().depth(given, ordered).curve
    assert 0 < ordered < 36
    assert 2 * ordered > 36 > curve["quantity"].max()
    assert curve.set_index("quantity")["total"].idxmin() == ordered
