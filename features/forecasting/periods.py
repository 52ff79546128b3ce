"""Periods: days, ISO weeks (Monday to Sunday) and calendar months, all in UTC, as whole numbers."""

from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

FREQUENCIES = ("day", "week", "month")
_RECENT_DAYS = 400
_MONDAY = 3  # 1970-01-01 was a Thursday: adding 3 days makes weeks begin on Mondays


def numbers(when: pd.Series, frequency: str) -> Numbers:
    """The number of the period each moment lies in; period 0 holds 1970-01-01.

    when: moments in UTC, or wall-clock times written as UTC; frequency: day, week or month.

    >>> numbers(pd.Series(pd.to_datetime(["2024-01-07T23:00Z", "2024-01-08T00:00Z"])), "week")
    array([2818, 2819])
    """
    local = pd.DatetimeIndex(when)
    if frequency == "month":
        return ((local.year - 1970) * 12 + local.month - 1).to_numpy(dtype=np.int64)
    days = local.tz_localize(None).to_numpy(dtype="datetime64[D]").astype(np.int64)
    return days if frequency == "day" else (days + _MONDAY) // 7


def number(when: datetime, frequency: str) -> int:
    """The number of the period a moment lies in: the running period at that moment.

    when: in UTC, or a wall-clock time written as UTC; frequency: day, week or month.
    """
    return int(numbers(pd.Series([pd.Timestamp(when)]), frequency)[0])


def starts(period: Numbers, frequency: str) -> pd.DatetimeIndex:
    """The first moment of each period, UTC.

    period: numbers, as `numbers` gives them; frequency: day, week or month.

    >>> starts(np.array([2819]), "week")[0]
    Timestamp('2024-01-08 00:00:00+0000', tz='UTC')
    """
    if frequency == "month":
        days = period.astype("datetime64[M]").astype("datetime64[ns]")
    else:
        count = period if frequency == "day" else period * 7 - _MONDAY
        days = count.astype("datetime64[D]").astype("datetime64[ns]")
    return pd.DatetimeIndex(days).tz_localize("UTC")


def seconds(moments: pd.DatetimeIndex) -> Numbers:
    """Whole seconds since 1970 of UTC moments."""
    return moments.tz_localize(None).to_numpy(dtype="datetime64[s]").astype(np.int64)


def choose(ordered_at: pd.Series, pair: pd.Series) -> str:
    """The finest period that the sales fill: the one the data speak in.

    Sales dated about monthly, or weekly, stay so. Otherwise days, where the pairs sell on at least
    half of the days between their first and their last sale; else weeks.

    ordered_at: the time of each order line; pair: a text for the warehouse and product of each
    line.
    """
    dated = ordered_at.dt.floor("D")
    # The newest year says it: how the shop sold at first, or one wrong date, does not.
    newest = dated.max()
    recent = (dated > newest - pd.Timedelta(days=_RECENT_DAYS)).to_numpy() if len(dated) else []
    dated, pair = dated[recent], pair[recent]
    gaps = dated.drop_duplicates().sort_values().diff().dropna().dt.days
    gap = gaps.median() if len(gaps) else 7
    if gap >= 4:
        return "month" if gap >= 20 else "week"
    days = pd.DataFrame({"pair": pair, "day": dated}).drop_duplicates()
    spans = days.groupby("pair")["day"].agg(["min", "max", "size"])
    offered = (spans["max"] - spans["min"]).dt.days + 1
    return "day" if spans["size"].sum() >= 0.5 * offered.sum() and len(days) > 1 else "week"
