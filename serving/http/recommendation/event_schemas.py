"""What goes in and out of `POST /v1/events`."""

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data.clock import time_fault
from serving.http.recommendation.schemas import Country, Id, Kind, Strict

MOST_EVENTS = 500


class EventIn(Strict):
    """A row of the events table; without a time it happened now."""

    event_id: Id
    occurred_at: datetime | None = None
    kind: Kind
    product_id: Id
    visitor_id: Id | None = None
    customer_id: Id | None = None
    market: Country | None = None
    placement: str | None = Field(None, max_length=128)
    recommendation_id: Id | None = None

    @model_validator(mode="after")
    def _somebody(self) -> "EventIn":
        if not (self.visitor_id or self.customer_id):
            raise ValueError("visitor_id or customer_id: one of them must be given")
        fault = self.occurred_at and time_fault(self.occurred_at, datetime.now(UTC))
        if fault:
            raise ValueError(f"occurred_at: {fault}")
        return self


class EventsRequest(Strict):
    """Up to 500 events; each is taken or refused on its own."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "events": [
                        {
                            "event_id": "e-1",
                            "occurred_at": "2018-01-01T12:00:00Z",
                            "kind": "view",
                            "product_id": "p1082185",
                            "visitor_id": "v-1",
                        }
                    ]
                }
            ]
        },
    )

    events: list[dict[str, object]] = Field(min_length=1, max_length=MOST_EVENTS)


class IdentityIn(Strict):
    """A visitor who has signed in: from now on both are one person."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"visitor_id": "v-1", "customer_id": "c00012"}]},
    )

    visitor_id: Id
    customer_id: Id


class IdentityLinked(BaseModel):
    """The two names, and whether they were linked by this call."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"visitor_id": "v-1", "customer_id": "c00012", "new": True}]
        }
    )

    visitor_id: str
    customer_id: str
    new: bool


class EventResult(BaseModel):
    """What became of one event, in the order they were sent."""

    index: int
    event_id: str | None
    status: Literal["accepted", "duplicate", "rejected"]
    errors: list[str] = Field(default_factory=list)


class EventsResponse(BaseModel):
    """All that was accepted is on disk when this answer is sent."""

    accepted: int
    duplicates: int
    rejected: int
    results: list[EventResult]
