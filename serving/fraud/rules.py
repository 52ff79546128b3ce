"""The rules beside the model: few, plain, each with the action it asks for at least."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from models.fraud import Action

VERSION = "rules-1"
LARGE_AMOUNT = 5_000.0
BUSY_IP = 5

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """A rule: its stable name, what it says, what it asks for, when it applies."""

    name: str
    text: str
    action: Action
    applies: Callable[[Facts], bool]


def _new_customer(facts: Facts) -> bool:
    return not (facts["customer_count"] > 0 or facts["past_payments"] > 0)


def _address_in_doubt(facts: Facts) -> bool:
    """The address does not match, or is incomplete."""
    if facts["address_match"] == 0 or facts["billing_differs_shipping"] == 1:
        return True
    return facts["billing_country"] is None or facts["shipping_country"] is None


RULES = (
    Rule(
        "new_customer_large_amount",
        f"a first payment of this customer above {LARGE_AMOUNT:,.0f} in base currency",
        "review",
        lambda facts: facts["amount_base"] > LARGE_AMOUNT and _new_customer(facts),
    ),
    Rule(
        "busy_ip_address_in_doubt",
        f"{BUSY_IP} or more payments from this IP address in the last hour, and an address that "
        "does not match or is incomplete",
        "review",
        lambda facts: facts["ip_count_1h"] >= BUSY_IP and _address_in_doubt(facts),
    ),
)

# Without a model the rules must do alone: this one then stands in for it.
WITHOUT_MODEL = (
    *RULES,
    Rule(
        "no_model_address_in_doubt",
        "no model is in use, and the address does not match or is incomplete",
        "challenge",
        _address_in_doubt,
    ),
)
