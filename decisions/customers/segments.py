"""Segments that people recognise: named rules with thresholds that are shown, stable over time.

A customer enters a segment where every quantity of its rule reaches its threshold, and stays until
one falls below STAYS of it; of several segments the first in the order of SEGMENTS counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
STAYS = 0.85  # share of each threshold down to which a customer stays in a segment


@dataclass(frozen=True)
class SegmentRule:
    """One segment: quantities that must reach their thresholds, and what it means.

    thresholds: quantity -> number; those that are the shop's own (see `shop_thresholds`) are None.
    """

    name: str
    meaning: str
    thresholds: Mapping[str, float | None]


SEGMENTS: tuple[SegmentRule, ...] = (
    SegmentRule(
        "reseller",
        "Buys many units at once, again and again",
        {"units_an_order": None, "orders": 3.0},
    ),
    SegmentRule(
        "returner",
        "Sends back half of what they buy, or more",
        {"return_share": 0.5, "orders": 3.0},
    ),
    SegmentRule(
        "lost",
        "Silent for five times their usual gap between orders, and likelier than not to order no "
        "more within a year",
        {"silence_in_gaps": 5.0, "churn_risk_365d": 0.5},
    ),
    SegmentRule(
        "at_risk",
        "Silent for two and a half times their usual gap between orders",
        {"silence_in_gaps": 2.5},
    ),
    SegmentRule(
        "champion",
        "Among the tenth with the highest expected margin, with several orders",
        {"expected_margin_365d": None, "orders": 3.0},
    ),
    SegmentRule(
        "bargain_hunter",
        "Buys at a discount nearly always",
        {"discounted_order_share": 0.8, "discount_share": 0.15, "orders": 3.0},
    ),
    SegmentRule("regular", "Has ordered more than once", {"orders": 2.0}),
    SegmentRule("new", "Has ordered once so far", {"orders": 1.0}),
)
SEGMENT_NAMES = tuple(rule.name for rule in SEGMENTS)
NEVER_A_GAP = 90.0  # days, where nobody in the shop has ordered twice


def shop_thresholds(policy: Mapping[str, float]) -> dict[str, float]:
    """The thresholds that depend on the shop, from the release's policy.

    >>> shop_thresholds({})["units_an_order"]
    20.0
    """
    return {
        "units_an_order": policy.get("reseller_units", 20.0),
        "expected_margin_365d": policy.get("champion_margin", float("inf")),
    }


def priced_share(policy: Mapping[str, float]) -> float:
    """Of the shop's orders, the share with a price in the base currency, at training."""
    return policy.get("priced_share", 1.0)


def described_rules(policy: Mapping[str, float]) -> list[dict[str, object]]:
    """Each rule with its thresholds filled in: name, meaning, thresholds, stays_from."""
    own = shop_thresholds(policy)
    told: list[dict[str, object]] = []
    for rule in SEGMENTS:
        limits = {name: own[name] if at is None else at for name, at in rule.thresholds.items()}
        finite = {name: at for name, at in limits.items() if np.isfinite(at)}
        told.append({"segment": rule.name, "meaning": rule.meaning, "thresholds": finite})
    return told


def usual_gap(inputs: pd.DataFrame, policy: Mapping[str, float]) -> Numbers:
    """Days between two orders of each customer, drawn to the shop's where few gaps are known.

    inputs: mean_gap_days, repeat_orders; policy: usual_gap_days of the shop.
    """
    shop = policy.get("usual_gap_days", NEVER_A_GAP)
    gaps = np.nan_to_num(inputs["repeat_orders"].to_numpy(dtype=float))
    own = np.nan_to_num(inputs["mean_gap_days"].to_numpy(dtype=float))
    return np.asarray(np.maximum((gaps * own + 2.0 * shop) / (gaps + 2.0), 1.0))


def assign_segments(
    inputs: pd.DataFrame,
    year: pd.DataFrame,
    former: NDArray[np.object_],
    policy: Mapping[str, float],
) -> NDArray[np.object_]:
    """The segment of each customer.

    inputs: of the features, one row a customer; year: the model's answer on each for a year;
    former: the segment of each before, None where there was none; policy: of the release.
    """
    quantities = {
        "orders": np.nan_to_num(inputs["repeat_orders"].to_numpy(dtype=float)) + 1.0,
        "silence_in_gaps": inputs["recency_days"].to_numpy(dtype=float) / usual_gap(inputs, policy),
        "expected_margin_365d": year["expected_margin"].to_numpy(dtype=float),
        "churn_risk_365d": 1.0 - year["order_probability"].to_numpy(dtype=float),
        **{
            name: inputs[name].to_numpy(dtype=float)
            for name in ("units_an_order", "return_share", "discount_share")
        },
        "discounted_order_share": inputs["discounted_order_share"].to_numpy(dtype=float),
    }
    own = shop_thresholds(policy)
    found = np.full(len(inputs), SEGMENT_NAMES[-1], dtype=object)
    for rule in reversed(SEGMENTS):  # the first in the order is put last, over the others
        limits = {name: own[name] if at is None else at for name, at in rule.thresholds.items()}
        reached = np.min(
            [np.nan_to_num(quantities[name]) / at for name, at in limits.items()], axis=0
        )
        needed = np.where(former == rule.name, STAYS, 1.0)
        found[reached >= needed] = rule.name
    return found
