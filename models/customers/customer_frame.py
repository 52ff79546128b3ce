"""The columns that the models of customer value read and write.

One row is a customer at a moment (`origin`) with a horizon: what was known of them then, and, where
the horizon has passed, what came.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from models.customers.purchase_process import DAYS_A_WEEK, Numbers

# What identifies a row, and what came in its horizon (missing while that is not over).
ROW_COLUMNS = ("customer_id", "origin", "horizon_days")
TARGET_COLUMNS = (
    "target_orders",
    "target_priced_orders",
    "target_revenue",
    "target_costed_revenue",
    "target_margin",
)
# Money so far, base currency: ordered, kept after returns and losses, of it with known costs, its
# margin.
MONEY_COLUMNS = ("revenue", "costed_revenue", "margin")
QUANTILES = (0.1, 0.5, 0.9)


def quantile_name(level: float) -> str:
    """The suffix of a quantile's column.

    >>> quantile_name(0.1)
    'q10'
    """
    return f"q{round(100 * level):02}"


ANSWER_COLUMNS = (
    "expected_orders",
    *(f"expected_orders_{quantile_name(level)}" for level in QUANTILES),
    "expected_margin",
    *(f"expected_margin_{quantile_name(level)}" for level in QUANTILES),
    "alive_probability",
    "order_probability",
)


def weeks_of(frame: pd.DataFrame) -> Numbers:
    """The horizon of each row in weeks."""
    return np.asarray(frame["horizon_days"].to_numpy(dtype=float) / DAYS_A_WEEK)


def newest_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """One row a customer, the newest: what is known of each by now. frame: customer_id, origin."""
    newest = frame.sort_values("origin", kind="stable").drop_duplicates("customer_id", keep="last")
    return newest.sort_index()


def last_year_rate(frame: pd.DataFrame, total: Numbers | pd.Series) -> Numbers:
    """Each row's total of the last 365 days (or of its life, where shorter), carried on over its
    horizon.

    frame: age_days, horizon_days; total: one number a row, NaN (nothing known) as 0.
    """
    days = np.clip(np.nan_to_num(frame["age_days"].to_numpy(dtype=float)), DAYS_A_WEEK, 365.0)
    rate = np.nan_to_num(np.asarray(total, dtype=float)) / days
    return np.asarray(rate * frame["horizon_days"].to_numpy(dtype=float))


def repeat_rate(frame: pd.DataFrame) -> Numbers:
    """Each row's repeat orders of the last 365 days, carried on over its horizon.

    frame: age_days, orders_365d, horizon_days. The first order is no sign of a rate.
    """
    young = np.nan_to_num(frame["age_days"].to_numpy(dtype=float)) < 365.0
    lately = np.nan_to_num(frame["orders_365d"].to_numpy(dtype=float)) - young
    return last_year_rate(frame, np.maximum(lately, 0.0))


@dataclass(frozen=True)
class MarginShare:
    """What the shop keeps of its revenue, to stand in where a product's costs are not known.

    share: margin ÷ revenue over all lines with costs; 1 where none has (value is revenue then, and
    `basis` says so).
    """

    share: float
    basis: str

    @classmethod
    def fit(cls, frame: pd.DataFrame) -> Self:
        """The share learned from one row a customer with MONEY_COLUMNS."""
        costed, margin = (float(frame[name].sum()) for name in ("costed_revenue", "margin"))
        if costed <= 0:
            return cls(1.0, "revenue")
        return cls(float(np.clip(margin / costed, -1.0, 1.0)), "margin")

    def numbers(self) -> dict[str, float | str]:
        """The constructor's arguments, as JSON has them."""
        return {"share": self.share, "basis": self.basis}

    def value(self, revenue: pd.Series, costed: pd.Series, margin: pd.Series) -> Numbers:
        """The margin of each row: `margin` is that of `costed`; the rest of its `revenue` counts at
        the shop's share."""
        rest = revenue.to_numpy(dtype=float) - costed.to_numpy(dtype=float)
        known = margin.to_numpy(dtype=float)
        return np.asarray((known if self.basis == "margin" else 0.0) + self.share * rest)

    def value_so_far(self, frame: pd.DataFrame, suffix: str = "") -> Numbers:
        """`value` of a frame's MONEY_COLUMNS, each with a suffix (such as `_365d`)."""
        revenue, costed, margin = (frame[name + suffix] for name in MONEY_COLUMNS)
        return self.value(revenue, costed, margin)

    def target_value(self, frame: pd.DataFrame) -> Numbers:
        """`value` of what came in the horizon; NaN while it is not over."""
        revenue, costed, margin = (frame[f"target_{name}"] for name in MONEY_COLUMNS)
        return self.value(revenue, costed, margin)
