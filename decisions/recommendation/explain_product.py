"""Why a named product is not shown (or is): rule by rule, then its rank against the limit."""

from dataclasses import dataclass, replace

import numpy as np

from decisions.recommendation.product_index import Shelf
from decisions.recommendation.query import Ask, Visit
from decisions.recommendation.recommend import case_of, recommend
from decisions.recommendation.rules import RULES, UNKNOWN, Case, Rule, without


@dataclass(frozen=True)
class Check:
    """One rule, and whether it lets the product through; text says why it does not."""

    code: str
    passed: bool
    text: str = ""


@dataclass(frozen=True)
class Verdict:
    """shown: whether it is among the `limit`; rank: its place among all that is eligible, of how
    many; text: the one sentence to read."""

    product_id: str
    shown: bool
    text: str
    checks: tuple[Check, ...]
    rank: int | None = None
    eligible: int = 0


def why(shelf: Shelf, product_id: str, ask: Ask, visit: Visit) -> Verdict:
    """Every rule's word on one product, and how far down the list it stands."""
    if product_id not in shelf.place:
        unknown = Check(UNKNOWN.code, False, UNKNOWN.text)
        return Verdict(product_id, False, unknown.text, (unknown,))
    case = case_of(shelf, ask, visit)
    checks = tuple(_check(rule, case, shelf.place[product_id]) for rule in RULES)
    everything = recommend(shelf, replace(ask, limit=len(shelf.products)), visit)
    order = [item.product_id for item in everything.items]
    failed = [check.text for check in checks if not check.passed]
    if failed:
        return Verdict(product_id, False, "; ".join(failed), checks, None, len(order))
    shown = [item.product_id for item in recommend(shelf, ask, visit).items]
    if product_id in shown:
        rank = shown.index(product_id) + 1
        return Verdict(product_id, True, f"Shown at rank {rank}", checks, rank, len(order))
    rank = order.index(product_id) + 1
    text = f"Eligible, but at rank {rank} of {len(order)}, and {ask.limit} are shown"
    return Verdict(product_id, False, text, checks, rank, len(order))


def _check(rule: Rule, case: Case, place: int) -> Check:
    passed = bool(without(np.ones(len(case.shelf.products), dtype=bool), case, (rule,))[place])
    return Check(rule.code, passed, "" if passed else rule.text)
