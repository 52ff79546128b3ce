"""Beyond payments: return requests and orders."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from decisions.fraud.assess import Assessment, ReusedError, assess_order, assess_return
from decisions.fraud.feedback import Moment
from decisions.fraud.live_engine import LiveEngine
from decisions.runtime import Runtime
from serving.http.auth import scoped
from serving.http.bodies import schema, valid
from serving.http.errors import Problem
from serving.http.fraud.control_routes import author
from serving.http.fraud.schemas import ReasonAnswer, json_body, not_in_future
from serving.http.idempotency import IDEMPOTENT, once

_Body = Annotated[Any, Depends(json_body)]
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128)]
_Country = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]
_Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
_Money = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False, strict=True)]


class ReturnBody(BaseModel):
    """A request to send a line back. amount: what would be refunded."""

    model_config = ConfigDict(extra="forbid")

    return_id: _Id
    requested_at: Moment
    customer_id: _Id
    product_id: _Id
    amount: _Money
    currency: _Currency
    order_id: _Id | None = None


class OrderBody(BaseModel):
    """An order that is about to be shipped. payment_id: its payment, where decided here."""

    model_config = ConfigDict(extra="forbid")

    order_id: _Id
    payment_id: _Id
    attempted_at: Moment
    customer_id: _Id
    amount: _Money
    currency: _Currency
    card_id: _Id | None = None
    device_id: _Id | None = None
    ip_address: _Id | None = None
    email_hash: _Id | None = None
    billing_country: _Country | None = None
    shipping_country: _Country | None = None
    ip_country: _Country | None = None
    address_match: StrictBool | None = None


class AssessmentAnswer(BaseModel):
    """probability: of a scorecard, not calibrated; reasons: its terms."""

    id: str
    about: Literal["payment", "return", "order"]
    assessed_at: datetime
    decision: Literal["allow", "challenge", "review", "block"]
    probability: float
    reasons: list[ReasonAnswer]
    rules_hit: list[str]
    policy_version: str


def routes_of(runtime: Runtime, engine: LiveEngine) -> APIRouter:
    """The risk of returns and of orders.

    runtime: the stores and releases in use; engine: the live one, by which requests are assessed.
    """
    routes = APIRouter(prefix="/v1/fraud", dependencies=[Depends(scoped("decide"))])

    def assessed(request: Request, given: BaseModel, assess: Callable[..., Assessment]) -> Response:
        row, by = _row(given), author(request)
        return once(
            runtime,
            request,
            given,
            lambda: _told(lambda: assess(runtime, engine.get(), row, by=by)),
        )

    @routes.post(
        "/returns",
        dependencies=[IDEMPOTENT],
        response_model=AssessmentAnswer,
        openapi_extra=schema(ReturnBody),
    )
    def assess_return_request(request: Request, body: _Body) -> Response:
        """Grant a return at once, ask for proof (challenge), review or refuse it."""
        given = valid(ReturnBody, body)
        not_in_future(given.requested_at, "requested_at")
        return assessed(request, given, assess_return)

    @routes.post(
        "/orders",
        dependencies=[IDEMPOTENT],
        response_model=AssessmentAnswer,
        openapi_extra=schema(OrderBody),
    )
    def assess_order_request(request: Request, body: _Body) -> Response:
        """Ship an order, ask, review or stop it: its payment's risk, the lists and the address."""
        given = valid(OrderBody, body)
        not_in_future(given.attempted_at, "attempted_at")
        return assessed(request, given, assess_order)

    return routes


def _row(given: BaseModel) -> dict[str, Any]:
    row = given.model_dump(exclude_none=True)
    moment = {n: v.astimezone(UTC) for n, v in row.items() if isinstance(v, datetime)}
    return row | moment


def _told(work: Callable[[], Assessment]) -> AssessmentAnswer:
    try:
        found = work()
    except ReusedError as error:
        raise Problem(409, "id_reused", f"{error}; a new request needs a new id.") from None
    reasons = [ReasonAnswer(**vars(each)) for each in found.reasons]
    return AssessmentAnswer.model_validate({**vars(found), "reasons": reasons})
