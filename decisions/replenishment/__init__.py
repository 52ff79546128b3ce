"""What to order, when and why: the plan, and what planners decide on its lines."""

from datetime import datetime

import pandas as pd

from decisions.replenishment.plan import make
from decisions.runtime import Runtime

__all__ = ["score"]


def score(runtime: Runtime, as_of: datetime) -> pd.DataFrame:
    """The plan as of then, by the released model: one line a warehouse and product.

    Raises ModelError without a released model or without forecasts in the store.
    """
    return make(runtime, as_of, strict=True).lines
