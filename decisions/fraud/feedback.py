"""What is told of payments after the decision: labels and outcomes, and what became of each."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool, StringConstraints

ShortText = Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
PaymentId = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Label(BaseModel):
    """A row of chargebacks. reported_at: when it was known; occurred_at: when it happened, where
    that is another time than the payment's; source: who says so."""

    model_config = ConfigDict(extra="forbid")

    payment_id: PaymentId
    reported_at: AwareDatetime
    is_fraud: StrictBool
    reason: ShortText | None = None
    source: Literal["chargeback", "early_warning", "review"] = "chargeback"
    occurred_at: AwareDatetime | None = None


class Labels(BaseModel):
    """Labels that came back: chargebacks, early warnings, reviews."""

    labels: list[Label] = Field(min_length=1, max_length=10_000)


class Outcome(BaseModel):
    """What became of a payment that was decided: a decline counts for the next ones."""

    model_config = ConfigDict(extra="forbid")

    payment_id: PaymentId
    outcome: Literal["captured", "declined", "refunded"]


class Outcomes(BaseModel):
    """Outcomes of decided payments."""

    outcomes: list[Outcome] = Field(min_length=1, max_length=10_000)


class Item(BaseModel):
    """What became of one row: new, known before, or about a payment that is not known."""

    payment_id: str
    status: Literal["accepted", "known", "unknown_payment"]


class Items(BaseModel):
    """One result a row, in order."""

    data: list[Item]
