"""The card networks' monitoring programmes: how near a shop is to their limits."""

from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

import pandas as pd

from decisions.runtime import Runtime


@dataclass(frozen=True)
class Programme:
    """A programme of a card network. share and count must both be reached, in a calendar month.

    counts_warnings: whether early warnings of fraud count beside disputes; previous_month: whether
    the payments are those of the month before.
    """

    name: str
    share: float
    count: int
    counts_warnings: bool
    previous_month: bool


# Visa Acquirer Monitoring Program, merchants, from April 2026; Mastercard Excessive Chargeback
# Merchant. Limits change: your acquirer's word holds.
PROGRAMMES = (
    Programme("visa_vamp_excessive", 0.015, 1_500, True, False),
    Programme("mastercard_excessive_chargeback_merchant", 0.015, 100, False, True),
)


_NO_TIMES = pd.DatetimeIndex([], tz="UTC")


@dataclass(frozen=True)
class ProgrammeRatio:
    """Where a shop stands with a programme in a month.

    reports: reports that count, by the month in which they came; payments: that were taken; ratio:
    of the two, None without payments; limit_share, limit_count: of the programme; status: `within`,
    `near` (at least half of both limits) or `above`.
    """

    programme: str
    month: str
    reports: int
    payments: int
    ratio: float | None
    limit_share: float
    limit_count: int
    status: str


def programme_ratios(runtime: Runtime, now: datetime) -> list[ProgrammeRatio]:
    """Where the shop stands with each programme this month and the one before.

    runtime: the stores and releases in use; now: the moment. Payments are those decided here and
    not blocked, and those of the lake of the same months where none was decided here.
    """
    this = now.date().replace(day=1)
    months = [_before(_before(this)), _before(this), this]
    taken = _taken(runtime, months[0])
    here, _ = runtime.records.pending("chargebacks")
    lake = runtime.lake.read("chargebacks")
    parts = [
        part[["payment_id", "kind", "is_fraud"]].assign(
            at=pd.to_datetime(part["reported_at"], utc=True, errors="coerce")
        )
        for part in (lake, here)
        if len(part)
    ]
    if not parts:
        parts = [pd.DataFrame({"payment_id": [], "kind": [], "is_fraud": [], "at": _NO_TIMES})]
    told = pd.concat(parts, ignore_index=True)
    # A dispute counts whether it is fraud or not; an analyst's word does not.
    counts = told["is_fraud"].eq(True) | told["kind"].eq("dispute")
    told = told[told["at"].notna() & counts & told["kind"].ne("review")]
    standing = runtime.records.attempts.standing(set(told["payment_id"]))  # a purchase counts once
    told = told.assign(payment_id=told["payment_id"].map(standing))
    told = told.drop_duplicates(["payment_id", "kind"], ignore_index=True)
    month = told["at"].dt.strftime("%Y-%m")
    warning = (told["kind"] == "early_warning").fillna(False).astype(bool)
    return [
        _ratio(programme, name, before, taken, told[(month == f"{name:%Y-%m}").to_numpy()], warning)
        for programme in PROGRAMMES
        for before, name in pairwise(months)
    ]


def _ratio(
    programme: Programme,
    month: date,
    before: date,
    taken: dict[str, int],
    told: pd.DataFrame,
    warning: pd.Series,
) -> ProgrammeRatio:
    counted = told if programme.counts_warnings else told[~warning.loc[told.index]]
    payments = taken.get(f"{before if programme.previous_month else month:%Y-%m}", 0)
    reports = len(counted)
    ratio = reports / payments if payments else None
    used = min((ratio or 0.0) / programme.share, reports / programme.count)
    return ProgrammeRatio(
        programme=programme.name,
        month=f"{month:%Y-%m}",
        reports=reports,
        payments=payments,
        ratio=ratio,
        limit_share=programme.share,
        limit_count=programme.count,
        status="above" if used >= 1.0 else "near" if used >= 0.5 else "within",
    )


def _taken(runtime: Runtime, first: date) -> dict[str, int]:
    """Payments taken by month, from a month on."""
    since = datetime(first.year, first.month, 1, tzinfo=runtime.now().tzinfo)
    found: dict[str, int] = {}
    for row in runtime.records.decision_sums.by_day(since):
        if row["decision"] != "block":
            month = str(row["day"])[:7]
            found[month] = found.get(month, 0) + int(row["decisions"])
    lake = runtime.lake.read("payments", columns=["attempted_at", "outcome"])
    kept = lake[(lake["outcome"] != "declined").fillna(True).to_numpy(dtype=bool)]
    counts = kept["attempted_at"].dt.strftime("%Y-%m").value_counts()
    return {str(name): int(count) for name, count in counts.items()} | found


def _before(month: date) -> date:
    """The first day of the month before."""
    return (pd.Timestamp(month) - pd.DateOffset(months=1)).date()
