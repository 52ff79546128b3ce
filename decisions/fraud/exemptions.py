"""Exemptions from strong customer authentication, proposed for payments that are allowed.

By the regulatory technical standards to the payment services directive (Commission Delegated
Regulation (EU) 2018/389), articles 16 and 18 and the annex. The shop's bank decides; the shop bears
the loss of a fraud that was exempted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

ExemptionKind = Literal["low_value", "transaction_risk_analysis"]
# Countries of the European Economic Area, with the parts of them that have codes of their own, and
# the United Kingdom.
_CODES = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK "
    "IS LI NO AX GF GP MF MQ RE YT GB"
)
EUROPE = frozenset(_CODES.split())
# Amount in EUR up to which, and reference fraud rate of remote card payments below which.
RISK_BANDS = ((100.0, 0.0013), (250.0, 0.0006), (500.0, 0.0001))
LOW_VALUE, MOST_IN_A_ROW, MOST_TOGETHER = 30.0, 5, 100.0  # EUR; payments; EUR


@dataclass(frozen=True)
class Exemption:
    """One that may be asked for. reason: a sentence with the figures it rests on."""

    kind: ExemptionKind
    reason: str


@dataclass(frozen=True)
class ExemptionFacts:
    """What an exemption rests on, as far as it is known; NaN and None are not known.

    amount: of the payment, EUR; unproven_count, unproven_amount: payments with its card since its
    holder was last challenged and passed, and their sum in EUR; fraud_rate: the shop's, by value,
    of the last 90 days; has_analysis: whether a model has judged the payment.
    """

    amount: float
    unproven_count: float
    unproven_amount: float
    fraud_rate: float | None
    has_analysis: bool


def exemption_of(payment: Mapping[str, Any], facts: ExemptionFacts) -> Exemption | None:
    """The exemption for a payment that is allowed; None where none holds, or is not needed.

    payment: its fields by name; facts: what it rests on. Only payments by card, of a bill to
    EUROPE, that were not authenticated yet.
    """
    authenticated = payment.get("authentication") in {"challenged", "frictionless"}
    if authenticated or payment.get("card_id") is None:
        return None
    if payment.get("billing_country") not in EUROPE:
        return None
    return _low_value(facts) or _low_risk(facts)


def _low_value(facts: ExemptionFacts) -> Exemption | None:
    count, total = facts.unproven_count + 1.0, facts.unproven_amount + facts.amount
    # What is not known is NaN, and holds no limit.
    if not (facts.amount <= LOW_VALUE and count <= MOST_IN_A_ROW and total <= MOST_TOGETHER):
        return None
    return Exemption(
        "low_value",
        f"EUR {facts.amount:,.2f} is at most EUR {LOW_VALUE:,.0f}; payments with this card since "
        f"its holder was last authenticated, this one included: {count:,.0f} of at most "
        f"{MOST_IN_A_ROW}, EUR {total:,.2f} of at most EUR {MOST_TOGETHER:,.0f}",
    )


def _low_risk(facts: ExemptionFacts) -> Exemption | None:
    if not facts.has_analysis or facts.fraud_rate is None:
        return None
    band = next((band for band in RISK_BANDS if facts.amount <= band[0]), None)
    if band is None or facts.fraud_rate > band[1]:
        return None
    return Exemption(
        "transaction_risk_analysis",
        f"EUR {facts.amount:,.2f} is at most EUR {band[0]:,.0f}; {facts.fraud_rate:.4%} of the "
        f"money taken in the last 90 days was fraud, at most {band[1]:.2%}",
    )
