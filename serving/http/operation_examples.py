"""Examples of every operation: values of parameters, and answers recorded on the small sample.

The answers are written by the test of this name with `RECORD_ANSWERS=1`, which asks a
server over the small sample merchant for the example of every operation.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

ANSWERS_FILE = Path(__file__).with_name("operation_answers.json")

# By the parameter's name: the same thing has the same name in every operation.
PARAMETERS: Mapping[str, Any] = {
    "correction_id": "a-correction-id",
    "customer_id": "c00208",
    "experiment_id": "home-mmr",
    "key": "GROCERY",
    "level": "category",
    "limit": 2,
    "market": "DE",
    "override_id": "an-override-id",
    "payment_id": "pay-example",
    "placement": "home",
    "po_id": "a-purchase-order-id",
    "product_id": "p1082185",
    "quantiles": "0.1,0.5,0.9",
    "segment": "regular",
    "suggestion_id": "DE1~p1082185~S06",
    "table": "orders",
    "text": "MILK",
    "transfer_id": "a-transfer-order-id",
    "transfer_line_id": "DE1~p1082185~FR1",
    "use_case": "fraud",
    "warehouse_id": "DE1",
    "webhook": "erp",
    "alert_id": "an-alert-id",
}
# Optional parameters that an example sends as well.
ALSO_SENT: Mapping[str, tuple[str, ...]] = {
    "get_forecast": ("quantiles",),
    "find_products": ("text",),
    "list_order_accuracy": ("level",),
    "list_trending_products": ("market", "limit"),
}

# Bodies of requests, by operationId, where the schema has no example of its own.
_PAYMENT: Mapping[str, Any] = {
    "payment_id": "pay-example",
    "attempted_at": "2017-12-30T18:04:05Z",
    "customer_id": "c00001",
    "amount": 189.9,
    "currency": "EUR",
    "card_id": "tok_5f2a",
    "billing_country": "DE",
    "shipping_country": "FR",
}
BODIES: Mapping[str, Any] = {
    "decide_payment": _PAYMENT,
    "snooze_rule": {
        "rule": "busy_ip_address_in_doubt",
        "customer_id": "c00001",
        "until": "2099-12-31T00:00:00Z",
        "reason": "buys for a whole office",
    },
    "decide_payments": {"payments": [_PAYMENT]},
    "approve_suggestions": {"items": [{"id": "DE1~p1082185~S06"}]},
    "dismiss_suggestions": {
        "items": [{"id": "DE1~p1082185~S06", "reason": "leaves the range in spring"}]
    },
    "approve_plan": {"warehouse_id": "DE1", "budget": 500.0, "reason": "this week's budget"},
    "reopen_suggestions": {"items": [{"id": "DE1~p1082185~S06"}]},
    "approve_suggestion": {"quantity": 24, "reason": "a full pallet"},
    "dismiss_suggestion": {"reason": "leaves the range in spring"},
    "export_orders": {"warehouse_id": "DE1"},
    "approve_transfers": {"items": [{"id": "DE1~p1082185~FR1", "quantity": 12}]},
    "reopen_transfers": {"items": [{"id": "DE1~p1082185~FR1"}]},
    "report_labels": {
        "labels": [
            {"payment_id": "pay-example", "is_fraud": True, "reported_at": "2018-01-01T09:00:00Z"}
        ]
    },
    "report_outcomes": {
        "outcomes": [
            {
                "payment_id": "pay-example",
                "outcome": "captured",
                "outcome_at": "2017-12-30T18:05:00Z",
            }
        ]
    },
    "set_list_entry": {
        "list": "block",
        "column": "card_id",
        "value": "tok_5f2a",
        "reason": "reported as stolen",
    },
    "set_list_entries": {
        "entries": [
            {
                "list": "watch",
                "column": "ip_address",
                "value": "203.0.113.0/24",
                "reason": "a wave of card testing",
            },
            {
                "list": "watch",
                "column": "email_domain",
                "value": "mail.example",
                "reason": "throw-away addresses",
            },
        ]
    },
    "set_rule": {
        "name": "large_and_far",
        "text": "A large amount, sent to another country than the card's",
        "when": "amount_base > 500.0 && billing_differs_shipping == 1.0",
        "action": "review",
    },
    "try_rule": {
        "rule": {
            "name": "large_and_far",
            "text": "A large amount, sent to another country than the card's",
            "when": "amount_base > 500.0 && billing_differs_shipping == 1.0",
            "action": "review",
        },
        "days": 30,
    },
    "record_review_step": {
        "payment_id": "pay-example",
        "step": "assign",
        "assignee": "m.lang",
        "note": "asked by phone",
    },
    "record_review_steps": {"payment_ids": ["pay-example"], "step": "assign", "assignee": "anna"},
    "assess_return_request": {
        "return_id": "return-example",
        "requested_at": "2018-01-02T10:00:00Z",
        "customer_id": "c00001",
        "product_id": "p1082185",
        "amount": 19.9,
        "currency": "EUR",
    },
    "assess_order_request": {**_PAYMENT, "order_id": "order-example"},
}


@cache
def recorded_answers() -> Mapping[str, Any]:
    """The recorded answer of each operation, by operationId; empty before any was recorded."""
    if not ANSWERS_FILE.is_file():
        return {}
    answers: Mapping[str, Any] = json.loads(ANSWERS_FILE.read_text())
    return answers


def add_examples(operation_id: str, operation: dict[str, Any]) -> None:
    """Put examples into the description of an operation.

    operation_id: its name; operation: its entry in OpenAPI, which is changed.
    """
    for parameter in operation.get("parameters", ()):
        sent = parameter.get("required") or parameter["name"] in ALSO_SENT.get(operation_id, ())
        if sent and parameter["name"] in PARAMETERS:
            parameter["example"] = PARAMETERS[parameter["name"]]
    if operation_id in BODIES:
        for content in operation["requestBody"]["content"].values():
            content["example"] = BODIES[operation_id]
    answer = recorded_answers().get(operation_id)
    for status, response in operation["responses"].items():
        content = response.get("content", {}).get("application/json")
        if answer is not None and content is not None and str(status).startswith("2"):
            content["example"] = answer
