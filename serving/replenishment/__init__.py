"""What to order: the plan, line by line, as JSON or CSV, and under other terms."""

from datetime import datetime

import pandas as pd

from serving.live import Live
from serving.replenishment.plan import make
from serving.replenishment.routes import router

__all__ = ["router", "score"]


def score(live: Live, as_of: datetime) -> pd.DataFrame:
    """The plan as of then, by the released model: one line a warehouse and product.

    Raises ModelError without a released model or without forecasts in the store.
    """
    return make(live, as_of, strict=True).lines
