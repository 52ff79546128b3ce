"""A scorecard: points set by hand, for requests that come back without labels to learn from."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from data.decisions import DecisionReason
from models.fraud.figures import DAY, Figure, duration, with_singulars

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Term:
    """One line. points: log-odds for a fact's value; text: what is said of it."""

    fact: str
    text: str
    points: Callable[[float], float]


@dataclass(frozen=True)
class Scorecard:
    """base: log-odds of a request of which nothing is known. What is unknown gives no points."""

    name: str
    base: float
    terms: tuple[Term, ...]

    def judge(self, facts: Facts) -> tuple[float, tuple[DecisionReason, ...]]:
        """The score as a probability, and its terms as reasons, the weightiest first."""
        given = [(term, facts.get(term.fact)) for term in self.terms]
        points = [
            (term, float(value), term.points(float(value)))
            for term, value in given
            if value is not None and value == value
        ]
        odds = self.base + sum(each for _, _, each in points)
        ranked = sorted((p for p in points if p[2] > 0), key=lambda p: -p[2])
        reasons = tuple(
            DecisionReason(term.fact.upper(), _text(term, value), round(each, 4))
            for term, value, each in ranked
        )
        return 1.0 / (1.0 + math.exp(-odds)), reasons


def _text(term: Term, value: float) -> str:
    days = duration(value * DAY)
    return with_singulars(term.text.format(value=Figure(value), days=days))


def _above(start: float, weight: float, most: float) -> Callable[[float], float]:
    """weight for each unit above start, at most `most`."""
    return lambda value: min(max(value - start, 0.0) * weight, most)


def _of_log(weight: float, most: float) -> Callable[[float], float]:
    """weight · ln(value), from 0 to `most`."""
    return lambda value: min(max(weight * math.log(value), 0.0), most) if value > 0 else 0.0


RETURNS = Scorecard(
    "returns-1",
    -4.0,
    (
        Term(
            "return_share", "{value:.1%} of the customer's lines came back", _above(0.2, 6.0, 3.0)
        ),
        Term(
            "product_returned",
            "this product came back from this customer {value:,.0f} times before",
            _above(0.0, 1.2, 3.0),
        ),
        Term(
            "product_bought",
            "no line of this product was bought by this customer",
            lambda value: 3.0 if value == 0 else 0.0,
        ),
        Term("value_to_usual", "{value:,.1f} times the customer's usual line", _of_log(0.8, 2.0)),
        Term("value", "worth {value:,.2f} in base currency", _above(200.0, 0.002, 1.5)),
        Term("days_since_order", "{value:,.0f} days after the order", _above(30.0, 0.05, 1.5)),
        Term("past_frauds", "{value:,.0f} frauds reported for this customer", _above(0, 1.5, 3.0)),
        Term("past_declines", "{value:,.0f} declined payments before", _above(0, 0.2, 1.0)),
        Term(
            "account_age_days",
            "the account is {days} old",
            lambda value: 0.8 if value < 30 else 0.0,
        ),
    ),
)
ORDERS = Scorecard(
    "orders-1",
    0.0,
    (
        Term(
            "payment_log_odds",
            "the payment's own risk (log-odds {value:+.1f})",
            lambda value: value,
        ),
        Term(
            "address_match",
            "the address does not match",
            lambda value: 0.8 if value == 0 else 0.0,
        ),
        Term("address_incomplete", "the address is incomplete", lambda value: 0.5 * value),
        Term(
            "home_differs_shipping",
            "shipped outside the account's country",
            lambda value: 0.5 * value,
        ),
        Term("email_differs", "another e-mail address than the account's", lambda v: 0.5 * v),
        Term("past_frauds", "{value:,.0f} frauds reported for this customer", _above(0, 1.5, 3.0)),
    ),
)
