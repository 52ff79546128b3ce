"""The scorecard a shop starts with: points set by hand, so that the first day needs no labels.

Points are log-odds: 0.7 doubles the odds of fraud, 2.3 makes them ten times as large. A feature
that is not known gives no points. What they sum to becomes a probability by one number, the base:
it is set so that the mean over the shop's own payments is the rate of fraud the merchant states.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.decisions import DecisionReason
from models.fraud.boosting import answer
from models.fraud.encoding import LABEL, Encoding, Matrix
from models.fraud.reasons import reason

Floats = NDArray[np.float64]
MOST_ROWS = 100_000  # evenly spaced ones of more payments say enough
UNUSUAL, EXTREME = 0.9, 0.995  # quantiles of the shop's amounts between which points rise


@dataclass(frozen=True)
class PaymentTerm:
    """One line of the scorecard.

    feature: the model input it reads. Points rise in a straight line from none at `starts` to
    `points` at `full` (`full` below `starts`: they rise as the value falls). why: the reason for
    the line. given: (feature, least value) that must hold besides.
    """

    feature: str
    starts: float
    full: float
    points: float
    why: str
    given: tuple[str, float] | None = None


_TESTING = "card testers try many cards from one place; a household has two or three"
_SHARED = "one card in the hands of several accounts is a stolen or a sold one"
_DECLINED = "issuers decline what is stolen; a customer with a real card is declined once"
_REPORTED = "who was charged back is charged back again"
_ABROAD = "stolen data come with the owner's address and are used from elsewhere"
_NEW = "fraudsters open accounts for one purchase"
_TAKEN_OVER = "an old account on a machine it never used is what a takeover looks like"
PAYMENT_TERMS: tuple[PaymentTerm, ...] = (
    PaymentTerm("device_cards_1d", 1, 4, 2.5, _TESTING),
    PaymentTerm("device_cards_30d", 2, 6, 0.8, _TESTING),
    PaymentTerm("customer_cards_1d", 1, 4, 2.0, _TESTING),
    PaymentTerm("ip_cards_1d", 2, 6, 1.2, _TESTING),
    PaymentTerm("email_cards_1d", 1, 4, 1.0, _TESTING),
    PaymentTerm("card_customers_30d", 1, 2, 1.5, _SHARED, given=("customer_card_count", 0)),
    PaymentTerm("device_customers_30d", 1, 4, 1.6, "one device opens account after account"),
    PaymentTerm("card_declines_1d", 0, 2, 1.0, _DECLINED),
    PaymentTerm("device_declines_1d", 0, 3, 1.2, _DECLINED),
    PaymentTerm("customer_declines_1d", 0, 3, 1.0, _DECLINED),
    PaymentTerm("ip_declines_1d", 1, 4, 0.8, _DECLINED),
    PaymentTerm("device_frauds_30d", 0, 1, 2.5, _REPORTED),
    PaymentTerm("card_frauds_30d", 0, 1, 2.5, _REPORTED),
    PaymentTerm("customer_frauds_30d", 0, 1, 1.5, _REPORTED),
    PaymentTerm("email_frauds_30d", 0, 1, 1.0, _REPORTED),
    PaymentTerm("ip_frauds_30d", 0, 1, 1.5, _REPORTED),
    PaymentTerm("device_count_1h", 1, 4, 0.8, "a person buys once, a script goes on"),
    PaymentTerm("customer_count_1d", 1, 4, 0.8, "a person buys once, a script goes on"),
    PaymentTerm("address_match", 1, 0, 1.2, "the issuer does not know this address"),
    PaymentTerm("billing_differs_shipping", 0, 1, 1.0, "goods go where the card is not at home"),
    PaymentTerm("billing_differs_ip", 0, 1, 0.8, _ABROAD),
    PaymentTerm("home_differs_ip", 0, 1, 0.6, _ABROAD),
    PaymentTerm("home_differs_billing", 0, 1, 0.8, _ABROAD),
    PaymentTerm("home_differs_shipping", 0, 1, 0.6, _ABROAD),
    PaymentTerm("email_differs", 0, 1, 0.6, "the account's owner would be told at their address"),
    PaymentTerm("account_age_days", 30, 0, 1.2, _NEW),
    PaymentTerm("customer_device_count", 1, 0, 1.6, _TAKEN_OVER, given=("customer_count", 3)),
    PaymentTerm("customer_card_count", 1, 0, 0.8, _TAKEN_OVER, given=("customer_count", 3)),
    PaymentTerm("amount_above_usual", 1, 4, 1.0, "more than this customer ever spends"),
    PaymentTerm("amount_base", UNUSUAL, EXTREME, 1.5, "dear goods are stolen first"),
)
# The line whose bounds are quantiles of the shop's own amounts.
_OF_SHOP = "amount_base"


@dataclass(frozen=True)
class Points:
    """The lines that can be read from an encoding's columns, as arrays: one entry a line."""

    terms: tuple[PaymentTerm, ...]
    columns: NDArray[np.intp]
    starts: Floats
    span: Floats
    points: Floats
    given: NDArray[np.intp]
    least: Floats

    @classmethod
    def of(cls, names: tuple[str, ...], amounts: tuple[float, float]) -> Self:
        """names: the columns of the matrices to come; amounts: the shop's UNUSUAL and EXTREME."""
        place = {name: number for number, name in enumerate(names)}
        terms = tuple(
            term
            for term in PAYMENT_TERMS
            if term.feature in place and (term.given is None or term.given[0] in place)
        )
        ends = [amounts if t.feature == _OF_SHOP else (t.starts, t.full) for t in terms]
        conditions = [t.given or (t.feature, -np.inf) for t in terms]
        return cls(
            terms,
            np.array([place[t.feature] for t in terms], dtype=np.intp),
            np.array([start for start, _ in ends], dtype=np.float64),
            np.array([full - start for start, full in ends], dtype=np.float64),
            np.array([t.points for t in terms], dtype=np.float64),
            np.array([place.get(name, 0) for name, _ in conditions], dtype=np.intp),
            np.array([least for _, least in conditions], dtype=np.float64),
        )

    def contributions(self, rows: Matrix) -> Floats:
        """rows: payments × columns. Answers payments × terms, in log-odds."""
        values = rows[:, self.columns].astype(np.float64)
        # A missing value makes the share NaN, which counts as nothing.
        share = np.clip((values - self.starts) / self.span, 0.0, 1.0)
        holds = (rows[:, self.given] >= self.least) | np.isneginf(self.least)
        return np.where(holds, np.nan_to_num(share), 0.0) * self.points


class PaymentScorecard:
    """PAYMENT_TERMS over a shop's payments, without labels.

    fit: a frame of model inputs; labels are not read. fraud_rate: the share of payments that are
    fraud, as the merchant states it, in (0, 1).
    """

    def __init__(self, *, fraud_rate: float = 0.01) -> None:
        self.fraud_rate = fraud_rate

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn what a large amount is here, and the base for the stated rate of fraud."""
        some = frame.iloc[:: max(len(frame) // MOST_ROWS, 1)]
        amount = some["amount_base"].to_numpy(dtype=np.float64)
        amount = amount[np.isfinite(amount)]
        low, high = np.quantile(amount, (UNUSUAL, EXTREME)) if len(amount) else (500.0, 5000.0)
        self._amounts = float(low), float(max(high, low * 1.5 + 1.0))
        self._encoding = Encoding.of(some.drop(columns=LABEL, errors="ignore"))
        self._base = 0.0
        self._base = base_for_rate(self.raw(self._encoding.of_frame(some)), self.fraud_rate)
        return self

    @cached_property
    def points(self) -> Points:
        """The lines as arrays."""
        return Points.of(self._encoding.columns, self._amounts)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of what `row` makes."""
        return self._encoding.columns

    @property
    def encoding(self) -> Encoding:
        """How payments are read."""
        return self._encoding

    def raw(self, rows: Matrix) -> Floats:
        """Log-odds of payments given as rows of `names`."""
        total: Floats = self._base + self.points.contributions(rows).sum(axis=1)
        return total

    def row(self, facts: Mapping[str, Any]) -> Matrix:
        """One payment, given by name, as a matrix of one row."""
        return self._encoding.row(facts)

    def probabilities(self, rows: Matrix) -> Floats:
        """The probability of fraud of each of some rows."""
        return 1.0 / (1.0 + np.exp(-self.raw(rows)))

    def reasons(
        self, row: Matrix, facts: Mapping[str, Any], *, limit: int = 5
    ) -> list[DecisionReason]:
        """The lines that gave one payment most points. row: of `row`; facts: the values by name;
        limit: the most reasons."""
        return point_reasons(self.points, row, facts, limit=limit)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """probability, and score: the probability in percent."""
        return answer(self.probabilities(self._encoding.of_frame(frame)), frame.index)

    def save(self, folder: Path) -> None:
        """Write the model to the folder, as JSON."""
        text = {
            "parameters": {"fraud_rate": self.fraud_rate},
            "encoding": self._encoding.numbers(),
            "amounts": self._amounts,
            "base": self._base,
        }
        (folder / "scorecard.json").write_text(json.dumps(text))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        text = json.loads((folder / "scorecard.json").read_text())
        model = cls(**text["parameters"])
        model._encoding = Encoding.from_numbers(text["encoding"])
        model._amounts = (text["amounts"][0], text["amounts"][1])
        model._base = text["base"]
        return model


def point_reasons(
    points: Points, row: Matrix, facts: Mapping[str, Any], *, limit: int
) -> list[DecisionReason]:
    """points: the lines; row: one payment; facts: its values by name; limit: the most reasons."""
    given = points.contributions(row)[0]
    best = [n for n in np.argsort(-given, kind="stable")[:limit] if given[n] > 0]
    terms = [points.terms[n] for n in best]
    read = {t.feature: float(row[0, points.columns[n]]) for t, n in zip(terms, best, strict=True)}
    return [
        reason(term.feature, facts.get(term.feature, read[term.feature]), float(given[n]))
        for term, n in zip(terms, best, strict=True)
    ]


def base_for_rate(points: Floats, rate: float) -> float:
    """The base that makes the mean probability of payments with these points equal to `rate`.

    points: log-odds without a base; rate: in (0, 1). Without payments: as if none had points.
    """
    low, high = -40.0, 40.0
    given = points if len(points) else np.zeros(1)
    for _ in range(60):  # halving an interval of 80 to below the last digit
        middle = (low + high) / 2
        mean = float((1.0 / (1.0 + np.exp(-(given + middle)))).mean())
        low, high = (middle, high) if mean < rate else (low, middle)
    return (low + high) / 2
