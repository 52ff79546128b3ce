"""Which products may be shown: the rules, each with a name, before anything is ranked.

One definition, two uses: an answer applies them all, `why` tells them apart for one product.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from decisions.recommendation.product_index import Mask, ProductIndex
from decisions.recommendation.query import PastAction, ProductQuery, Visit
from features.recommendation import person
from models.recommendation import HELD_BACK_DAYS, Shopper

Blocked = Mask | NDArray[np.integer] | list[int]

# Events that say that somebody looked at a product, or has it by now.
_LOOKS = {"view", "click", "cart", "purchase"}


@dataclass(frozen=True)
class EligibilityCase:
    """One question as the rules see it; `who` is None where there is no model."""

    index: ProductIndex
    query: ProductQuery
    visit: Visit
    who: Shopper | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of who asks in what the lake knows of people."""
        query = self.query
        keys = (person(query.customer_id, None), person(None, query.visitor_id), *self.visit.names)
        return tuple(dict.fromkeys(key for key in keys if key is not None))

    def past_actions(self) -> list[PastAction]:
        """What the person did since the model was made, by the lake and by events; oldest first."""
        known = [each for name in self.names for each in self.index.activity.actions.get(name, ())]
        return sorted((*known, *self.visit.done), key=lambda action: action.at)


@dataclass(frozen=True)
class EligibilityRule:
    """One rule; code and text tell why a product is not shown.

    blocked: gives the products that the rule blocks, as a mask or as positions; None: none.
    """

    code: str
    text: str
    blocked: Callable[[EligibilityCase], Blocked | None]


def _undelivered(case: EligibilityCase) -> Mask | None:
    return None if case.index.delivers(case.query.country) else np.ones_like(case.index.listed)


def _out_of_stock(case: EligibilityCase) -> Mask | None:
    return ~case.index.in_stock(case.query.country) if case.query.in_stock_only else None


def _category(case: EligibilityCase) -> Mask | None:
    return ~case.index.categories.among(case.query.category) if case.query.category else None


def _brand(case: EligibilityCase) -> Mask | None:
    return ~case.index.brands.among(case.query.brand) if case.query.brand else None


def _cheap(case: EligibilityCase) -> Mask | None:
    # An unknown price passes neither bound: a comparison with NaN is False.
    least = case.query.price_min
    return None if least is None else ~(case.index.price >= least)


def _dear(case: EligibilityCase) -> Mask | None:
    most = case.query.price_max
    return None if most is None else ~(case.index.price <= most)


def _hidden(case: EligibilityCase) -> Blocked | None:
    said = {t.product_id: t.kind for t in case.query.session if t.kind in {"hide", "unhide"}}
    mine = {product for product, kind in said.items() if kind == "hide"}
    return _articles(case, [*(case.visit.hidden - said.keys()), *mine])


def _articles(case: EligibilityCase, products: Sequence[str]) -> list[int]:
    """Positions of products, and of the sizes and colours of each: to a shopper they are one."""
    return case.index.article_places(case.index.places(products))


def _just_bought(case: EligibilityCase) -> Blocked | None:
    mine = {touch.product_id for touch in case.query.session if touch.kind == "purchase"}
    return _articles(case, [*case.visit.just_bought, *mine])


def _has_it(case: EligibilityCase) -> Blocked | None:
    """What the person has and nobody needs twice, with its sizes and colours."""
    had = _purchased(case, within_days=HELD_BACK_DAYS)
    durable = had[case.index.durable[had]]
    if not len(durable):
        return None
    return np.isin(case.index.variants, case.index.variants[durable])


def _returned(case: EligibilityCase) -> Blocked | None:
    activity, given_back = case.index.activity, set[str]()
    for name in case.names:
        given_back |= activity.returned.get(name, frozenset())
    later = {action.product_id for action in case.visit.done if action.kind == "purchase"}
    return case.index.places(sorted(given_back - later))


def _bought_before(case: EligibilityCase) -> Blocked | None:
    return case.index.article_places(_purchased(case).tolist()) if case.query.new_only else None


def _outside_strategy(case: EligibilityCase) -> Mask | None:
    """What a list of this strategy does not show."""
    index, strategy = case.index, case.query.strategy
    inside = np.zeros_like(index.listed)
    if strategy == "buy_again":
        inside[_purchased(case)] = True
    elif strategy == "recently_viewed":
        inside[viewed_lately(case)] = True
    elif strategy in {"new", "on_sale"}:
        known = index.fresh if strategy == "new" else index.on_sale
        inside[: len(known)] = known
    else:
        return None
    return ~inside


def viewed_lately(case: EligibilityCase) -> list[int]:
    """Positions of what the person looked at and did not buy since, the latest first."""
    looks = [(action.product_id, action.kind) for action in case.past_actions()]
    looks += [(touch.product_id, touch.kind) for touch in case.query.session]
    newest: dict[str, str] = {}
    for product, kind in reversed(looks):
        if kind in _LOOKS:
            newest.setdefault(product, kind)
    return case.index.places([each for each, kind in newest.items() if kind != "purchase"])


def _purchased(case: EligibilityCase, *, within_days: float = float("inf")) -> NDArray[np.int64]:
    """Positions of what the person bought, by the model and by all that came since."""
    since = [action.product_id for action in case.past_actions() if action.kind == "purchase"]
    places = np.array(case.index.places(since), dtype=np.int64)
    if case.who is None or case.who.is_unknown:
        return places
    history = case.who.history
    bought = (history.count > 0) & (history.last <= within_days)
    return np.union1d(history.product[bought], places).astype(np.int64)


# The same for everybody who asks for one country: worked out once an index.
OF_THE_INDEX = (
    EligibilityRule("unlisted", "It is not in the products table", lambda case: ~case.index.listed),
    EligibilityRule("not_launched", "It is launched later", lambda case: case.index.early),
    EligibilityRule("discontinued", "It is discontinued", lambda case: case.index.gone),
    EligibilityRule("not_delivered", "No warehouse ships to that country", _undelivered),
    EligibilityRule("out_of_stock", "No warehouse that ships there has it", _out_of_stock),
)
OF_THE_QUESTION = (
    EligibilityRule("category", "It is in none of the categories asked for", _category),
    EligibilityRule("brand", "It is of none of the brands asked for", _brand),
    EligibilityRule("price_min", "It costs less than asked for, or has no price", _cheap),
    EligibilityRule("price_max", "It costs more than asked for, or has no price", _dear),
    EligibilityRule(
        "excluded", "The question excludes it", lambda case: case.index.places(case.query.exclude)
    ),
    EligibilityRule(
        "in_cart",
        "It is in the cart, in some size or colour",
        lambda case: _articles(case, case.query.cart),
    ),
    EligibilityRule("hidden", "This person hid it, in some size or colour", _hidden),
    EligibilityRule(
        "just_bought", "This person bought it within a day, in some size or colour", _just_bought
    ),
    EligibilityRule("returned", "This person gave it back", _returned),
    EligibilityRule("has_it", "This person has it, and few buy it twice", _has_it),
    EligibilityRule("strategy", "It is not what this list is for", _outside_strategy),
    EligibilityRule(
        "bought_before",
        "This person bought it before, in some size or colour, and new_only is asked",
        _bought_before,
    ),
)
UNKNOWN = EligibilityRule("unknown", "No table and no model knows the product", lambda case: None)
RULES = (*OF_THE_INDEX, *OF_THE_QUESTION)


def eligible(case: EligibilityCase) -> Mask:
    """Products that every rule lets through; a fresh array."""
    key = (case.index.shipping(case.query.country), case.query.in_stock_only)
    shared = case.index.shared.get(key)
    if shared is None:
        shared = without(np.ones_like(case.index.listed), case, OF_THE_INDEX)
        case.index.shared[key] = shared
    return without(shared.copy(), case, OF_THE_QUESTION)


def without(allowed: Mask, case: EligibilityCase, rules: tuple[EligibilityRule, ...]) -> Mask:
    """The mask given, less what the rules block.

    allowed: by product of the index, whether it may be shown; it is changed in place. case: the
    question, with what is known of who asks; rules: those that are applied.
    """
    for rule in rules:
        blocked = rule.blocked(case)
        if blocked is not None and len(blocked):
            allowed[blocked] = False
    return allowed


def first_blocking(case: EligibilityCase, products: Sequence[str]) -> dict[str, EligibilityRule]:
    """For each of the products that may not be shown, the first rule that says so.

    case: the question, with what is known of who asks; products: ids; those the index does not have
    are UNKNOWN.
    """
    blocked = {product: UNKNOWN for product in products if product not in case.index.place}
    free = np.ones(len(case.index.products), dtype=bool)
    for rule in RULES:
        left = without(free.copy(), case, (rule,))
        for product in products:
            if product not in blocked and not left[case.index.place[product]]:
                blocked[product] = rule
    return blocked
