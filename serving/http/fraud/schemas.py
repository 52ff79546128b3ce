"""What may be asked and what is answered: bodies made from the tables' contracts."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    create_model,
)

from data.decisions import Decision, DecisionReason
from data.tables import TABLES, Column
from decisions.fraud.attempts import AttemptSummary
from decisions.fraud.feedback import Moment, PaymentOutcome
from serving.http.bodies import loaded, valid
from serving.http.card_data import refuse_cards

LONGEST_TEXT, MOST_SIGNALS, MOST_PAYMENTS = 512, 300, 100
MOST_MONEY = 1e11  # of one payment
CLOCK_SKEW = timedelta(minutes=10)

_Text = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT)]
_TYPES: Mapping[str, Any] = {
    "id": Annotated[str, StringConstraints(min_length=1, max_length=128)],
    "text": _Text,
    "time": Moment,
    "country": Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")],
    "currency": Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")],
    "amount": Annotated[float, Field(ge=0, le=MOST_MONEY, allow_inf_nan=False, strict=True)],
    "flag": Annotated[bool, Field(strict=True)],
}
EXAMPLE: Mapping[str, Any] = {
    "payment_id": "pay-10001",
    "attempted_at": "2017-12-30T18:04:05Z",
    "customer_id": "c00001",
    "amount": 189.9,
    "currency": "EUR",
    "card_id": "tok_5f2a",
    "device_id": "dev-77aa",
    "ip_address": "203.0.113.9",
    "billing_country": "DE",
    "shipping_country": "FR",
    "ip_country": "FR",
    "address_match": False,
    "channel": "web",
    "x_basket_lines": 3,
}


def _field(column: Column) -> Any:
    kind = Literal[column.values] if column.values else _TYPES[column.kind]
    return (kind, ...) if column.required else (kind | None, None)


class _Open(BaseModel):
    """A row of payments: the contract's columns and any x_… beside them."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [dict(EXAMPLE)]})


def payment_of(body: Any) -> "Payment":
    """The body as a payment; every fault at once, by the name of its field."""
    faults: list[dict[str, Any]] = []
    if isinstance(body, Mapping):
        faults += _signal_faults(body)
        if text := _refunded_too_much(body.get("amount"), body.get("refunded_amount")):
            faults.append(_fault(("refunded_amount",), text))
    return valid(Payment, body, faults)


def _refunded_too_much(paid: Any, refunded: Any) -> str | None:
    """That more was refunded than paid, in words; None where it was not, or where one of them is no
    amount, which is told elsewhere.
    """
    for one in (paid, refunded):
        if not isinstance(one, int | float) or isinstance(one, bool) or not 0 <= one <= MOST_MONEY:
            return None
    if refunded <= paid:
        return None
    return f"{refunded!r} is more than the amount paid, {paid!r}; say what was refunded so far"


def must_be_refundable(
    outcomes: Sequence[PaymentOutcome], payments: Mapping[str, Mapping[str, Any]]
) -> None:
    """Problem 422 for outcomes that refund more than was paid.

    outcomes: as they were told; payments: those that are known, by payment_id.
    """
    faults = []
    for place, each in enumerate(outcomes):
        paid = payments.get(each.payment_id, {}).get("amount")
        if text := _refunded_too_much(paid, each.refunded_amount):
            faults.append(_fault(("outcomes", place, "refunded_amount"), text))
    if faults:
        raise RequestValidationError(faults)


def _signal_faults(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What is wrong with the columns beside the contract's."""
    extra = {name: value for name, value in body.items() if name not in _COLUMNS}
    if len(extra) > MOST_SIGNALS:
        yield _fault((), f"{len(extra)} columns beside the table's; at most {MOST_SIGNALS}")
        return
    for name, value in extra.items():
        if not name.startswith("x_"):
            yield _fault((name[:128],), "Unknown column; your own signals begin with x_")
        elif len(name) > 128 or not _is_signal(value):
            text = f"A signal is a number, true, false or a text of at most {LONGEST_TEXT}"
            yield _fault((name[:128],), text)


def _fault(place: tuple[int | str, ...], message: str) -> dict[str, Any]:
    return {"loc": ("body", *place), "msg": message, "type": "value_error"}


def _is_signal(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, int)


_COLUMNS: dict[str, Any] = {
    column.name: _field(column)
    for column in TABLES["payments"].columns
    if column.name != "received_at"  # the server's own clock
}
Payment: type[_Open] = create_model("Payment", __base__=_Open, **_COLUMNS)


class PaymentsBody(BaseModel):
    """Several payments, each as in the body of one decision."""

    model_config = ConfigDict(extra="forbid")

    payments: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_PAYMENTS)


def payments_of(body: Any) -> "list[_Open]":
    """The payments of a body of several; every fault of all of them at once, by its place."""
    given = valid(PaymentsBody, body)
    found: list[_Open] = []
    faults: list[dict[str, Any]] = []
    for place, each in enumerate(given.payments):
        try:
            payment = payment_of(each)
            not_in_future(payment.attempted_at, "attempted_at")  # type: ignore[attr-defined]  # made from the contract
            found.append(payment)
        except RequestValidationError as error:
            faults += [_placed(fault, place) for fault in error.errors()]
    if faults:
        raise RequestValidationError(faults)
    return found


def _placed(fault: Mapping[str, Any], place: int) -> dict[str, Any]:
    """A fault of one payment as one of the whole body. place: of the payment, from 0."""
    return {**fault, "loc": ("body", "payments", place, *fault["loc"][1:])}


class ReasonAnswer(BaseModel):
    """code: stable; contribution: to the log-odds of fraud."""

    code: str
    text: str
    contribution: float


class AttemptAnswer(BaseModel):
    """An attempt of a payment; decision is null where it was not decided here, outcome and
    authentication where nothing is known of them."""

    payment_id: str
    number: int
    attempted_at: datetime
    decision: Literal["allow", "challenge", "review", "block"] | None
    outcome: str | None
    authentication: str | None


class AttemptsAnswer(BaseModel):
    """Which attempt of a payment this is, and the others. link: `linked`, or why the payment that
    `retry_of` names is not retried by this one, which then is an ordinary payment: it is not known
    (`unknown_payment`), of another customer (`other_customer`), made later (`later_payment`) or
    this one (`same_payment`); null for a first attempt."""

    number: int
    retry_of: str | None
    link: (
        Literal["linked", "unknown_payment", "other_customer", "later_payment", "same_payment"]
        | None
    )
    attempts: list[AttemptAnswer]


class ExemptionAnswer(BaseModel):
    """An exemption from strong customer authentication (PSD2) that may be asked for; reason: the
    figures it rests on. Your bank decides, and you bear the loss of a fraud."""

    kind: Literal["low_value", "transaction_risk_analysis"]
    reason: str


class ControlAnswer(BaseModel):
    """A payment of the control group, which is let through: what the model alone would have done,
    and the share of such payments that are let through."""

    action: Literal["challenge", "block"]
    share: float


class DecisionAnswer(BaseModel):
    """A decision. probability and score are null when no model was there to say; attempts is null
    for a payment that retries no other and was not retried; exemption is null where none is
    proposed: the payment is not allowed, not by card, not billed to Europe, or no limit holds;
    control is null but for payments of the control group."""

    decision_id: str
    payment_id: str
    decided_at: datetime
    decision: Literal["allow", "challenge", "review", "block"]
    probability: float | None
    score: float | None
    reasons: list[ReasonAnswer]
    rules_hit: list[str]
    policy_version: str
    model_version: str | None
    served_by: Literal["model", "rules"]
    degraded: bool
    attempts: AttemptsAnswer | None = None
    exemption: ExemptionAnswer | None = None
    control: ControlAnswer | None = None


class DecisionItem(BaseModel):
    """What came of one of several payments: its decision, or `conflict` where the payment_id was
    decided with another body."""

    payment_id: str
    status: Literal["decided", "conflict"]
    decision: DecisionAnswer | None


class DecisionItems(BaseModel):
    """One result a payment, in the order of the request."""

    data: list[DecisionItem]


async def json_body(request: Request) -> Any:
    """The JSON body, once it is sure that no card data is in it."""
    body = await loaded(request)
    refuse_cards(body)
    return body


def flag(request: Request, name: str) -> bool:
    """A true or false in the query, false where it is not there.

    request: the HTTP request; name: of the parameter in its query.
    """
    if not request.scope["query_string"] or name not in request.query_params:
        return False
    try:
        return _FLAG.validate_python(request.query_params[name])
    except ValidationError as error:
        faults = [{**fault, "loc": ("query", name)} for fault in error.errors()]
        raise RequestValidationError(faults) from None


_FLAG = TypeAdapter(bool)


def row_of(payment: _Open) -> dict[str, Any]:
    """The payment as the features take it: columns that are given, time in UTC."""
    row = {name: value for name, value in payment.model_dump().items() if value is not None}
    row["attempted_at"] = row["attempted_at"].astimezone(UTC)
    return row


def not_in_future(moment: datetime, *place: int | str) -> None:
    """Problem 422: a time ahead of our clock would stop the clocks of all its keys."""
    if moment > datetime.now(UTC) + CLOCK_SKEW:
        raise RequestValidationError([_fault(place, "Lies in the future")])


def attempts_answer(
    decision: Decision, every: Sequence[AttemptSummary] = ()
) -> AttemptsAnswer | None:
    """Which attempt a decided payment is; None for one that retries no other and was not retried.

    decision: on the payment; every: all attempts as they are known now; empty: those that it knew
    when it was made.
    """
    own = decision.trace.get("attempt")
    if own is None and not every:
        return None
    own = own or {"retry_of": None, "link": None}
    number = own.get("number", 1)
    if every:
        told = [AttemptAnswer(**vars(each)) for each in every]
    else:
        told = [AttemptAnswer(**each) for each in own.get("earlier", ())]
        told += [_own_attempt(decision, number)] if told else []
    return AttemptsAnswer(number=number, retry_of=own["retry_of"], link=own["link"], attempts=told)


def _score(score: float) -> float:
    """Two places, and more where it is so small that they would say nothing."""
    return round(score, 2) if score >= 1.0 else float(f"{score:.3g}")


def _control(decision: Decision) -> ControlAnswer | None:
    said = decision.trace.get("control")
    if said is None or not said["is_let_through"]:
        return None
    return ControlAnswer(action=said["action"], share=said["share"])


def _own_attempt(decision: Decision, number: int) -> AttemptAnswer:
    payment = decision.payment
    return AttemptAnswer(
        payment_id=decision.payment_id,
        number=number,
        attempted_at=payment["attempted_at"],
        decision=decision.decision,
        outcome=payment.get("outcome"),
        authentication=payment.get("authentication"),
    )


def said_once(reasons: Iterable[DecisionReason]) -> list[ReasonAnswer]:
    """The reasons, those that read alike as one: two inputs may say the same, such as that there
    is no earlier payment. Their contributions add up."""
    found: dict[str, ReasonAnswer] = {}
    for reason in reasons:
        known = found.setdefault(reason.text, ReasonAnswer(**{**vars(reason), "contribution": 0.0}))
        known.contribution = round(known.contribution + reason.contribution, 4)
    return list(found.values())


def answer(
    decision: Decision,
    reasons: Iterable[DecisionReason] | None = None,
    attempts: Sequence[AttemptSummary] = (),
) -> DecisionAnswer:
    """A stored decision as it is told.

    decision: as it was stored; reasons: instead of its own; attempts: all attempts of its payment
    as they are known now; empty: as it was made.
    """
    why = decision.reasons if reasons is None else reasons
    modelled = bool(decision.model_version)
    exempt = decision.trace.get("exemption")
    told: dict[str, Any] = {
        "decision_id": decision.decision_id,
        "payment_id": decision.payment_id,
        "decided_at": decision.decided_at,
        "decision": decision.decision,
        "probability": decision.probability if modelled else None,
        "score": _score(decision.score) if modelled else None,
        "reasons": said_once(why),
        "rules_hit": list(decision.rules_hit),
        "policy_version": decision.policy_version,
        "model_version": decision.model_version or None,
        "served_by": "model" if modelled else "rules",
        "degraded": decision.degraded,
        "attempts": attempts_answer(decision, attempts),
        "exemption": exempt and ExemptionAnswer(**exempt),
        "control": _control(decision),
    }
    return DecisionAnswer.model_construct(**told)  # ours: there is nothing to validate
