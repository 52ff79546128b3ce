"""The plain policies."""

import numpy as np
import pandas as pd
from scipy.stats import poisson

from models.replenishment import MODELS, MinMax, MovingAverage
from models.replenishment.panel import ReplayPanel
from tests.models.replenishment.planning import LEVELS, NOW, frame, row
from tests.models.replenishment.policy_frames import past


def test_ours_beats_the_plain_policies() -> None:
    random = np.random.default_rng(5)
    demand_rate = random.gamma(2, 5, 60)
    demand = random.poisson(demand_rate[:, None], (60, 24)).astype(float)
    steps = np.arange(1, 14)
    rows = past(demand, on_hand=30.0, lead_time_spread=3.0)
    pair = rows["product_id"].str[1:].astype(int).to_numpy()
    table = poisson.ppf(LEVELS, demand_rate[:, None, None] * steps[:, None])
    rows["window_mean"] = [(demand_rate[n] * steps).tolist() for n in pair]
    rows["window_quantiles"] = [table[n].ravel().tolist() for n in pair]
    early = rows["event_timestamp"] < NOW + pd.Timedelta(days=84)
    panel = ReplayPanel.of(rows[~early], seed=1)
    cost = {
        name: kind().fit(rows[early]).replay(panel).cost_a_period for name, kind in MODELS.items()
    }
    assert cost["OrderUpTo"] < 0.95 * min(cost["MovingAverage"], cost["MinMax"])


def test_baselines_follow_recent_sales() -> None:
    table = frame(row(on_hand=5.0, weekly_sales=7.0))
    average = MovingAverage()
    average.learned = {"safety_days": 7.0}
    assert average.predict(table)["order_quantity"][0] == 7 * 3 + 7 - 5
    least = MinMax()
    least.learned = {"min_days": 7.0, "max_days": 28.0}
    assert least.predict(table)["order_quantity"][0] == 14 + 28 - 5
    above = frame(row(on_hand=22.0, weekly_sales=7.0))
    assert least.predict(above)["not_ordered_reason"][0] == "above the reorder point"
