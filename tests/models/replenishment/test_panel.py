"""The weeks that a policy is fitted on."""

import numpy as np
import pandas as pd

from models.replenishment import OrderUpTo
from models.replenishment.panel import ReplayPanel
from tests.models.replenishment.planning import NOW
from tests.models.replenishment.policy_frames import past


def test_sparse_origins_are_read_week_by_week() -> None:
    history = past(np.full((2, 8), 10.0))
    sparse = history[history["event_timestamp"].isin([NOW, NOW + pd.Timedelta(days=28)])]
    sparse = sparse.assign(demand=[[10.0] * 4] * len(sparse)).reset_index(drop=True)
    panel = ReplayPanel.of(sparse, seed=1)
    assert panel.demand.shape == (2, 8)
    assert panel.later.tolist() == [0, 1, 2, 3] * 2
    assert OrderUpTo().replay(panel).cost_a_period > 0
