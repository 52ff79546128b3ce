"""KPIs as they are told: of each day or of a span, of the whole shop or of its parts."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import pandas as pd

from data.records import Records
from decisions.kpis.catalogue import DIMENSIONS, KPIS, Kpi, find_kpi

Status = Literal["ok", "warn", "critical"]
Period = Literal["day", "span"]
_HABIT_DAYS, _HABIT = 28, 0.9


@dataclass(frozen=True)
class KpiValue:
    """A KPI of a day (or of the days first … last) and of a part of the shop.

    market, warehouse_id, channel, placement: None where they do not split it. value: None where
    it is not known. rows: rows of the tables behind the numerator; unknown_rows: rows of which a
    number (a cost, an exchange rate) is not known: a sum is not known with any of them, a quotient
    is of the others.
    """

    kpi: str
    first: date
    last: date
    market: str | None
    warehouse_id: str | None
    channel: str | None
    placement: str | None
    value: float | None
    numerator: float | None
    denominator: float | None
    rows: int
    unknown_rows: int


def newest_day(records: Records, kpis: Collection[str] = ()) -> date | None:
    """The newest day with a figure of some KPIs (of any of them when none is named).

    records: the database of the service; kpis: names of the catalogue.
    """
    sources = {KPIS[name].source for name in kpis or KPIS} - {"reviews", "decisions"}
    found = [records.measures.newest_day(source) for source in sorted(sources)]
    return max((date.fromisoformat(day) for day in found if day), default=None)


def kpi_values(
    records: Records,
    names: Sequence[str],
    *,
    since: date,
    until: date,
    by: Sequence[str] = (),
    only: Mapping[str, str] | None = None,
    period: Period = "day",
) -> list[KpiValue]:
    """Values of KPIs, day by day or of the span as a whole, by name, day and part.

    records: the database of the service; names: of the catalogue; since, until: both within; by:
    of DIMENSIONS, what splits the shop; only: dimension -> the one value that counts; period:
    `day`, or `span` for one value of all days. Raises UnknownKpiError.
    """
    answer: list[KpiValue] = []
    for name in names:
        kpi = find_kpi(name)
        frame = daily_sums(records, kpi, since=since, until=until, by=by, only=only)
        if period == "span":
            frame = _over_days(frame, kpi, by)
        answer += [
            _value(kpi, dict(row), by, only or {}, (since, until) if period == "span" else None)
            for row in frame.to_dict("records")
        ]
    return answer


def daily_sums(
    records: Records,
    kpi: Kpi,
    *,
    since: date,
    until: date,
    by: Sequence[str] = (),
    only: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Numerator and denominator of a KPI on each day that its source tells of.

    records: the database of the service; kpi: of the catalogue; since, until: both within; by: the
    dimensions that split it; only: dimension -> the one value that counts. Columns: day
    (midnights), those of `by`, numerator, denominator (NaN without one), rows, unknown. A part
    without a row on a day on which the source has others has the sum 0; a day without any row at
    all is left out, unless such days are usual.
    """
    start = since - timedelta(days=_HABIT_DAYS)
    first, last = start.isoformat(), until.isoformat()
    kept = records.measures
    sums = kept.sums(kpi.measures, since=first, until=last, by=by, only=only)
    told = kept.sums(kpi.measures, since=first, until=last) if by or only else sums
    days = _told_days(records, kpi, told, since, until)
    cells = sums[list(by)].drop_duplicates() if by else pd.DataFrame(index=[0])
    if len(days) == 0 or len(cells) == 0:
        columns = ["day", *by, "numerator", "denominator", "rows", "unknown"]
        return pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
    frame = days.merge(cells, how="cross")
    for place, measure in (("numerator", kpi.numerator), ("denominator", kpi.denominator)):
        mine = sums[sums["measure"] == measure].drop(columns="measure")
        mine = mine.assign(day=pd.to_datetime(mine["day"])).rename(
            columns={name: f"{place}_{name}" for name in ("value", "rows", "unknown")}
        )
        frame = frame.merge(mine, on=["day", *by], how="left")
    counts = frame.filter(regex="_(rows|unknown)$").astype(float).fillna(0).astype(int)
    has_denominator = kpi.denominator is not None
    return frame[["day", *by]].assign(
        numerator=frame["numerator_value"].astype(float).fillna(0.0),
        denominator=frame["denominator_value"].astype(float).fillna(0.0)
        if has_denominator
        else math.nan,
        rows=counts["numerator_rows"],
        unknown=counts["numerator_unknown"] + counts["denominator_unknown"],
    )


def _told_days(
    records: Records, kpi: Kpi, sums: pd.DataFrame, since: date, until: date
) -> pd.DataFrame:
    """The days on which a KPI can be told: its numerator or denominator is (returns count on days
    without a sale, too); but none before the numerator was told for the first time. Days without a
    row between two others are among them in a shop for which they are usual."""
    start = records.measures.first_day(kpi.numerator)
    told = pd.DatetimeIndex(pd.to_datetime(sums["day"]).drop_duplicates()).sort_values()
    if start is None or len(told) == 0:
        return pd.DataFrame({"day": told[:0]})
    every = pd.date_range(told[0], told[-1], freq="D")
    has = pd.Series(every.isin(told), index=every)
    usual = has.rolling(_HABIT_DAYS, min_periods=1).mean() >= _HABIT
    days = every[(has | ~usual).to_numpy()]
    within = (days >= max(pd.Timestamp(since), pd.Timestamp(start))) & (days <= pd.Timestamp(until))
    return pd.DataFrame({"day": days[within]})


def _over_days(frame: pd.DataFrame, kpi: Kpi, by: Sequence[str]) -> pd.DataFrame:
    """One row a part, of all its days: sums, or the last day for what is a level."""
    if frame.empty:
        return frame
    if kpi.denominator is None and kpi.over_time == "last":
        newest: pd.DataFrame = frame[frame["day"] == frame["day"].max()]
        return newest
    sums = {"numerator": "sum", "denominator": "sum", "rows": "sum", "unknown": "sum"}
    summed = frame.assign(all=0).groupby([*by, "all"], sort=True).agg(sums).reset_index()
    if kpi.denominator is None:
        summed["denominator"] = math.nan
    return summed.assign(day=frame["day"].max())


def quotient(kpi: Kpi, numerator: float, denominator: float, unknown: int) -> float | None:
    """The value of a KPI of its sums; None where it is not known.

    kpi: of the catalogue; numerator, denominator: sums, the denominator NaN where there is none;
    unknown: rows that the sums lack.
    """
    if unknown:
        return None
    if kpi.denominator is None:
        return numerator * kpi.scale
    return numerator / denominator * kpi.scale if denominator > 0 else None


def _value(
    kpi: Kpi,
    row: Mapping[Any, Any],
    by: Sequence[str],
    only: Mapping[str, str],
    span: tuple[date, date] | None,
) -> KpiValue:
    numerator, denominator = float(row["numerator"]), float(row["denominator"])
    unknown = int(row["unknown"])
    day = pd.Timestamp(row["day"]).date()
    parts = {name: str(row[name]) or None for name in by} | dict(only)
    first, last = span or (day, day)
    return KpiValue(
        kpi=kpi.name,
        first=first,
        last=last,
        **{name: parts.get(name) for name in DIMENSIONS},
        value=quotient(kpi, numerator, denominator, unknown),
        numerator=None if unknown else numerator,
        denominator=None if unknown or kpi.denominator is None else denominator,
        rows=int(row["rows"]),
        unknown_rows=unknown,
    )


@dataclass(frozen=True)
class KpiStanding:
    """A KPI as it stands on a day: the day's value, that of its window, and where it lies."""

    kpi: Kpi
    day: date
    value: float | None
    window_value: float | None
    status: Status | None


def standings(records: Records, day: date, names: Sequence[str] = ()) -> list[KpiStanding]:
    """How every KPI stands on a day, in the order of the catalogue.

    records: the database of the service; day: which one; names: of these only. status: None where
    there are no bounds or too little to judge by.
    """
    return [_standing(records, find_kpi(name), day) for name in names or KPIS]


def _standing(records: Records, kpi: Kpi, day: date) -> KpiStanding:
    since = day - timedelta(days=kpi.window_days - 1)
    frame = daily_sums(records, kpi, since=since, until=day)
    today = frame[frame["day"] == pd.Timestamp(day)]
    value = _of_frame(kpi, today)
    window = _of_frame(kpi, _over_days(frame, kpi, ()))
    return KpiStanding(kpi, day, value, window, status_of(kpi, frame))


def status_of(kpi: Kpi, frame: pd.DataFrame) -> Status | None:
    """Where a KPI lies beside its bounds; None without bounds, or with too little to judge by.

    kpi: of the catalogue; frame: of `daily_sums`, the days of its window.
    """
    if kpi.warn is None or frame.empty:
        return None
    if kpi.denominator is not None and frame["denominator"].sum() < kpi.least:
        return None
    value = _of_frame(kpi, _over_days(frame, kpi, ()))
    if value is None:
        return None
    if kpi.is_past(value, kpi.critical):
        return "critical"
    return "warn" if kpi.is_past(value, kpi.warn) else "ok"


def _of_frame(kpi: Kpi, frame: pd.DataFrame) -> float | None:
    if frame.empty:
        return None
    row = frame.iloc[-1]
    return quotient(kpi, float(row["numerator"]), float(row["denominator"]), int(row["unknown"]))
