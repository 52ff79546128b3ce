"""The endpoints that look beyond the plan's lines: plans under other terms."""

from collections.abc import Callable

import pandas as pd
from fastapi import APIRouter

from decisions.replenishment.line_ids import identity
from decisions.replenishment.plan import Plan, WhatIfTerms, ranked
from decisions.replenishment.scenarios import compare_scenarios
from decisions.replenishment.what_if import plan_under
from models.replenishment.plan import Planned
from serving.http.replenishment.answers import made, suggestions
from serving.http.replenishment.bodies import (
    Change,
    Difference,
    PlanTotals,
    ScenarioComparison,
    ScenarioFigures,
    ScenariosToCompare,
    WhatIf,
)


def planning(current: Callable[[], Plan]) -> APIRouter:
    """What the plan would be under other terms. current: gives the plan as of now."""
    routes = APIRouter()

    @routes.post("/plan")
    def plan_under_other_terms(change: Change) -> WhatIf:
        """The plan under another lead time, service level, tariff, budget or demand, beside today's
        or another one; nothing is kept."""
        plan = current()
        own = change.model_dump(include={"warehouse_id", "product_id", "supplier_id"})
        other = plan_under(plan, change.terms(), **own)
        now = plan_under(plan, change.against.terms() if change.against else WhatIfTerms(), **own)
        return WhatIf(
            **made(plan),
            now=_totals(now, plan.digits),
            changed=_totals(other, plan.digits),
            proven_gap=round(other.filled.gap, 6) if other.filled else None,
            differences=_differences(now.lines, other.lines)[: change.limit],
            data=suggestions(ranked(other.lines).head(change.limit), {}),
        )

    @routes.post("/plan:compare")
    def compare_plans(body: ScenariosToCompare) -> ScenarioComparison:
        """Compare plans under several terms: money, stock, lost sales and service of each."""
        plan = current()
        own = body.model_dump(include={"warehouse_id", "product_id", "supplier_id"})
        found = compare_scenarios(plan, [each.terms() for each in body.scenarios], **own)
        rows = found.assign(name=[each.name for each in body.scenarios]).to_dict("records")
        return ScenarioComparison(
            **made(plan),
            data=[
                ScenarioFigures.model_validate(
                    {name: None if pd.isna(value) else value for name, value in row.items()}
                )
                for row in rows
            ],
        )

    return routes


def _totals(planned: Planned, digits: int) -> PlanTotals:
    lines = planned.lines
    return PlanTotals(
        lines_ordered=int((lines["order_quantity"] > 0).sum()),
        units=float(lines["order_quantity"].sum()),
        value=round(float(lines["order_value"].sum()), digits),
        money_at_risk=round(float(lines["lost_sales_expected"].sum()), digits),
        transfers=len(planned.transfers),
    )


def _differences(now: pd.DataFrame, other: pd.DataFrame) -> list[Difference]:
    """Lines ordered differently, the largest difference in units first."""
    mine = pd.Series(now["order_quantity"].to_numpy(), index=identity(now))
    theirs = pd.Series(other["order_quantity"].to_numpy(), index=identity(other))
    both = pd.DataFrame({"now": mine, "changed": theirs}).fillna(0.0)
    both = both[both["now"] != both["changed"]]
    order = (both["changed"] - both["now"]).abs().sort_values(ascending=False, kind="stable").index
    return [
        Difference(id=str(name), now=row["now"], changed=row["changed"])
        for name, row in both.loc[order].iterrows()
    ]
