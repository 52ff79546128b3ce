"""Risk of a return request and of an order: same reasons, rules, lists and costs as a payment's."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from data.decisions import Decision, DecisionReason, Note
from data.errors import ArgosyError
from decisions.fraud.engine import Engine
from decisions.fraud.known import label_history
from decisions.fraud.lists import ListEntry
from decisions.fraud.request_scorecards import ORDERS, RETURNS, Scorecard
from decisions.fraud.resolve import action_for, lists_of, reason_of
from decisions.fraud.reviews import last_verdict
from decisions.fraud.rules import About
from decisions.runtime import Runtime
from features.fraud import PLAN, inputs_of, milliseconds
from features.fraud.requests import orders_of, return_facts
from models.fraud import ACTIONS, Action, Costs, FraudPolicy

ASSESSMENT = "fraud_assessment"
UNKNOWN_RATE = 0.01  # of fraud, where the payment was not decided here


class ReusedError(ArgosyError):
    """The id was assessed before with another body."""


@dataclass(frozen=True)
class Assessment:
    """What came of a request; stored before it is answered."""

    id: str
    about: About
    assessed_at: datetime
    decision: Action
    probability: float
    reasons: tuple[DecisionReason, ...]
    rules_hit: tuple[str, ...]
    policy_version: str


def assess_return(
    runtime: Runtime, engine: Engine, request: Mapping[str, Any], *, by: str
) -> Assessment:
    """A return request: the customer's habit, this product again, its value.

    runtime: the stores and releases in use; engine: the payments' engine, whose rates, lists, rules
    and customer risk are used; request: the fields of the request by name, requested_at a datetime;
    by: who asks, noted as the author.
    """
    orders = orders_of(runtime.lake.files("orders"), request["customer_id"])
    risk = _risk(engine, request["customer_id"], request["requested_at"])
    facts = return_facts(request, orders, risk, engine.rates())
    facts["line_returned"] = max(facts["line_returned"], _granted_before(runtime, request))
    return _assessed(
        runtime, engine, request, facts, facts["value"], RETURNS, about="return", by=by
    )


def assess_order(
    runtime: Runtime, engine: Engine, request: Mapping[str, Any], *, by: str
) -> Assessment:
    """An order: the risk of its payment, the lists, the address.

    runtime: the stores and releases in use; engine: the payments' engine, whose rates, lists, rules
    and customer risk are used; request: the fields of the order and its payment by name,
    attempted_at a datetime; by: who asks, noted as the author.
    """
    at = request["attempted_at"]
    amount = engine.rates().amount(request["amount"], request.get("currency"), milliseconds(at))
    risk = _risk(engine, request["customer_id"], at)
    (facts,) = inputs_of([request], [amount], [np.full(len(PLAN.names), np.nan)], [risk])
    paid = runtime.records.decision(request["payment_id"])
    rate = paid.probability if paid and paid.model_version else UNKNOWN_RATE
    facts["payment_probability"] = rate
    facts["payment_decision"] = paid.decision if paid else None
    facts["payment_log_odds"] = math.log(max(rate, 1e-6) / max(1.0 - rate, 1e-6))
    missing = [request.get(name) is None for name in ("billing_country", "shipping_country")]
    facts["address_incomplete"] = float(any(missing))
    return _assessed(
        runtime,
        engine,
        request,
        facts,
        amount,
        ORDERS,
        about="order",
        by=by,
        least=_least(runtime, request["payment_id"], paid),
    )


def _least(runtime: Runtime, payment_id: str, paid: Decision | None) -> Action:
    """An order is not trusted more than its payment is by now: by its decision, the analysts'
    verdict, and what was reported since of it, or of another attempt of the same purchase."""
    history = label_history(runtime, runtime.records.attempts.of_purchase(payment_id))
    if history.drop_duplicates("payment_id", keep="last")["is_fraud"].any():
        return "block"
    if paid is None:
        return "allow"
    verdict = last_verdict(runtime.records, payment_id) if paid.decision == "review" else None
    if verdict in _AFTER_REVIEW:
        return _AFTER_REVIEW[verdict]
    return paid.decision  # type: ignore[return-value]  # stored as one


_AFTER_REVIEW: Mapping[str | None, Action] = {"approve": "allow", "reject": "block"}


def _granted_before(runtime: Runtime, request: Mapping[str, Any]) -> float:
    """1 if the return of this line was asked for before, under another id, and not refused."""
    order_id = request.get("order_id")
    if order_id is None:
        return 0.0
    same = [request["customer_id"], order_id, request["product_id"]]
    mine = f"return:{request['return_id']}"
    return float(
        any(
            [note.body["request"].get(name) for name in _LINE] == same
            for note in runtime.records.journal.of(ASSESSMENT)
            if note.key != mine
            and note.key.startswith("return:")
            and note.body["decision"] != "block"
        )
    )


_LINE = ("customer_id", "order_id", "product_id")


def _assessed(
    runtime: Runtime,
    engine: Engine,
    request: Mapping[str, Any],
    facts: Mapping[str, Any],
    amount: float,
    card: Scorecard,
    *,
    about: About,
    by: str,
    least: Action = "allow",
) -> Assessment:
    controls, policy = engine.controls(), FraudPolicy(Costs(**runtime.settings.fraud_costs))
    listed = controls.lists.hit(request, datetime.now(UTC))
    probability, terms = card.judge(facts)
    why = terms
    asleep = controls.snoozes.rules_of(request["customer_id"], datetime.now(UTC))
    every = controls.rules.hit({**request, **facts, **_flags(listed)}, about)
    hit = tuple(rule for rule in every if rule.name not in asleep)
    action = action_for(policy, probability, amount)
    action = max(action, least, *(rule.action for rule in hit), key=ACTIONS.index)
    if lists_of(listed) & {"block", "watch"}:
        severe: Action = "block" if "block" in lists_of(listed) else "review"
        action = max(action, severe, key=ACTIONS.index)
        why = (DecisionReason(f"{severe.upper()}_LISTED", f"on a list: {severe}", 0.0), *why)
    elif "allow" in lists_of(listed) and "block" not in (least, *(rule.action for rule in hit)):
        action = "allow"
    body = {
        "request": _json(request),
        "facts": {name: None if v != v else v for name, v in facts.items()},
        "decision": action,
        "probability": probability,
        "reasons": [vars(r) for r in (*(reason_of(rule) for rule in hit), *why)],
        "rules_hit": [rule.name for rule in hit],
        "lists": [entry.entry_id for entry in listed],
        "policy_version": f"{card.name}+{policy.version}+{controls.rules.version}",
    }
    key = f"{about}:{request[f'{about}_id']}"
    note = runtime.records.journal.add(
        ASSESSMENT, key, author=by, body=body, once=f"{ASSESSMENT}:{key}"
    )
    if note.body["request"] != body["request"]:
        raise ReusedError(f"{about}_id {request[f'{about}_id']} was assessed with another body")
    return _told(note, about)


def _flags(listed: tuple[ListEntry, ...]) -> dict[str, bool]:
    return {f"{name}_listed": name in lists_of(listed) for name in ("allow", "watch", "block")}


def _json(request: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in request.items()
    }


def _told(note: Note, about: About) -> Assessment:
    return Assessment(
        id=note.key.split(":", 1)[1],
        about=about,
        assessed_at=note.at,
        decision=note.body["decision"],
        probability=note.body["probability"],
        reasons=tuple(DecisionReason(**each) for each in note.body["reasons"]),
        rules_hit=tuple(note.body["rules_hit"]),
        policy_version=note.body["policy_version"],
    )


def _risk(engine: Engine, customer_id: str, at: datetime) -> Mapping[str, Any]:
    try:
        return engine.risks([customer_id], [at])[0]
    except ArgosyError:
        return {}
