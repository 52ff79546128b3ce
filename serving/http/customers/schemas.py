"""What is answered about customers over HTTP."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field

from data.money import rounded
from decisions.customers.credit_rating import REVIEW_RIGHT
from decisions.customers.profile import CustomerProfile
from decisions.customers.segment_report import SegmentReport


class ExpectedAmount(BaseModel):
    """An expectation with its quantiles: nine in ten outcomes lie below q90."""

    mean: float | None
    q10: float | None
    q50: float | None
    q90: float | None


class ValueReason(BaseModel):
    """Something the answer rests on."""

    code: str
    text: str


class CreditFactorPoints(BaseModel):
    """Something that costs (or, below 0, earns) points of the credit rating."""

    code: str
    text: str
    points: float


class CustomerCredit(BaseModel):
    """The credit rating, A (best) to E, with its reasons."""

    rating: str | None
    factors: list[CreditFactorPoints]
    review_right: str = REVIEW_RIGHT


class CustomerValue(BaseModel):
    """What one customer is expected to bring in the horizon, and how likely they come back."""

    customer_id: str
    horizon_days: int
    expected_orders: ExpectedAmount
    expected_margin: ExpectedAmount
    currency: str = Field(description="Of expected_margin and margin_at_risk: the base currency.")
    margin_basis: str | None = Field(
        description="`margin`, or `revenue` where the shop's costs are not known."
    )
    alive_probability: float | None = Field(description="Of ever ordering again.")
    churn_risk: float | None = Field(description="Probability of no order in the horizon.")
    usual_gap_days: float | None
    order_within_gap_probability: float | None
    next_order_on: date | None = Field(
        description="By when an order is as likely to have come as not."
    )
    margin_at_risk: float | None = Field(
        description="Margin that a return to the usual rhythm would bring, times the probability "
        "of being alive: the most a campaign can save."
    )
    segment: str | None
    former_segment: str | None = Field(description="Before, where it changed.")
    credit: CustomerCredit
    reasons: list[ValueReason]
    as_of: datetime
    model_version: str
    served_by: str
    degraded: bool


class SegmentAnswer(BaseModel):
    """One segment: its rule, its size, what it is worth in a year, and who moved in a week."""

    segment: str
    meaning: str
    thresholds: dict[str, float] = Field(description="Every quantity must reach its threshold.")
    customers: int
    expected_margin: float | None
    churn_risk: float | None
    entered: int
    left: int


class SegmentsAnswer(BaseModel):
    """All segments, in the order in which they are tried."""

    data: list[SegmentAnswer]
    stays_from: float = Field(
        description="Share of each threshold down to which a customer stays in a segment."
    )
    scored_at: datetime | None
    model_version: str
    served_by: str = "scores"
    degraded: bool


class SegmentMember(BaseModel):
    """A customer in a segment."""

    customer_id: str
    expected_margin_365d: float | None
    churn_risk: float | None
    credit_rating: str | None


class SegmentMembers(BaseModel):
    """The customers of a segment that are worth most."""

    data: list[SegmentMember]


class CohortRow(BaseModel):
    """One cohort in one of its months: shares and sums of those who first ordered together."""

    cohort: str
    month: int
    customers: int
    active_share: float = Field(description="Share of them with an order in this month.")
    repeat_share: float = Field(description="Share of them with two orders or more by its end.")
    orders: float
    revenue: float | None
    margin: float | None


class CohortsAnswer(BaseModel):
    """Cohorts by what they are grouped by, month by month; then what the newest are still worth."""

    by: str
    data: list[CohortRow]
    as_of: datetime


def value_answer(profile: CustomerProfile, currency: str) -> CustomerValue:
    """The answer about one customer. profile: what is said; currency: the base currency."""
    values = profile.values
    days = values["next_order_in_days"]
    due = None if days is None else (profile.as_of.to_pydatetime() + timedelta(days=days)).date()
    return CustomerValue(
        customer_id=profile.customer_id,
        horizon_days=int(values["horizon_days"]),
        expected_orders=_amount(values, "expected_orders"),
        expected_margin=_amount(values, "expected_margin", currency),
        margin_at_risk=_money(values["margin_at_risk"], currency),
        currency=currency,
        next_order_on=due,
        credit=CustomerCredit(
            rating=values["credit_rating"],
            factors=[CreditFactorPoints.model_validate(each) for each in profile.credit_reasons],
        ),
        reasons=[ValueReason.model_validate(each) for each in profile.reasons],
        as_of=profile.as_of.to_pydatetime(),
        model_version=profile.model_version,
        served_by=profile.served_by,
        degraded=bool(profile.degraded),
        **{name: values[name] for name in _AS_THEY_ARE},
    )


_AS_THEY_ARE = (
    "margin_basis",
    "alive_probability",
    "churn_risk",
    "usual_gap_days",
    "order_within_gap_probability",
    "segment",
    "former_segment",
)


def _amount(values: Any, name: str, currency: str | None = None) -> ExpectedAmount:
    """An expectation and its quantiles; currency: of money, None where it is a count."""
    told = {each or "mean": values["_".join(filter(None, (name, each)))] for each in _PARTS}
    if currency:
        told = {each: _money(amount, currency) for each, amount in told.items()}
    return ExpectedAmount(**told)


_PARTS = ("", "q10", "q50", "q90")


def _money(amount: float | None, currency: str) -> float | None:
    """An amount in whole minor units of its currency; None where it is not known."""
    return None if amount is None or amount != amount else rounded(amount, currency)


def segments_answer(report: SegmentReport, stays_from: float, currency: str) -> SegmentsAnswer:
    """The answer about all segments.

    report: what is said; stays_from: share of a threshold; currency: the base currency.
    """
    return SegmentsAnswer(
        data=[
            SegmentAnswer.model_validate(
                {**vars(size), "expected_margin": _money(size.expected_margin, currency)}
            )
            for size in report.segments
        ],
        stays_from=stays_from,
        scored_at=report.scored_at,
        model_version=report.model_version,
        degraded=bool(report.degraded),
    )


def member_of_segment(member: Mapping[str, Any], currency: str) -> SegmentMember:
    """A member as `members_of` tells it, in whole minor units of the base currency."""
    margin = _money(member["expected_margin_365d"], currency)
    return SegmentMember.model_validate({**member, "expected_margin_365d": margin})


def cohort_row(row: Mapping[str, Any], currency: str) -> CohortRow:
    """A row of the cohorts, its money in whole minor units of the base currency."""
    money = {name: _money(row[name], currency) for name in ("revenue", "margin")}
    return CohortRow.model_validate({**row, **money})
