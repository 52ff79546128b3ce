"""Attempts of one payment: what a retry follows, and whether it counts as a payment of its own.

A retry of one card for one amount is the purchase tried again: it counts neither as a payment nor,
where an earlier attempt was declined already, as a decline. Every other retry counts in full, so
that many cards tried one after the other look like what they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.views import FeatureType

MOST_RETRIES = 3  # of one payment; later ones count in full
WITHIN = timedelta(days=1)  # after the attempt before with the same card
Link = Literal["linked", "unknown_payment", "other_customer", "same_payment", "later_payment"]
# What a rule may name of a retry. retry_cards: other cards tried in earlier attempts.
ATTEMPT_FACTS: Mapping[str, FeatureType] = {
    "attempt_number": "float",
    "retry_cards": "float",
    "earlier_outcome": "str",
    "earlier_authentication": "str",
    "earlier_decision": "str",
}
NO_RETRY: Mapping[str, Any] = {"attempt_number": 1.0}


@dataclass(frozen=True)
class EarlierAttempt:
    """An attempt that was made before. payment: its fields by name; decision: what was decided
    here; purchase_id, counts_as: as of `PaymentAttempt`."""

    payment: Mapping[str, Any]
    purchase_id: str
    counts_as: str
    decision: str | None = None
    outcome: str | None = None
    authentication: str | None = None

    @property
    def payment_id(self) -> str:
        """Its id."""
        return str(self.payment["payment_id"])


@dataclass(frozen=True)
class PaymentAttempt:
    """A payment that says which one it retries.

    retry_of: as it was given; link: whether that is an earlier payment of this customer; number: of
    this attempt, from 1. root_id: the first attempt; purchase_id: the first attempt of the same
    purchase; supersedes: the attempt before of the same purchase. counts_as: the payment that it is
    counted as; first_decline: whether a decline of it is the first of that payment. facts:
    ATTEMPT_FACTS; earlier: the attempts before it, oldest first.
    """

    payment_id: str
    retry_of: str
    link: Link
    number: int = 1
    root_id: str = ""
    purchase_id: str = ""
    supersedes: str | None = None
    counts_as: str = ""
    first_decline: bool = True
    facts: Mapping[str, Any] = field(default_factory=lambda: NO_RETRY)
    earlier: tuple[EarlierAttempt, ...] = ()

    @property
    def counts(self) -> bool:
        """True if it counts as a payment of its own."""
        return self.counts_as in {"", self.payment_id}


def attempt_of(payment: Mapping[str, Any], earlier: Sequence[EarlierAttempt]) -> PaymentAttempt:
    """A payment that is known to retry another, after the attempts made before it.

    payment: its fields by name, retry_of among them; earlier: at least one, oldest first.
    """
    own = str(payment["payment_id"])
    same = [each for each in earlier if is_one_purchase(payment, each.payment)]
    card = [each for each in earlier if _is_one_card(payment, each.payment)]
    quiet = len(earlier) <= MOST_RETRIES and bool(card) and _is_soon(payment, card[-1].payment)
    counts_as = card[-1].counts_as if quiet else own
    declined = any(e.outcome == "declined" for e in earlier if e.counts_as == counts_as)
    last = earlier[-1]
    others = {e.payment.get("card_id") for e in earlier} - {None, payment.get("card_id")}
    return PaymentAttempt(
        payment_id=own,
        retry_of=str(payment["retry_of"]),
        link="linked",
        number=len(earlier) + 1,
        root_id=earlier[0].payment_id,
        purchase_id=same[-1].purchase_id if same else own,
        supersedes=same[-1].payment_id if same else None,
        counts_as=counts_as,
        first_decline=not declined,
        facts={
            "attempt_number": float(len(earlier) + 1),
            "retry_cards": float(len(others)),
            "earlier_outcome": last.outcome,
            "earlier_authentication": last.authentication,
            "earlier_decision": last.decision,
        },
        earlier=tuple(earlier),
    )


def is_one_purchase(payment: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """True if two attempts pay for one purchase: one order, or one amount where no order is named.

    payment, other: fields of attempts of one payment, by name.
    """
    ours, theirs = payment.get("order_id"), other.get("order_id")
    return ours == theirs if ours and theirs else _is_one_amount(payment, other)


def _is_one_amount(payment: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(payment.get(name) == other.get(name) for name in ("amount", "currency"))


def _is_one_card(payment: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    card = payment.get("card_id")
    return card is not None and card == other.get("card_id") and _is_one_amount(payment, other)


def _is_soon(payment: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(payment["attempted_at"] - other["attempted_at"] <= WITHIN)


@dataclass(frozen=True)
class AttemptColumns:
    """Attempts of many payments, an entry a payment.

    number: from 1; cards: other cards tried in earlier attempts; before: row of the attempt before,
    −1 without one; counted_as: row of the payment that it is counted as; declines: whether a
    decline of it counts; superseded: whether a later attempt is for the same purchase.
    """

    number: NDArray[np.int64]
    cards: NDArray[np.int64]
    before: NDArray[np.int64]
    counted_as: NDArray[np.int64]
    declines: NDArray[np.bool_]
    superseded: NDArray[np.bool_]

    @property
    def counts(self) -> NDArray[np.bool_]:
        """Whether each counts as a payment of its own."""
        return np.equal(self.counted_as, np.arange(len(self.counted_as)))


def attempt_columns(payments: pd.DataFrame, place: NDArray[np.intp]) -> AttemptColumns:
    """The attempts among some payments, each after those that came before it.

    payments: rows of the table, with payment_id, customer_id, attempted_at and outcome; place: of
    each in the order in which they came.
    """
    size = len(payments)
    found = AttemptColumns(
        number=np.ones(size, np.int64),
        cards=np.zeros(size, np.int64),
        before=np.full(size, -1, np.int64),
        counted_as=np.arange(size, dtype=np.int64),
        declines=np.ones(size, np.bool_),
        superseded=np.zeros(size, np.bool_),
    )
    if "retry_of" not in payments or not payments["retry_of"].notna().any():
        return found
    for chain in _chains(payments, place):
        _fill_chain(found, payments.iloc[chain], chain)
    return found


def attempt_facts(payments: pd.DataFrame, attempts: AttemptColumns) -> pd.DataFrame:
    """ATTEMPT_FACTS of many payments, on their index, as a rule may name them; what was decided on
    the attempt before is not known here.

    payments: rows of the table; attempts: of `attempt_columns` for them.
    """
    before = attempts.before
    known = np.flatnonzero(before >= 0)
    texts = {}
    for name in ("outcome", "authentication"):
        texts[f"earlier_{name}"] = np.full(len(before), None, dtype=object)
        texts[f"earlier_{name}"][known] = payments[name].to_numpy(dtype=object)[before[known]]
    numbers = {
        "attempt_number": attempts.number.astype(float),
        "retry_cards": np.where(before < 0, np.nan, attempts.cards),
    }
    return pd.DataFrame({**numbers, **texts, "earlier_decision": None}, index=payments.index)


def _chains(payments: pd.DataFrame, place: NDArray[np.intp]) -> list[list[int]]:
    """Rows of the attempts of each payment that was retried, in order of arrival.

    place: of each payment in that order. A retry is linked to a payment of its customer that came
    before it, so that no circle can be.
    """
    names = payments["payment_id"].to_numpy(dtype=object)
    customers = payments["customer_id"].to_numpy(dtype=object)
    at = payments["attempted_at"].to_numpy(dtype="datetime64[ns]")
    rows = {name: row for row, name in enumerate(names)}
    retries = payments["retry_of"].to_numpy(dtype=object)
    root: dict[int, int] = {}
    known = np.flatnonzero(payments["retry_of"].notna().to_numpy())
    for row in sorted(known.tolist(), key=lambda each: place[each]):
        earlier = rows.get(retries[row])
        if earlier is None or customers[earlier] != customers[row]:
            continue
        if place[earlier] < place[row] and at[earlier] <= at[row]:
            root[row] = root.get(earlier, earlier)
    chains: dict[int, list[int]] = {}
    for row, first in root.items():  # in order of arrival
        chains.setdefault(first, [first]).append(row)
    return list(chains.values())


def _fill_chain(found: AttemptColumns, attempts: pd.DataFrame, rows: Sequence[int]) -> None:
    """Write down the attempts of one payment. attempts: in order of arrival; rows: of each."""
    earlier: list[EarlierAttempt] = []
    place = {str(name): row for name, row in zip(attempts["payment_id"], rows, strict=True)}
    for row, given in zip(rows, attempts.to_dict("records"), strict=True):
        payment = {str(name): value for name, value in given.items() if not pd.isna(value)}
        own = str(payment["payment_id"])
        purchase_id = counts_as = own
        if earlier:
            found.before[row] = place[earlier[-1].payment_id]
            attempt = attempt_of(payment, earlier)
            purchase_id, counts_as = attempt.purchase_id, attempt.counts_as
            found.number[row] = attempt.number
            found.cards[row] = attempt.facts["retry_cards"]
            found.counted_as[row] = place[attempt.counts_as]
            found.declines[row] = attempt.first_decline
            if attempt.supersedes is not None:
                found.superseded[place[attempt.supersedes]] = True
        outcome = payment.get("outcome")
        earlier.append(EarlierAttempt(payment, purchase_id, counts_as, None, outcome))
