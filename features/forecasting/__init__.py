"""What is known for forecasting: the demand signal, what is known ahead, and the forecasts."""

from data.history_corrections import (
    HistoryCorrection,
    HistoryCorrectionError,
    linked_products,
)
from data.overrides import EVERY, Override, OverrideError
from features.forecasting.demand import TABLES, demand
from features.forecasting.history_corrections import corrected, touched
from features.forecasting.importance import abc_xyz
from features.forecasting.order_lines import running_moment, running_number
from features.forecasting.overrides import PairAttributes, layered, overridden, period_dates
from features.forecasting.periods import FREQUENCIES, choose, number, starts
from features.forecasting.plan import future
from features.forecasting.successors import (
    VARIANTS,
    handed_over,
    inherited,
    priced_alike,
    with_succession_events,
    with_variants,
    without_succeeded,
)
from features.forecasting.totals import (
    TOTALS,
    Level,
    PairOutlooks,
    PastTotals,
    Totals,
    past_totals,
    total_quantiles,
    totals,
)
from features.forecasting.value import (
    ACCURACY_LEVELS,
    accuracy,
    exceptions,
    outcomes,
    outcomes_by_lag,
    seen_in_full,
    value_added,
    within,
)
from features.forecasting.views import (
    DEMAND,
    EXPLAINED,
    FORECAST,
    HISTORY,
    SERVICE,
    VIEWS,
    packed,
    quantile_names,
)

NEEDS = ("orders",)
__all__ = [
    "ACCURACY_LEVELS",
    "DEMAND",
    "EVERY",
    "EXPLAINED",
    "FORECAST",
    "FREQUENCIES",
    "HISTORY",
    "NEEDS",
    "SERVICE",
    "TABLES",
    "TOTALS",
    "VARIANTS",
    "VIEWS",
    "HistoryCorrection",
    "HistoryCorrectionError",
    "Level",
    "Override",
    "OverrideError",
    "PairAttributes",
    "PairOutlooks",
    "PastTotals",
    "Totals",
    "abc_xyz",
    "accuracy",
    "choose",
    "corrected",
    "demand",
    "exceptions",
    "future",
    "handed_over",
    "inherited",
    "layered",
    "linked_products",
    "number",
    "outcomes",
    "outcomes_by_lag",
    "overridden",
    "packed",
    "past_totals",
    "period_dates",
    "priced_alike",
    "quantile_names",
    "running_moment",
    "running_number",
    "seen_in_full",
    "starts",
    "total_quantiles",
    "totals",
    "touched",
    "value_added",
    "with_succession_events",
    "with_variants",
    "within",
    "without_succeeded",
]
