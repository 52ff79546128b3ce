"""Which products may be shown: the rules, each with a name, before anything is ranked.

One definition, two uses: an answer applies them all, `why` tells them apart for one product.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from decisions.recommendation.product_index import Mask, Shelf
from decisions.recommendation.query import Ask, Visit
from models.recommendation import Who

# A product people do not buy again is not shown to who bought it this lately.
_HAS_IT_DAYS = 180.0

Blocked = Mask | NDArray[np.integer] | list[int]


@dataclass(frozen=True)
class Case:
    """One question as the rules see it; `who` is None where there is no model."""

    shelf: Shelf
    ask: Ask
    visit: Visit
    who: Who | None = None


@dataclass(frozen=True)
class Rule:
    """code and text tell why a product is not shown; `blocked`: which (None: none), fresh."""

    code: str
    text: str
    blocked: Callable[[Case], Blocked | None]


def _undelivered(case: Case) -> Mask | None:
    return None if case.shelf.delivers(case.ask.country) else np.ones_like(case.shelf.listed)


def _out_of_stock(case: Case) -> Mask | None:
    return ~case.shelf.in_stock(case.ask.country) if case.ask.in_stock_only else None


def _category(case: Case) -> Mask | None:
    return ~case.shelf.categories.among(case.ask.category) if case.ask.category else None


def _brand(case: Case) -> Mask | None:
    return ~case.shelf.brands.among(case.ask.brand) if case.ask.brand else None


def _cheap(case: Case) -> Mask | None:
    # An unknown price passes neither bound: a comparison with NaN is False.
    least = case.ask.price_min
    return None if least is None else ~(case.shelf.price >= least)


def _dear(case: Case) -> Mask | None:
    most = case.ask.price_max
    return None if most is None else ~(case.shelf.price <= most)


def _hidden(case: Case) -> Blocked | None:
    mine = {touch.product_id for touch in case.ask.session if touch.kind == "hide"}
    return case.shelf.places([*case.visit.hidden, *mine])


def _just_bought(case: Case) -> Blocked | None:
    mine = {touch.product_id for touch in case.ask.session if touch.kind == "purchase"}
    return case.shelf.places([*case.visit.just_bought, *mine])


def _has_it(case: Case) -> Blocked | None:
    if case.who is None or case.shelf.model is None:
        return None
    habits = case.shelf.model.sources.habits
    row = habits.row(case.who.person)
    bought = (habits.count[row] > 0) & (habits.last[row] <= _HAS_IT_DAYS)
    products = habits.product[row][bought]
    return np.asarray(products[~case.shelf.repeats[products]])


def _bought_before(case: Case) -> Blocked | None:
    if not case.ask.new_only or case.who is None or case.shelf.model is None:
        return None
    habits = case.shelf.model.sources.habits
    row = habits.row(case.who.person)
    return np.asarray(habits.product[row][habits.count[row] > 0])


# The same for everybody who asks for one country: worked out once a shelf.
OF_THE_SHELF = (
    Rule("unlisted", "It is not in the products table", lambda case: ~case.shelf.listed),
    Rule("not_launched", "It is launched later", lambda case: case.shelf.early),
    Rule("discontinued", "It is discontinued", lambda case: case.shelf.gone),
    Rule("not_delivered", "No warehouse ships to that country", _undelivered),
    Rule("out_of_stock", "No warehouse that ships there has it", _out_of_stock),
)
OF_THE_QUESTION = (
    Rule("category", "It is in none of the categories asked for", _category),
    Rule("brand", "It is of none of the brands asked for", _brand),
    Rule("price_min", "It costs less than asked for, or has no price", _cheap),
    Rule("price_max", "It costs more than asked for, or has no price", _dear),
    Rule("excluded", "The question excludes it", lambda case: case.shelf.places(case.ask.exclude)),
    Rule("in_cart", "It is in the cart", lambda case: case.shelf.places(case.ask.cart)),
    Rule("hidden", "This person hid it", _hidden),
    Rule("just_bought", "This person bought it within a day", _just_bought),
    Rule("has_it", "This person has it, and few buy it twice", _has_it),
    Rule("bought_before", "This person bought it before, and new_only is asked", _bought_before),
)
UNKNOWN = Rule("unknown", "No table and no model knows the product", lambda case: None)
RULES = (*OF_THE_SHELF, *OF_THE_QUESTION)


def eligible(case: Case) -> Mask:
    """Products that every rule lets through; a fresh array."""
    key = (case.shelf.shipping(case.ask.country), case.ask.in_stock_only)
    shared = case.shelf.shared.get(key)
    if shared is None:
        shared = without(np.ones_like(case.shelf.listed), case, OF_THE_SHELF)
        case.shelf.shared[key] = shared
    return without(shared.copy(), case, OF_THE_QUESTION)


def without(allowed: Mask, case: Case, rules: tuple[Rule, ...]) -> Mask:
    """The mask given, less what the rules block."""
    for rule in rules:
        blocked = rule.blocked(case)
        if blocked is not None and len(blocked):
            allowed[blocked] = False
    return allowed


def first_blocking(case: Case, products: Sequence[str]) -> dict[str, Rule]:
    """For each of the products that may not be shown, the first rule that says so."""
    blocked = {product: UNKNOWN for product in products if product not in case.shelf.place}
    free = np.ones(len(case.shelf.products), dtype=bool)
    for rule in RULES:
        left = without(free.copy(), case, (rule,))
        for product in products:
            if product not in blocked and not left[case.shelf.place[product]]:
                blocked[product] = rule
    return blocked
