"""Reasons an analyst can read: a stable code, a sentence with the value, a contribution."""

import re
from collections.abc import Iterable
from typing import Any

from data.decisions import DecisionReason
from models.fraud.figures import DAY, Figure, duration, with_singulars

_KEYS = {
    "customer": "by this customer",
    "card": "with this card",
    "device": "from this device",
    "ip": "from this IP address",
    "email": "with this e-mail address",
    "customer_card": "by this customer with this card",
    "customer_device": "by this customer from this device",
    "customer_ship_to": "by this customer to this country",
    "customer_email": "by this customer with this e-mail address",
    "card_email": "with this card and e-mail address",
    "card_ship_to": "with this card to this country",
}
_WINDOWS = {
    "1m": "in the last minute",
    "1h": "in the last hour",
    "1d": "in the last day",
    "7d": "in the last 7 days",
    "30d": "in the last 30 days",
    "": "so far",
}
_COUNTED = {
    "count": "{value:,.0f} payments {key} {window}",
    "amount": "{value:,.2f} paid {key} {window}",
    "declines": "{value:,.0f} declined payments {key} {window}",
    "frauds": "{value:,.0f} payments {key} reported as fraud {window}",
    "since_last": "{time} since the last payment {key}",
    "since_first": "{time} since the first payment {key}",
    "amount_ratio": "{value:,.2f} times the mean amount paid {key}",
    "pace": "{value:,.1f} times the usual daily number of payments {key}",
    "since_fraud": "{time} since a payment {key} was reported as fraud",
    "payments_since_fraud": "{value:,.0f} payments {key} since one was reported as fraud",
    "since_first_fraud": "{time} since the first fraud report {key} {window}",
    "amount_deviation": "the amount is {value:+.1f} spreads from the usual one {key}",
    "recent_amount_ratio": "{value:,.2f} times the usual amount was paid {key} in the last 7 days",
    "fraud_share": "reported as fraud: {value:.1%} of the payments {key} {window}",
    "decline_share": "{value:.1%} of the payments {key} in 30 days were declined",
    "cards": "{value:,.0f} cards in payments {key} {window}",
    "customers": "{value:,.0f} customers in payments {key} {window}",
    "devices": "{value:,.0f} devices in payments {key} {window}",
    "ips": "{value:,.0f} IP addresses in payments {key} {window}",
    "countries": "{value:,.0f} delivery countries in payments {key} {window}",
}


def _any_of(names: Iterable[str]) -> str:
    return "|".join(sorted(names, key=len, reverse=True))


_PATTERN = re.compile(rf"({_any_of(_KEYS)})_({_any_of(_COUNTED)})(?:_(1m|1h|1d|7d|30d))?")
_SAID = {
    "amount_base": "the amount is {value:,.2f} in base currency",
    "hour": "paid {value:.1f} hours after midnight UTC",
    "weekday": "paid on weekday {value:.0f} (Monday is 0)",
    "account_age_days": "the account is {days} old",
    "past_payments": "{value:,.0f} payments by this customer until yesterday",
    "past_declines": "{value:,.0f} declined payments by this customer until yesterday",
    "past_frauds": "{value:,.0f} frauds reported for this customer until yesterday",
    "amount_above_usual": "the amount is {value:+.1f} spreads from the customer's usual one",
}
_UNKNOWN = {"account_age_days": "nothing is known of the customer's account"}
_FLAGS = {
    "address_match": ("the address does not match", "the address matches"),
    "billing_differs_shipping": (
        "billed and shipped to one country",
        "shipped to another country than billed",
    ),
    "billing_differs_ip": (
        "IP address in the billing country",
        "IP address outside the billing country",
    ),
    "shipping_differs_ip": (
        "IP address in the delivery country",
        "IP address outside the delivery country",
    ),
    "home_differs_billing": (
        "billed in the account's country",
        "billed outside the account's country",
    ),
    "home_differs_shipping": (
        "shipped to the account's country",
        "shipped outside the account's country",
    ),
    "home_differs_ip": (
        "IP address in the account's country",
        "IP address outside the account's country",
    ),
    "email_differs": (
        "the account's own e-mail address",
        "another e-mail address than the account's",
    ),
    "without_card": ("a card is named", "no card is named"),
    "without_device": ("a device is named", "no device is named"),
    "without_ip": ("an IP address is named", "no IP address is named"),
    "without_email": ("an e-mail address is named", "no e-mail address is named"),
    "without_order": ("an order is named", "no order is named"),
}


def reason(feature: str, value: Any, contribution: float) -> DecisionReason:
    """The reason behind a feature's value.

    feature: its name; value: what the payment has; contribution: what this added to the log-odds of
    fraud.

    >>> reason("card_count_1h", 7.0, 1.25).text
    '7 payments with this card in the last hour'
    """
    return DecisionReason(feature.upper(), _text(feature, value), round(contribution, 4))


def _text(feature: str, value: Any) -> str:
    said = feature.replace("_", " ")
    found = _PATTERN.fullmatch(feature)
    if value is None or value != value:
        if found and "fraud" in found[2]:
            return f"no payment {_KEYS[found[1]]} was reported as fraud"
        if found and found[2].startswith("since"):
            return f"no earlier payment {_KEYS[found[1]]}"
        return _UNKNOWN.get(feature, f"{said} is not known")
    if isinstance(value, str):
        return f"{said} is {value}"
    if feature in _FLAGS:
        return _FLAGS[feature][int(bool(value))]
    if feature in _SAID:
        return with_singulars(
            _SAID[feature].format(value=Figure(value), days=duration(value * DAY))
        )
    if found:
        key, counted, window = found.groups(default="")
        told = _COUNTED[counted].format(
            value=Figure(value), time=duration(value), key=_KEYS[key], window=_WINDOWS[window]
        )
        return with_singulars(told)
    return f"{said} is {value:,.12g}"
