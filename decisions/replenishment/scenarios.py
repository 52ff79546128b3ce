"""Plans under several terms side by side: what each costs, holds, loses and serves."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from decisions.replenishment.plan import Plan, WhatIfTerms
from decisions.replenishment.what_if import plan_under


def compare_scenarios(
    plan: Plan, scenarios: Sequence[WhatIfTerms], **wanted: str | None
) -> pd.DataFrame:
    """A row a scenario, in order, with the figures of `figures_of`.

    plan: the plan of the moment; scenarios: the terms of each; wanted: values of warehouse_id,
    product_id or supplier_id that the lines must have, None: any.
    """
    return pd.DataFrame([figures_of(plan_under(plan, each, **wanted).lines) for each in scenarios])


def figures_of(lines: pd.DataFrame) -> dict[str, float]:
    """What a plan comes to.

    lines_ordered: how many; order_value: money; stock_value: money in what is there, coming and
    ordered; lost_sales: money expected to be lost over the cover; service_level: the probability of
    not running out over the cover, lines weighted by their demand; NaN where nothing is planned.
    Sums are over the lines whose money is known, in the base currency.

    lines: of a plan.
    """
    # Of stock that was never observed only what is coming is known.
    have = lines["inventory_position"].fillna(lines["on_order"] - lines["reserved"])
    there = have + lines["transferred"] + lines["order_quantity"]
    demand = lines["demand_mean"].to_numpy(dtype=float)
    risk = lines["stockout_probability"].to_numpy(dtype=float)
    known = ~np.isnan(demand) & ~np.isnan(risk) & (demand > 0)
    weight = demand[known].sum()
    met = (demand[known] * (1.0 - risk[known])).sum()
    return {
        "lines_ordered": float((lines["order_quantity"] > 0).sum()),
        "order_value": round(float(lines["order_value"].sum()), 2),
        "stock_value": round(float((there.clip(lower=0.0) * lines["unit_cost"]).sum()), 2),
        "lost_sales": round(float(lines["lost_sales_expected"].sum()), 2),
        "service_level": round(float(met / weight), 4) if weight > 0 else np.nan,
    }
