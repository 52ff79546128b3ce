"""Why a product is shown, in words."""

import numpy as np

from decisions.recommendation.product_index import Shelf
from decisions.recommendation.query import Reason
from decisions.recommendation.rules import Case
from models.recommendation import Ranked

TEXTS = {
    "pinned": "Chosen by the shop",
    "buy_again": "You buy this regularly",
    "session": "Goes with {title}, which you just looked at",
    "cart": "Goes with {title} in your cart",
    "similar": "People who bought {title} also bought this",
    "similar_to": "Liked by the people who like {title}",
    "bought_together": "Often in one basket with {title}",
    "popular": "Popular now",
    "new": "New in the shop",
}


def worded(shelf: Shelf, code: str, product: int | None = None) -> Reason:
    """A reason with its sentence; product: the position of what it rests on."""
    title = "it" if product is None else shelf.titles[product].as_py() or shelf.products[product]
    named = None if product is None else shelf.products[product]
    return Reason(code, TEXTS[code].format(title=title), named)


def reasons(case: Case, ranked: Ranked, *, personal: bool) -> list[Reason]:
    """One for each product, in order; personal: whether what is known of the person served."""
    shelf = case.shelf
    pins, cart = set(shelf.places(case.ask.pins)), set(shelf.places(case.ask.cart))
    given = _personal(case, ranked) if personal else {}
    found = []
    for product in ranked.product.tolist():
        unknown = shelf.model is not None and product >= shelf.known
        code, rests_on = given.get(product, ("new" if unknown else "popular", None))
        if product in pins:
            code, rests_on = "pinned", None
        elif code == "session" and rests_on in cart:
            code = "cart"
        found.append(worded(shelf, code, rests_on))
    return found


def _personal(case: Case, ranked: Ranked) -> dict[int, tuple[str, int | None]]:
    model, who = case.shelf.model, case.who
    if model is None or who is None:
        return {}
    known = np.asarray(ranked.product[ranked.product < case.shelf.known])
    return dict(zip(known.tolist(), model.reasons(who, known), strict=True))
