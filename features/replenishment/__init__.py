"""What replenishment knows: stock and what is on its way, terms of supply, real lead times."""

from datetime import datetime

import pandas as pd

from data.views import FeatureType, View
from data.zones import zones_of
from features.replenishment import lead_time, stock, supply
from features.replenishment.stock import PAIR
from features.replenishment.supply import TRIPLE

NEEDS = ("supply_terms", "orders|stock")
AFTER = ("forecasting",)
__all__ = [
    "AFTER",
    "FEATURES",
    "HISTORY",
    "NEEDS",
    "PAIR",
    "SERVICE",
    "TRIPLE",
    "VIEWS",
    "due_from",
    "planning_frame",
]

VIEWS: tuple[View, ...] = (stock.VIEW, supply.VIEW, lead_time.VIEW)
SERVICE = ("forecast", *(view.name for view in VIEWS))
HISTORY: tuple[str, ...] = ("demand",)

# What is read of `forecast`, which another row writes.
FORECAST: dict[str, FeatureType] = {
    "frequency": "str",
    "period_start": "str",
    "levels": "float[]",
    "window_mean": "float[]",
    "window_quantiles": "float[]",
    "demand_class": "str",
    "explanation": "float[]",
}
FEATURES: dict[str, FeatureType] = {
    **FORECAST,
    **{name: kind for view in VIEWS for name, kind in view.features.items()},
}


# Days counted from the moment of the row.
AHEAD = ("days_to_end", "days_to_launch", "next_cost_days", "promotion_from", "promotion_until")

# A forecast this old says less than the sales since it was made.
STALE_DAYS = 35.0


def planning_frame(
    stock_position: pd.DataFrame,
    terms: pd.DataFrame,
    lead_times: pd.DataFrame,
    forecast: pd.DataFrame,
    *,
    warehouses: pd.DataFrame,
    now: datetime,
) -> pd.DataFrame:
    """What the policy reads: a row for each pair and supplier, and one for each pair without terms.

    `event_timestamp` is the moment of the plan. Forecasts older than STALE_DAYS are left out, as if
    there were none. `time_zone` is the warehouse's: its days are those of the plan.

    stock_position, terms, lead_times, forecast: the newest rows of the views `stock_position`,
    `supply`, `lead_time` and `forecast`; warehouses: the table;
    now: the moment of the plan, with its time zone.
    """
    moment = pd.Timestamp(now).tz_convert("UTC").as_unit("ns")
    forecast = forecast[forecast["event_timestamp"] >= moment - pd.Timedelta(days=STALE_DAYS)]
    frame = stock_position.merge(terms.drop(columns="event_timestamp"), on=list(PAIR), how="outer")
    frame = frame.merge(lead_times.drop(columns="event_timestamp"), on=list(TRIPLE), how="left")
    frame = frame.merge(forecast[[*PAIR, *FORECAST]], on=list(PAIR), how="left")
    aged = due_from(frame, moment)
    aged["time_zone"] = zones_of(aged["warehouse_id"], warehouses)
    return aged[[*TRIPLE, "event_timestamp", "time_zone", *FEATURES]]


def due_from(frame: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """The frame as seen at `moment`: days to arrival, since ordering, to launch, end and the next
    change of cost from then. frame: with event_timestamp; moment: a time in UTC."""
    age = (moment - frame["event_timestamp"]).dt.total_seconds().fillna(0.0) / 86_400
    older = frame.index[(age > 0) & frame["open_due_days"].notna()]
    days, placed = frame["open_due_days"].copy(), frame["open_age_days"].copy()
    for row in older:
        days[row] = [due - age[row] for due in days[row]]
        placed[row] = [since + age[row] for since in placed[row]]
    ahead = {name: frame[name] - age for name in AHEAD if name in frame}
    return frame.assign(open_due_days=days, open_age_days=placed, event_timestamp=moment, **ahead)
