"""Days as people at a warehouse count them: moments on the wall clock of a time zone, and back."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd


def zones_of(warehouse_ids: pd.Series, warehouses: pd.DataFrame) -> pd.Series:
    """The IANA zone of each row's warehouse; UTC where the warehouse or its zone is unknown.

    warehouse_ids: one a row. warehouses: warehouse_id, time_zone.
    """
    known = warehouses.drop_duplicates("warehouse_id", keep="last").set_index("warehouse_id")
    found = warehouse_ids.astype(object).map(known["time_zone"].astype(object))
    return found.fillna("UTC").astype(object)


def wall_clock(moments: pd.Series, zones: pd.Series) -> pd.Series:
    """Each moment as the clock on the wall shows it there: a time without zone.

    moments: UTC, may be missing. zones: IANA names, on the same index.

    >>> late = pd.Series(pd.to_datetime(["2024-01-01T23:30Z"]))
    >>> wall_clock(late, pd.Series(["Pacific/Auckland"])).iloc[0]
    Timestamp('2024-01-02 12:30:00')
    """
    answer = pd.Series(pd.NaT, index=moments.index, dtype="datetime64[ns]")
    place = zones.to_numpy(dtype=object)
    for zone in pd.unique(place):
        rows = place == zone  # a shop has few zones: one conversion each
        local = moments[rows].dt.tz_convert(ZoneInfo(zone)).dt.tz_localize(None)
        answer[rows] = local.astype("datetime64[ns]")
    return answer


def local_days(moments: pd.Series, zones: pd.Series) -> pd.Series:
    """The calendar day of each moment in its zone: midnight, without zone.

    moments: UTC times; zones: IANA names, a value a moment.
    """
    days: pd.Series = wall_clock(moments, zones).dt.floor("D")
    return days


def day_starts(days: pd.Series, zones: pd.Series) -> pd.Series:
    """The moment (UTC) at which each calendar day begins in its zone.

    days: midnights without zone. zones: IANA names, on the same index. Where clocks jump over
    midnight, the day begins at the first moment after it.

    >>> day_starts(pd.Series(pd.to_datetime(["2024-07-01"])), pd.Series(["Asia/Kolkata"])).iloc[0]
    Timestamp('2024-06-30 18:30:00+0000', tz='UTC')
    """
    answer = pd.Series(pd.NaT, index=days.index, dtype="datetime64[ns, UTC]")
    place = zones.to_numpy(dtype=object)
    for zone in pd.unique(place):
        rows = place == zone
        first = np.ones(int(rows.sum()), dtype=bool)  # of an hour that comes twice, the first
        local = days[rows].dt.tz_localize(
            ZoneInfo(zone), ambiguous=first, nonexistent="shift_forward"
        )
        answer[rows] = local.dt.tz_convert("UTC").astype("datetime64[ns, UTC]")
    return answer
