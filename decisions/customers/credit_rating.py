"""A credit rating of buyers, A (best) to E, as a sum of points with a reason each.

A rating never refuses anyone by itself: it informs a person or the fraud policy's costs. Whoever is
rated may have a person review it (GDPR, article 22).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
RATINGS = ("A", "B", "C", "D", "E")
_UP_TO = (0.0, 20.0, 40.0, 70.0)  # points up to which each rating but the last is given
REVIEW_RIGHT = (
    "No refusal may rest on this rating alone; the customer may ask for a review by a person "
    "(GDPR, article 22)."
)


@dataclass(frozen=True)
class CreditFactor:
    """Something that costs (or, below 0, earns) points: from `least` of a quantity on."""

    code: str
    text: str
    quantity: str
    least: float
    points: float


# Each quantity missing counts for nothing: what is not known speaks neither for nor against.
FACTORS: tuple[CreditFactor, ...] = (
    CreditFactor("FRAUD_REPORTED", "A payment was reported as fraud", "frauds", 1.0, 75.0),
    CreditFactor("DISPUTED", "A payment was disputed", "disputes", 1.0, 25.0),
    CreditFactor("DISPUTED_OFTEN", "Three payments or more were disputed", "disputes", 3.0, 30.0),
    CreditFactor("DECLINED", "Half of the payments or more were declined", "declines", 0.5, 20.0),
    CreditFactor(
        "REFUNDED", "A third of the payments or more were refunded", "refunds", 1 / 3, 10.0
    ),
    CreditFactor("CANCELS", "A third of the orders or more were cancelled", "cancels", 1 / 3, 15.0),
    CreditFactor("RETURNS", "Half of the value or more was returned", "returns", 0.5, 15.0),
    CreditFactor(
        "ADDRESS", "Half of the payments or more had another address", "address", 0.5, 10.0
    ),
    CreditFactor("COUNTRIES", "Ships to four countries or more", "ship_countries", 4.0, 10.0),
    CreditFactor("NEW", "Known for less than 90 days", "youth", 1.0, 15.0),
    CreditFactor("FEW_ORDERS", "Fewer than three orders", "few_orders", 1.0, 10.0),
    CreditFactor(
        "LOYAL", "Known for a year or more, with five orders or more", "loyal", 1.0, -15.0
    ),
)
_SHARES_FROM = 3.0  # a share of fewer payments or orders than these says nothing


def credit_quantities(inputs: pd.DataFrame) -> dict[str, Numbers]:
    """What FACTORS look at, of each customer; NaN where nothing is known.

    inputs: of the features, one row a customer.
    """
    column = {name: inputs[name].to_numpy(dtype=float) for name in inputs.columns if name in _READ}
    payments, orders = column["payments"], np.nan_to_num(column["repeat_orders"]) + 1.0
    has_paid, has_ordered = payments >= _SHARES_FROM, orders >= _SHARES_FROM
    oldest = np.fmax(column["age_days"], column["account_days"])
    share = np.divide(column["refunds"], payments, out=np.full(len(inputs), np.nan), where=has_paid)
    return {
        "frauds": column["frauds"],
        "disputes": column["disputes"],
        "declines": np.where(has_paid, column["declined_share"], np.nan),
        "refunds": share,
        "cancels": np.where(has_ordered, column["cancelled_share"], np.nan),
        "returns": np.where(has_ordered, column["return_share"], np.nan),
        "address": np.where(has_paid, column["address_mismatch_share"], np.nan),
        "ship_countries": column["ship_countries"],
        "youth": (oldest < 90.0).astype(float),
        "few_orders": (orders < _SHARES_FROM).astype(float),
        "loyal": ((oldest >= 365.0) & (orders >= 5.0)).astype(float),
    }


_READ = (
    "payments",
    "repeat_orders",
    "age_days",
    "account_days",
    "frauds",
    "disputes",
    "declined_share",
    "refunds",
    "cancelled_share",
    "return_share",
    "address_mismatch_share",
    "ship_countries",
)


def rate_customers(inputs: pd.DataFrame) -> tuple[NDArray[np.object_], Numbers]:
    """The rating of each customer, and which FACTORS hold (customers × factors, 0 or 1).

    inputs: of the features, one row a customer.
    """
    quantities = credit_quantities(inputs)
    holds = np.column_stack(
        [np.nan_to_num(quantities[factor.quantity]) >= factor.least for factor in FACTORS]
    )
    points = holds @ np.array([factor.points for factor in FACTORS])
    places = np.searchsorted(_UP_TO, points, side="left")
    return np.array(RATINGS, dtype=object)[places], holds.astype(float)


def credit_reasons(holds: Numbers) -> list[dict[str, object]]:
    """The factors that hold for one customer, the weightiest first. holds: of `rate_customers`."""
    found = [factor for factor, held in zip(FACTORS, holds, strict=True) if held]
    found.sort(key=lambda factor: -abs(factor.points))
    return [{"code": each.code, "text": each.text, "points": each.points} for each in found]
