"""The merchant's own signals, x_…: numbers and texts as they are, a time as seconds before the
payment."""

import re
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.fraud.stream import at_ms, milliseconds

_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


def signal(value: Any, at: int) -> Any:
    """One signal of a payment made at `at` (ms since 1970), as a model and a rule read it.

    value: as the merchant gave it: a number, a text, or a time as ISO 8601 text, which becomes
    seconds before the payment.

    >>> signal("2025-01-01T00:00:00Z", milliseconds(datetime(2025, 1, 1, 0, 1, tzinfo=UTC)))
    60.0
    """
    if isinstance(value, str) and _TIME.match(value):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        utc = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (at - milliseconds(utc)) / 1000.0
    return value


def signals(values: pd.Series, at: NDArray[np.int64]) -> pd.Series:
    """A column of signals, each as `signal` reads it; times become seconds before the payment.

    values: a value a payment, as the merchant gave them; at: when each was made, ms since 1970.
    """
    if isinstance(values.dtype, pd.DatetimeTZDtype) or values.dtype.kind == "M":
        before = (at - at_ms(values)) / 1000.0
        return pd.Series(np.where(values.isna(), np.nan, before), values.index)
    if values.dtype.kind in "fiub":
        return values
    known = values.dropna()
    if not len(known) or not known.astype(str).str.match(_TIME).any():
        return values
    pairs = zip(values.tolist(), at.tolist(), strict=True)
    return pd.Series([signal(value, moment) for value, moment in pairs], values.index)
