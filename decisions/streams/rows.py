"""What the messages of each stream must look like, and where their rows go."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
import pandas as pd
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from data.clock import time_fault
from data.tables import EVENT_KINDS
from decisions.fraud.feedback import PaymentOutcome, PaymentOutcomes
from decisions.fraud.labels import settle
from decisions.fraud.live_engine import LiveEngine
from decisions.runtime import Runtime
from decisions.streams.broker import Stream, StreamMessage

_Id = Annotated[str, StringConstraints(min_length=1, max_length=128)]
_Kind = Literal[*EVENT_KINDS]  # type: ignore[valid-type]  # the contract's kinds
AUTHOR = "stream"


class _Row(BaseModel):
    """A row of a stream: fields that are not known are left out, as ingest does."""

    model_config = ConfigDict(extra="ignore")


class StreamEvent(_Row):
    """A row of events; its time must be told, since it may have waited in the broker."""

    event_id: _Id
    occurred_at: AwareDatetime
    kind: _Kind
    product_id: _Id
    visitor_id: _Id | None = None
    customer_id: _Id | None = None
    market: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] | None = None
    placement: Annotated[str, StringConstraints(max_length=128)] | None = None
    recommendation_id: _Id | None = None

    @model_validator(mode="after")
    def _is_of_somebody(self) -> "StreamEvent":
        if not (self.visitor_id or self.customer_id):
            raise ValueError("visitor_id or customer_id: one of them must be given")
        if fault := time_fault(self.occurred_at, datetime.now(UTC)):
            raise ValueError(f"occurred_at: {fault}")
        return self


class StreamCount(_Row):
    """A row of stock."""

    observed_at: AwareDatetime
    warehouse_id: _Id
    product_id: _Id
    on_hand: Annotated[float, Field(allow_inf_nan=False)]
    reserved: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _is_not_to_come(self) -> "StreamCount":
        if fault := time_fault(self.observed_at, datetime.now(UTC)):
            raise ValueError(f"observed_at: {fault}")
        return self


class StreamOutcome(PaymentOutcome):
    """What became of a payment; one that is to come would stand above all later ones."""

    @model_validator(mode="after")
    def _is_not_to_come(self) -> "StreamOutcome":
        if self.outcome_at and (fault := time_fault(self.outcome_at, datetime.now(UTC))):
            raise ValueError(f"outcome_at: {fault}")
        return self


_KINDS: dict[Stream, TypeAdapter[Any]] = {
    "events": TypeAdapter(StreamEvent),
    "outcomes": TypeAdapter(StreamOutcome),
    "stock": TypeAdapter(StreamCount),
}


class StreamMessageError(ValueError):
    """A message that can never be taken: why, in words."""


def rows_of(message: StreamMessage) -> list[Any]:
    """The rows of a message: events, outcomes or counts. Raises StreamMessageError."""
    try:
        given = orjson.loads(message.body)
    except orjson.JSONDecodeError as error:
        raise StreamMessageError(f"no JSON: {error}") from error
    try:
        return [
            _KINDS[message.stream].validate_python(one, from_attributes=False)
            if message.stream != "outcomes"
            else StreamOutcome.model_validate_json(orjson.dumps(one))
            for one in (given if isinstance(given, list) else [given])
        ]
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        raise StreamMessageError("; ".join(faults)) from error


class StreamSink:
    """Where rows go: events into the records, outcomes to the fraud counters, counts into the
    lake. The same row twice changes nothing. runtime: the stores in use."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._engine: LiveEngine | None = None

    def keep(self, stream: Stream, rows: Sequence[Any]) -> None:
        """Write rows durably; may raise DatabaseError and what the lake raises.

        stream: which; rows: of `rows_of`.
        """
        if not rows:
            return
        if stream == "events":
            self._runtime.records.add_events([row.model_dump() for row in rows])
        elif stream == "outcomes":
            self._engine = self._engine or LiveEngine(self._runtime)
            settle(self._runtime, self._engine, PaymentOutcomes(outcomes=list(rows)), author=AUTHOR)
        else:
            frame = pd.DataFrame([row.model_dump() for row in rows])
            key = ["observed_at", "warehouse_id", "product_id"]
            self._runtime.lake.append("stock", frame.drop_duplicates(key, keep="last"))

    def close(self) -> None:
        """Let go of the counters."""
        if self._engine is not None:
            self._engine.close()
