"""Batch answers: every customer who has ordered, and what other use cases read of them."""

import json
from datetime import datetime
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.engine import map_partitions
from data.errors import ArgosyError
from data.messages import OutgoingMessage
from data.money import minor_digits
from decisions.customers.value import (
    MONEY,
    VALUE_COLUMNS,
    YEAR_DAYS,
    stored_values,
    value_customers,
)
from decisions.customers.without_model import ShopHabits, expected_without_model
from decisions.runtime import Runtime
from models.base import Release
from models.customers import ANSWER_COLUMNS

USE_CASE = "customers"
MOST_HORIZON_DAYS = 3 * YEAR_DAYS
_NO_MODEL = "There is no model: the customer's own rate of orders, and the shop's, are carried on"
_OF_A_YEAR = tuple(f"{name} of a year" for name in ANSWER_COLUMNS)
_TEXTS = ("customer_id", "margin_basis", "segment", "former_segment", "credit_rating", "reasons")
_ANSWERS = {
    **dict.fromkeys((*VALUE_COLUMNS, *_OF_A_YEAR), "float64"),
    **dict.fromkeys(_TEXTS, "object"),
    "horizon_days": "int64",
}


class CustomerScoreError(ArgosyError):
    """Customers cannot be scored as asked."""


def score(runtime: Runtime, as_of: datetime, *, horizon: int | None = None) -> pd.DataFrame:
    """VALUE_COLUMNS and model_version of everyone who had ordered, the highest margin first.

    runtime: whose release answers. as_of: nothing known later is used. horizon: days ahead, 1 to
    three years; None: a year. Puts what holds for a year into the `customer_value` view. Raises
    CustomerScoreError.
    """
    days = YEAR_DAYS if horizon is None else horizon
    if not 1 <= days <= MOST_HORIZON_DAYS:
        raise CustomerScoreError(f"horizon {days}: say 1 to {MOST_HORIZON_DAYS} days")
    release = runtime.release(USE_CASE)
    known = buyers_of(runtime, as_of)
    now = pd.Timestamp(as_of)
    if known.empty:
        return pd.DataFrame(columns=[*VALUE_COLUMNS, "model_version"])
    if release is None:
        return _without_model(runtime, known, now, days)
    former = former_segments(runtime, known["customer_id"], as_of)
    answers = map_partitions(
        known.assign(former=former),
        partial(_valued, now=now, release=release, horizon_days=days),
        by=["customer_id"],
        schema=_ANSWERS,
        engine=runtime.settings.engine,
    )
    scored = answers[list(VALUE_COLUMNS)]
    year = answers[list(_OF_A_YEAR)].set_axis(list(ANSWER_COLUMNS), axis=1)
    stored = stored_values(scored, year, now)
    runtime.store.write("customer_value", stored)
    if as_of >= runtime.now():
        runtime.records.outbox.send(moved_segments(stored, former, as_of))
    ranked = scored.sort_values("expected_margin", ascending=False, kind="stable")
    ranked[list(MONEY)] = ranked[list(MONEY)].round(minor_digits(runtime.settings.base_currency))
    return ranked.assign(model_version=release.version).reset_index(drop=True)


def _without_model(
    runtime: Runtime, known: pd.DataFrame, now: pd.Timestamp, days: int
) -> pd.DataFrame:
    """What can be said without a model, as over HTTP; what others read is left as it is."""
    expected = expected_without_model(known, ShopHabits.of(known, now), now, days)
    answer = pd.DataFrame({"customer_id": known["customer_id"], "horizon_days": days})
    answer = answer.join(expected).reindex(columns=[*VALUE_COLUMNS, "model_version"])
    answer = answer.assign(reasons=json.dumps([{"code": "NO_MODEL", "text": _NO_MODEL}]))
    ranked = answer.sort_values(
        ["expected_margin", "expected_orders"], ascending=False, kind="stable", ignore_index=True
    )
    ranked[list(MONEY)] = ranked[list(MONEY)].round(minor_digits(runtime.settings.base_currency))
    return ranked


def _valued(
    rows: pd.DataFrame, *, now: pd.Timestamp, release: Release, horizon_days: int
) -> pd.DataFrame:
    """What `value_customers` says of some customers, the answers for a year beside it. A customer's
    answer rests on their own row and the release. rows: the ledger, and the former segment."""
    former = rows["former"].to_numpy(dtype=object)
    scored, year = value_customers(rows, now, release, horizon_days, former)
    return scored.assign(
        **{name: year[own].to_numpy() for name, own in zip(_OF_A_YEAR, ANSWER_COLUMNS, strict=True)}
    )


def keep_answers(runtime: Runtime, as_of: datetime) -> None:
    """Put what each customer is worth in a year into the `customer_value` view, which others read.

    runtime: whose release answers; as_of: nothing known later is used.
    """
    score(runtime, as_of)


def moved_segments(
    stored: pd.DataFrame, former: NDArray[np.object_], as_of: datetime
) -> list[OutgoingMessage]:
    """A message for each customer whose segment is another than when last scored.

    stored: rows of the `customer_value` view; former: the segment of each row before, None where
    there was none; as_of: of the scores: told twice, they are one message.
    """
    segments = zip(stored["customer_id"], former, stored["customer_segment"], strict=True)
    return [
        OutgoingMessage(
            "segment.moved",
            str(customer),
            {"customer_id": customer, "before": before, "after": after, "as_of": as_of},
            identity=(as_of.isoformat(), str(before), str(after)),
        )
        for customer, before, after in segments
        if before is not None and isinstance(after, str) and before != after
    ]


def buyers_of(runtime: Runtime, as_of: datetime) -> pd.DataFrame:
    """The ledger of everyone who had ordered by a time. runtime: whose store is read; as_of: the
    time."""
    known = runtime.store.latest("customer_ledger", as_of)
    ordered = known["first_order_day"].notna() & (known["orders"] > 0)
    return known[ordered].reset_index(drop=True)


def former_segments(runtime: Runtime, customers: pd.Series, as_of: datetime) -> NDArray[np.object_]:
    """The segment each customer was in when last scored; None where never.

    runtime: whose store is read; customers: ids; as_of: scores up to then count.
    """
    before = runtime.store.latest("customer_value", as_of)
    known = before.set_index("customer_id")["customer_segment"].astype(object)
    found = customers.map(known).to_numpy(dtype=object)
    found[pd.isna(found)] = None
    return np.asarray(found)
