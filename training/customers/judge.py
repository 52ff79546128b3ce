"""How well customers' orders and margins were foreseen, on a horizon that is over."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from models.base import Model
from models.customers.customer_frame import MarginShare
from training.job import Split
from training.metrics import coverage, expected_calibration_error

Numbers = NDArray[np.float64]
DECILES = 10


def realised_value(rows: pd.DataFrame) -> Numbers:
    """The margin that came in each row's horizon; revenue where the shop knows no costs."""
    return MarginShare.fit(rows).target_value(rows)


def score_values(fitted: Model, halves: Split) -> Mapping[str, float]:
    """Metrics of a fitted model on `halves.test`: its one horizon, by what came.

    top_decile_share: margin that came from the tenth of customers ranked highest; best_decile_share
    is that of a ranking by what came. coverage_80: margins inside the 80% interval.
    """
    test = halves.test
    answer = fitted.predict(test)
    orders, value = test["target_orders"].to_numpy(dtype=float), realised_value(test)
    expected = answer["expected_orders"].to_numpy(dtype=float)
    worth = answer["expected_margin"].to_numpy(dtype=float)
    if np.ptp(value) == 0:  # no rate for any money: orders are all there is to judge by
        worth, value = expected, orders
    chance = answer["order_probability"].to_numpy(dtype=float)
    low, high = (answer[f"expected_margin_{name}"].to_numpy(dtype=float) for name in ("q10", "q90"))
    return {
        "margin_rank_correlation": rank_correlation(worth, value),
        "margin_correlation": correlation(worth, value),
        "margin_mae": float(np.abs(worth - value).mean()),
        "margin_sum_ratio": _sum_ratio(worth, value),
        "top_decile_share": top_decile_share(worth, value),
        "best_decile_share": top_decile_share(value, value),
        "coverage_80": coverage(value, low, high),
        "orders_correlation": correlation(expected, orders),
        "orders_mae": float(np.abs(expected - orders).mean()),
        "orders_rmse": float(np.sqrt(np.square(expected - orders).mean())),
        "orders_sum_ratio": _sum_ratio(expected, orders),
        "calibration_error": expected_calibration_error(orders > 0, chance),
        "customers": float(len(test)),
    }


def correlation(expected: Numbers, actual: Numbers) -> float:
    """Pearson's correlation of expected and actual; 0 where one side is all alike.

    >>> round(correlation(np.array([1.0, 2.0]), np.array([3.0, 5.0])), 6)
    1.0
    """
    if np.ptp(expected) == 0 or np.ptp(actual) == 0:
        return 0.0
    return float(np.corrcoef(expected, actual)[0, 1])


def rank_correlation(expected: Numbers, actual: Numbers) -> float:
    """Spearman's correlation of expected and actual; ties share a rank; 0 where one side is all
    alike."""
    return correlation(rankdata(expected), rankdata(actual))


def top_decile_share(ranking: Numbers, value: Numbers) -> float:
    """Share of the whole value that the tenth with the highest ranking brings; NaN where the whole
    is not above 0. ranking, value: one number a customer."""
    total = float(value.sum())
    if total <= 0:
        return float("nan")
    count = max(1, len(value) // DECILES)
    best = np.argsort(-ranking, kind="stable")[:count]
    return float(value[best].sum() / total)


def by_decile(ranking: Numbers, value: Numbers) -> list[Numbers]:
    """The values of each tenth of customers, the highest ranking first.

    ranking, value: one number a customer.
    """
    order = np.argsort(-ranking, kind="stable")
    return [value[part] for part in np.array_split(order, DECILES) if len(part)]


def _sum_ratio(expected: Numbers, actual: Numbers) -> float:
    total = float(actual.sum())
    return float(expected.sum()) / total if total > 0 else float("nan")
