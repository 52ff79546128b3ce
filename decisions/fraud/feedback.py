"""What is told of payments after the decision: labels and outcomes, and what became of each."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
)

from data.clock import EARLIEST_FACT

ShortText = Annotated[str, StringConstraints(min_length=1, max_length=10_000)]


def _within_bounds(moment: datetime) -> datetime:
    """ValueError for a time before 1900, or after 2261, which no table can hold."""
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(_OUTSIDE) from None
    if not EARLIEST_FACT.year <= utc.year <= LATEST_YEAR:
        raise ValueError(_OUTSIDE)
    return utc


LATEST_YEAR = 2261
_OUTSIDE = f"lies outside {EARLIEST_FACT.year} to {LATEST_YEAR}; correct it"
Moment = Annotated[AwareDatetime, AfterValidator(_within_bounds)]
PaymentId = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class PaymentLabel(BaseModel):
    """A row of chargebacks. reported_at: when it was known; occurred_at: when it happened, where
    that is another time than the payment's; source: who says so."""

    model_config = ConfigDict(extra="forbid")

    payment_id: PaymentId
    reported_at: Moment
    is_fraud: StrictBool
    reason: ShortText | None = None
    source: Literal["chargeback", "early_warning", "review"] = "chargeback"
    occurred_at: Moment | None = None


class PaymentLabels(BaseModel):
    """Labels that came back: chargebacks, early warnings, reviews."""

    labels: list[PaymentLabel] = Field(min_length=1, max_length=10_000)


class PaymentOutcome(BaseModel):
    """What became of a payment that was decided: a decline counts for the next ones.

    outcome_at: when; decline_reason: as the issuer says it; technical_error: declined for no reason
    of the payment's own, which counts for nobody; authentication: how the shopper was asked;
    refunded_amount: so far, in the payment's currency.
    """

    model_config = ConfigDict(extra="forbid")

    payment_id: PaymentId
    outcome: Literal["captured", "declined", "refunded"]
    outcome_at: Moment | None = None
    decline_reason: ShortText | None = None
    technical_error: StrictBool = False
    authentication: Literal["none", "frictionless", "challenged", "failed"] | None = None
    refunded_amount: Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)] | None = None


class PaymentOutcomes(BaseModel):
    """Outcomes of decided payments."""

    outcomes: list[PaymentOutcome] = Field(min_length=1, max_length=10_000)


class FeedbackItem(BaseModel):
    """What became of one row: new, known before, or about a payment that is not known."""

    payment_id: str
    status: Literal["accepted", "known", "unknown_payment"]


class FeedbackItems(BaseModel):
    """One result a row, in order."""

    data: list[FeedbackItem]
