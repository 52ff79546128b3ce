"""The plan under other terms, for some of its lines; with the same terms it is the plan itself."""

from dataclasses import replace

import pandas as pd

from decisions.replenishment.plan import Plan, WhatIfTerms, changed, select, signed
from models.replenishment.plan import Planned
from models.replenishment.transfers import Moves

PAIR = ["warehouse_id", "product_id"]


def plan_under(plan: Plan, terms: WhatIfTerms, **wanted: str | None) -> Planned:
    """The lines of a plan under other terms; what other lines do stays as planned.

    plan: the plan of the moment; terms: what is changed; wanted: values of warehouse_id, product_id
    or supplier_id that the lines must have, None: any. Transfers stay as they are planned. Without
    any change the lines are those of the plan, to the last digit.
    """
    lines = select(plan.lines, **wanted)
    if terms == WhatIfTerms():
        return Planned(lines, _touching(plan.transfers, lines), None)
    frame = _affected(plan, lines)
    moves = Moves(plan.transfers, plan.lines.set_index(PAIR)["transferred"])
    options = replace(plan.options, caps=terms.caps)
    planned = plan.model.plan(changed(frame, terms), options, standing=moves)
    pairs = pd.MultiIndex.from_frame(planned.lines[PAIR])
    own = planned.lines[pairs.isin(pd.MultiIndex.from_frame(lines[PAIR]))]
    own = signed(own, plan.served_by)
    return Planned(own, _touching(plan.transfers, own), planned.filled)


def _affected(plan: Plan, lines: pd.DataFrame) -> pd.DataFrame:
    """The planning rows of the lines; of whole warehouses where their room is limited, and of all
    that is ordered together where the supplier asks for a minimum value."""
    frame = plan.frame
    limited = frame.loc[frame["capacity_units"].notna(), "warehouse_id"].unique()
    whole = frame["warehouse_id"].isin(set(limited) & set(lines["warehouse_id"]))
    own = pd.MultiIndex.from_frame(frame[PAIR]).isin(pd.MultiIndex.from_frame(lines[PAIR]))
    joint = frame["minimum_order_value"] > 0
    orders = pd.MultiIndex.from_frame(frame[["warehouse_id", "supplier_id"]])
    together = joint & orders.isin(orders[own & joint])
    # Of a pair all its offers, so that the best is chosen as before.
    pairs = pd.MultiIndex.from_frame(frame[PAIR])
    return frame[whole | own | pairs.isin(pairs[together])]


def _touching(transfers: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """The transfers to or from any of the lines."""
    pairs = pd.MultiIndex.from_frame(lines[PAIR])
    ends = [
        pd.MultiIndex.from_frame(transfers[[end, "product_id"]]).isin(pairs)
        for end in ("from_warehouse_id", "to_warehouse_id")
    ]
    return transfers[ends[0] | ends[1]]
