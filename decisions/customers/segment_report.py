"""How many customers are in each segment, what they are worth, and who moved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from decisions.customers.batch import USE_CASE, buyers_of
from decisions.customers.segments import described_rules
from decisions.customers.value import YEAR_DAYS, stored_values, value_customers
from decisions.runtime import Runtime

_WEEK = pd.Timedelta(days=7)


@dataclass(frozen=True)
class SegmentSize:
    """One segment: its rule, how many are in it, what they are expected to bring in a year (base
    currency; None where no price is known), and the mean risk that one does not order in that
    year."""

    segment: str
    meaning: str
    thresholds: Mapping[str, float]
    customers: int
    expected_margin: float | None
    churn_risk: float | None
    entered: int
    left: int


@dataclass(frozen=True)
class SegmentReport:
    """All segments; scored_at is None (and degraded says why) where nobody was scored yet."""

    scored_at: datetime | None
    model_version: str
    segments: tuple[SegmentSize, ...]
    degraded: str = ""


def report_segments(runtime: Runtime) -> SegmentReport:
    """The segments by the newest scores; entered and left: against a week before those."""
    release = runtime.release(USE_CASE)
    policy = release.policy if release else {}
    version = release.version if release else ""
    now = current_values(runtime)
    if now.empty:
        why = "no customer has been scored yet: argosy score customers --out customers.parquet"
        sizes = [_size(rule, now, now) for rule in described_rules(policy)]
        return SegmentReport(None, version, tuple(sizes), why)
    scored_at = now["event_timestamp"].max()
    before = runtime.store.latest("customer_value", (scored_at - _WEEK).to_pydatetime())
    both = before[before["customer_id"].isin(now["customer_id"])]
    sizes = [_size(rule, now, both) for rule in described_rules(policy)]
    return SegmentReport(scored_at.to_pydatetime(), version, tuple(sizes))


def current_values(runtime: Runtime) -> pd.DataFrame:
    """The newest scores that have a segment; made now, by the release in use, where nobody was
    scored yet. Columns of the `customer_value` view."""
    stored = runtime.store.latest("customer_value", runtime.now())
    stored = stored[stored["customer_segment"].notna()]
    release = runtime.release(USE_CASE)
    if len(stored) or release is None:
        return stored
    known = buyers_of(runtime, runtime.now())
    if known.empty:
        return stored
    former = np.full(len(known), None, dtype=object)
    now = pd.Timestamp(runtime.now())
    scored, year = value_customers(known, now, release, YEAR_DAYS, former)
    return stored_values(scored, year, now)


def _size(rule: Mapping[str, object], now: pd.DataFrame, before: pd.DataFrame) -> SegmentSize:
    name = str(rule["segment"])
    mine = now[now["customer_segment"] == name]
    former = set(before.loc[before["customer_segment"] == name, "customer_id"])
    scored_before = set(before["customer_id"])
    ids = set(mine["customer_id"])
    thresholds = rule["thresholds"]
    return SegmentSize(
        segment=name,
        meaning=str(rule["meaning"]),
        thresholds=thresholds if isinstance(thresholds, Mapping) else {},
        customers=len(mine),
        expected_margin=_sum_of(mine["expected_margin_365d"]),
        churn_risk=float(mine["churn_risk"].mean()) if len(mine) else None,
        entered=len((ids & scored_before) - former),
        left=len(former - ids),
    )


def _sum_of(money: pd.Series) -> float | None:
    """The sum of what is known; None where of all nothing is."""
    return None if len(money) and money.isna().all() else float(money.sum())


def members_of(runtime: Runtime, segment: str, limit: int) -> list[dict[str, object]]:
    """The customers of a segment with the highest expected margin, at most `limit`: customer_id,
    expected_margin_365d, churn_risk, credit_rating.

    runtime: whose store is read; segment: one of SEGMENT_NAMES.
    """
    now = current_values(runtime)
    mine = now[now["customer_segment"] == segment]
    best = mine.sort_values("expected_margin_365d", ascending=False, kind="stable").head(limit)
    names = ["customer_id", "expected_margin_365d", "churn_risk", "credit_rating"]
    return [dict(zip(names, row, strict=True)) for row in best[names].itertuples(index=False)]
