"""What is answered about customers over HTTP."""

from datetime import date, datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field

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
    active_share: float
    orders: float
    revenue: float
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
        expected_margin=_amount(values, "expected_margin"),
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
    "margin_at_risk",
    "segment",
    "former_segment",
)


def _amount(values: Any, name: str) -> ExpectedAmount:
    quantiles = {each: values[f"{name}_{each}"] for each in ("q10", "q50", "q90")}
    return ExpectedAmount(mean=values[name], **quantiles)


def segments_answer(report: SegmentReport, stays_from: float) -> SegmentsAnswer:
    """The answer about all segments. report: what is said; stays_from: share of a threshold."""
    return SegmentsAnswer(
        data=[SegmentAnswer.model_validate(vars(size)) for size in report.segments],
        stays_from=stays_from,
        scored_at=report.scored_at,
        model_version=report.model_version,
        degraded=bool(report.degraded),
    )
