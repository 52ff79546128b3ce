"""The plan of the sample: each line orders what its own cost curve shows as cheapest."""

import pytest

from data.settings import Settings
from decisions.replenishment.plan import make
from decisions.runtime import Runtime

CUTS = ["capacity_cut", "budget_cut", "maximum_cut"]


@pytest.mark.slow
def test_every_ordered_quantity_of_the_sample_is_the_least_of_its_curve(merchant: Settings) -> None:
    runtime = Runtime(merchant)
    runtime.refresh()
    plan = make(runtime, runtime.now())
    assert plan.model_version is not None
    ordered = plan.lines[(plan.lines["order_quantity"] > 0) & (plan.lines[CUTS] == 0).all(axis=1)]
    assert len(ordered) > 100
    dearer = []
    for line in ordered.itertuples():
        pair = plan.frame["product_id"].eq(line.product_id)
        frame = plan.frame[pair & plan.frame["warehouse_id"].eq(line.warehouse_id)]
        depth = plan.model.depth(frame, line.order_quantity, moved=line.transferred)
        curve = depth.curve.set_index("quantity")["total"]
        if curve[line.order_quantity] > curve.min() + 1e-3:
            dearer.append((line.warehouse_id, line.product_id, curve.idxmin()))
    assert dearer == []
