"""So many lines at once: planned, explained and written, the whole timed."""

import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from parts.terms import TERMS
from scipy.special import ndtri

from models.replenishment import OrderUpTo
from models.replenishment.budget import Caps
from models.replenishment.plan import Options


def scaled(lines: int, budget: float | None) -> dict[str, float]:
    """So many lines planned, explained and written; with a budget, a share of what all would cost.

    Only the plan is timed: the frame is what the feature store would have given.
    """
    frame = synthetic(lines)
    began, spent = time.perf_counter(), time.process_time()
    planned = OrderUpTo().plan(frame)
    caps = Caps()
    if budget is not None:
        caps = Caps(money=budget * planned.lines["order_value"].sum())
        began, spent = time.perf_counter(), time.process_time()
        planned = OrderUpTo().plan(frame, Options(caps))
    with tempfile.TemporaryDirectory() as folder:
        planned.lines.to_parquet(Path(folder) / "plan.parquet", index=False)
        planned.transfers.to_parquet(Path(folder) / "transfers.parquet", index=False)
    taken, spent = time.perf_counter() - began, time.process_time() - spent
    ordered = int((planned.lines["order_quantity"] > 0).sum())
    print(f"{lines:,} lines: {ordered:,} ordered, {len(planned.transfers):,} transfers")
    answer: dict[str, float] = {"lines": lines, "ordered": ordered}
    answer |= {"plan_seconds": round(taken, 1), "plan_cpu_seconds": round(spent, 1)}
    if planned.filled is not None:
        answer["proven_gap"] = round(planned.filled.gap, 6)
        answer["spent_share"] = round(planned.lines["order_value"].sum() / caps.money, 4)
    return answer


def synthetic(lines: int) -> pd.DataFrame:
    """Planning rows of products at four warehouses each, paces spread over three magnitudes."""
    random = np.random.default_rng(7)
    steps = np.arange(1, 14)
    levels = [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99]
    demand_rate = random.gamma(0.6, 8.0, lines) + 0.05
    spread = np.sqrt(demand_rate[:, None] * steps * 1.5)
    means = demand_rate[:, None] * steps
    curve = np.maximum(means[:, :, None] + spread[:, :, None] * ndtri(levels), 0.0)
    number = np.arange(lines)
    moment = pd.Timestamp("2024-04-08", tz="UTC")
    frame = pd.DataFrame(
        {
            "warehouse_id": np.char.add("W", (number % 4).astype(str)),
            "product_id": np.char.add("P", (number // 4).astype(str)),
            "window_mean": list(means),
            "window_quantiles": list(curve.reshape(lines, -1)),
            "on_hand": np.floor(demand_rate * random.gamma(2.0, 2.0, lines)),
            "unit_cost": random.lognormal(1.5, 0.8, lines).round(2) + 0.1,
            "weekly_sales": demand_rate,
            "pack_size": random.choice([1.0, 6.0, 12.0], lines),
        }
    ).assign(event_timestamp=moment, period_start="2024-04-08", frequency="week")
    frame["levels"] = [levels] * lines
    other = {"holding_cost_rate": 0.25, "lead_time_spread": 3.0, "country": "DE", "order_cost": 1.5}
    terms = {name: value for name, value in (TERMS | other).items() if name not in frame}
    money = {"stockout_cost": frame["unit_cost"] * 0.6, "price": frame["unit_cost"] * 1.6}
    frame = frame.assign(**(terms | money), demand_class="smooth")
    return frame.assign(weight_kg=0.4)
