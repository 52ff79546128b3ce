"""Why a named product is not shown (or is): rule by rule, then its rank against the limit."""

from dataclasses import dataclass, replace

import numpy as np

from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.query import ProductQuery, Visit
from decisions.recommendation.recommend import eligibility_case, recommend
from decisions.recommendation.rules import RULES, UNKNOWN, EligibilityCase, EligibilityRule, without


@dataclass(frozen=True)
class RuleCheck:
    """One rule, and whether it lets the product through; text says why it does not."""

    code: str
    passed: bool
    text: str = ""


@dataclass(frozen=True)
class ProductVerdict:
    """Whether one product is shown, and why.

    shown: whether it is among the `limit`; text: the one sentence to read; checks: each rule's
    word; rank: its place among all that is eligible, None: it is not; eligible: how many are.
    """

    product_id: str
    shown: bool
    text: str
    checks: tuple[RuleCheck, ...]
    rank: int | None = None
    eligible: int = 0


def why(index: ProductIndex, product_id: str, query: ProductQuery, visit: Visit) -> ProductVerdict:
    """Every rule's word on one product, and how far down the list it stands.

    index: what may be shown; product_id: the product in question; query: as it would be asked;
    visit: what the person did lately.
    """
    if product_id not in index.place:
        unknown = RuleCheck(UNKNOWN.code, False, UNKNOWN.text)
        return ProductVerdict(product_id, False, unknown.text, (unknown,))
    case = eligibility_case(index, query, visit)
    checks = tuple(_check(rule, case, index.place[product_id]) for rule in RULES)
    everything = recommend(index, replace(query, limit=len(index.products)), visit)
    order = [item.product_id for item in everything.items]
    failed = [check.text for check in checks if not check.passed]
    if failed:
        return ProductVerdict(product_id, False, "; ".join(failed), checks, None, len(order))
    shown = [item.product_id for item in recommend(index, query, visit).items]
    if product_id in shown:
        rank = shown.index(product_id) + 1
        return ProductVerdict(product_id, True, f"Shown at rank {rank}", checks, rank, len(order))
    rank = order.index(product_id) + 1
    text = f"Eligible, but at rank {rank} of {len(order)}, and {query.limit} are shown"
    return ProductVerdict(product_id, False, text, checks, rank, len(order))


def _check(rule: EligibilityRule, case: EligibilityCase, place: int) -> RuleCheck:
    passed = bool(without(np.ones(len(case.index.products), dtype=bool), case, (rule,))[place])
    return RuleCheck(rule.code, passed, "" if passed else rule.text)
