"""Which labels were known when: a payment is fraud, honest, or not known yet."""

import math
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

FEWEST_REPORTS = 30  # from which on the time that reports take is measured
REPORTED = 0.995


def with_labels(payments: pd.DataFrame, known_at: datetime, maturity: timedelta) -> pd.DataFrame:
    """The payments up to a time, with `is_fraud` as it was known then: 1, 0, or NaN.

    payments: attempted_at, reported_at (missing where nobody reported them), declined. known_at:
    the time; maturity: how old a payment must be for its label to be known. Older ones are fraud
    when reported by then, else honest; but a declined one that nobody reported is unknown (it was
    not taken). Younger ones are unknown, reported or not: of them only frauds would be known, and a
    model would learn that what is recent is fraud.
    """
    now = pd.Timestamp(known_at)
    past = payments[payments["attempted_at"] <= now]
    reported = (past["reported_at"] <= now).to_numpy(dtype=bool)
    taken = ~past["declined"].to_numpy(dtype=bool)
    mature = (past["attempted_at"] <= now - maturity).to_numpy(dtype=bool)
    return past.assign(is_fraud=np.where(mature & (reported | taken), reported * 1.0, np.nan))


def labelled(payments: pd.DataFrame, known_at: datetime, maturity: timedelta) -> pd.DataFrame:
    """The payments whose label was known at a time, with `is_fraud` as `with_labels` gives it.

    payments: as `with_labels` takes them; known_at: the time; maturity: how old a payment must be
    for its label to be known.
    """
    marked = with_labels(payments, known_at, maturity)
    return marked[marked["is_fraud"].notna()]


def maturity(payments: pd.DataFrame, known_at: datetime, most: timedelta) -> timedelta:
    """After how long an unreported payment counts as honest: `most`, or, where reports come sooner,
    the time within which REPORTED of them came.

    payments: as of `with_labels`; known_at: only what was known then counts. Measured on reports of
    payments older than `most` then, all of which could have been reported late; `most` where fewer
    than FEWEST_REPORTS of them were.
    """
    now = pd.Timestamp(known_at)
    old = payments["attempted_at"] <= now - most
    known = payments[old & (payments["reported_at"] <= now)]
    if len(known) < FEWEST_REPORTS:
        return most
    seconds = (known["reported_at"] - known["attempted_at"]).dt.total_seconds()
    return min(most, timedelta(days=max(0, math.ceil(seconds.quantile(REPORTED) / 86_400))))


def missing_labels(payments: pd.DataFrame, maturity_days: int) -> str:
    """What stands in the way of the labels there are, a sentence; "" where nothing does.

    payments: of `with_labels`; maturity_days: the setting.
    """
    reported = payments["reported_at"].notna()
    young = int((reported & payments["is_fraud"].isna()).sum())
    frauds = int((payments["is_fraud"] == 1).sum())
    if not young or frauds >= FEWEST_REPORTS:
        return ""
    return (
        f"{young:,} payments reported as fraud are younger than {maturity_days} days and are not "
        "learned from yet, because honest payments of that age may still be reported; where your "
        "reports come sooner, set ARGOSY_LABEL_MATURITY_DAYS lower"
    )
