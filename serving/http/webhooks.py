"""Webhooks over HTTP: subscriptions, their deliveries, replay; and the worker that sends."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from data.messages import (
    MESSAGE_KINDS,
    DeliveryState,
    MessageDelivery,
    Subscription,
    SubscriptionError,
)
from decisions.fraud.feedback import Moment
from decisions.runtime import Runtime
from decisions.webhooks.delivery import DeliveryWorker
from decisions.webhooks.releases import ReleaseTeller
from decisions.webhooks.sending import SendError, check_address, sender
from decisions.webhooks.signing import make_secret
from serving.http.auth import scoped
from serving.http.errors import FieldFault, Problem
from serving.http.idempotency import IDEMPOTENT, once
from serving.http.paging import Cursor, Limit, Page, cut_page

_ADMIN = [Depends(scoped("admin"))]
Kind = Literal[*MESSAGE_KINDS]  # type: ignore[valid-type]  # the kinds of messages
_Name = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]{0,63}$")]


class WebhookTarget(BaseModel):
    """Where messages go, and which."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"url": "https://example.com/argosy", "kinds": ["order.exported"]}]
        },
    )

    url: str = Field(max_length=2_000, description="https://…, or mailto:name@example.com.")
    kinds: list[Kind] = Field(default_factory=list, max_length=20, description="Empty: all.")


class WebhookLine(BaseModel):
    """A subscription without its secret."""

    name: str
    url: str
    kinds: list[str]
    created_at: datetime


class NewWebhook(WebhookLine):
    """A subscription with its secret, which is shown this once."""

    secret: str = Field(description="Signs what is sent, as Standard Webhooks has it.")


class WebhookPage(Page[WebhookLine]):
    """Subscriptions by name."""


class DeliveryLine(BaseModel):
    """One message on its way to a subscriber."""

    message_id: str
    kind: str
    key: str
    occurred_at: datetime
    state: DeliveryState
    attempts: int
    due_at: datetime
    error: str


class DeliveryPage(Page[DeliveryLine]):
    """Deliveries, oldest first."""


class ReplayRequest(BaseModel):
    """What is sent again."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"since": "2017-12-01T00:00:00Z"}]}
    )

    since: Moment
    only_dead: bool = Field(False, description="Dead letters alone.")


class ReplayAnswer(BaseModel):
    """How many messages are sent again, with the same ids."""

    messages: int


def router(runtime: Runtime) -> APIRouter:
    """The routes under /v1/webhooks, and the worker; runtime: whose outbox it is."""
    worker = DeliveryWorker(
        runtime.records, sender(runtime.settings), seconds=runtime.settings.reload_seconds
    )

    @contextlib.asynccontextmanager
    async def delivering(_: FastAPI) -> AsyncIterator[None]:
        worker.start()
        yield
        await run_in_threadpool(worker.stop)

    routes = APIRouter(
        prefix="/v1/webhooks", tags=["webhooks"], dependencies=_ADMIN, lifespan=delivering
    )
    runtime.watched.append(ReleaseTeller(runtime).look)
    _subscriptions(routes, runtime)
    _deliveries(routes, runtime)
    return routes


def _subscriptions(routes: APIRouter, runtime: Runtime) -> None:
    outbox = runtime.records.outbox

    @routes.get("")
    def list_webhooks(limit: Limit = 100, cursor: Cursor = None) -> WebhookPage:
        """List the subscriptions in use."""
        lines = [_line(one) for one in outbox.subscriptions()]
        return WebhookPage(**cut_page(lines, limit, cursor))

    @routes.put("/{webhook}")
    def set_webhook(webhook: _Name, body: WebhookTarget) -> NewWebhook:
        """Make or change a subscription; its new secret is shown this once."""
        try:
            check_address(body.url, runtime.settings)
        except SendError as error:
            fault = FieldFault("/url", str(error))
            raise Problem(422, "invalid_request", str(error), fields=[fault]) from error
        kinds = tuple(dict.fromkeys(body.kinds))
        made = Subscription(webhook, body.url, kinds, make_secret(), datetime.now(UTC))
        outbox.subscribe(made)
        return NewWebhook(secret=made.secret, **_line(made).model_dump())

    @routes.delete("/{webhook}", status_code=204)
    def drop_webhook(webhook: _Name) -> None:
        """End a subscription; what waits for it is dropped."""
        try:
            outbox.stop(webhook, datetime.now(UTC))
        except SubscriptionError as error:
            raise _unknown(webhook) from error


def _deliveries(routes: APIRouter, runtime: Runtime) -> None:
    outbox = runtime.records.outbox

    @routes.get("/{webhook}/deliveries")
    def list_webhook_deliveries(
        webhook: _Name,
        state: Annotated[DeliveryState, Query(description="`dead`: dead letters.")] = "dead",
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> DeliveryPage:
        """List messages to a subscriber that wait, were delivered, or are dead letters."""
        if webhook not in {one.name for one in outbox.subscriptions()}:
            raise _unknown(webhook)
        lines = [_delivery(one) for one in outbox.deliveries(webhook, state)]
        return DeliveryPage(**cut_page(lines, limit, cursor))

    @routes.post("/{webhook}:replay", response_model=ReplayAnswer, dependencies=[IDEMPOTENT])
    def replay_webhook(webhook: _Name, body: ReplayRequest, request: Request) -> Response:
        """Send what happened since a moment again, with the same ids."""

        def work() -> ReplayAnswer:
            try:
                again = outbox.replay(webhook, since=body.since, only_dead=body.only_dead)
            except SubscriptionError as error:
                raise _unknown(webhook) from error
            return ReplayAnswer(messages=again)

        return once(runtime, request, body, work)


def _unknown(name: str) -> Problem:
    return Problem(404, "unknown_webhook", f"There is no webhook {name!r} in use.")


def _line(subscription: Subscription) -> WebhookLine:
    names = ("name", "url", "created_at")
    values = {name: getattr(subscription, name) for name in names}
    return WebhookLine(**values, kinds=list(subscription.kinds))


def _delivery(delivery: MessageDelivery) -> DeliveryLine:
    return DeliveryLine(**{name: getattr(delivery, name) for name in DeliveryLine.model_fields})
