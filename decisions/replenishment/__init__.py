"""What to order, when and why: the plan, and what planners decide on its lines."""

from datetime import datetime

import pandas as pd

from decisions.replenishment.plan import make
from decisions.runtime import Runtime

__all__ = ["score"]


def score(runtime: Runtime, as_of: datetime) -> pd.DataFrame:
    """The plan as of then: one line a warehouse and product.

    runtime: what is served; as_of: the moment of the plan. There is always a plan: without a
    trained policy or forecasts a simpler one, and each line says so (`planned_by`, `reason`).
    """
    return make(runtime, as_of, engine=runtime.settings.engine).lines
