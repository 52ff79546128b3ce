"""Proposals for excess stock."""

import numpy as np

from tests.models.replenishment.plan_frames import line
from tests.models.replenishment.planning import windows


def test_slow_stock_has_a_proposal_with_its_money() -> None:
    fine, slow = line(on_hand=60.0), line(on_hand=400.0)
    assert (fine["stock_cover_days"], fine["proposal"]) == (42.0, None)
    assert slow["stock_cover_days"] == 280.0
    assert slow["proposal"] in {"keep", "markdown"}
    coming = {"open_quantities": [50.0], "open_due_days": [5.0], "open_age_days": [9.0]}
    awaited = line(on_hand=400.0, **coming)
    assert awaited["proposal"] == "stop ordering"
    assert awaited["proposal_value"] > 0
    dead = line(on_hand=40.0, **windows(0.0, 0.0))
    assert (dead["proposal"], dead["proposal_value"]) == ("markdown", 0.5 * 20.0 * 40)


def test_stock_of_a_product_before_its_launch_is_not_slow() -> None:
    for days in (5.0, 40.0):
        early = line(on_hand=40.0, days_to_launch=days, **windows(0.0, 0.0))
        assert (early["proposal"], np.isnan(early["proposal_value"])) == (None, True)
