"""Why a product is shown, in words."""

from dataclasses import replace

import numpy as np

from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.query import RecommendationReason
from decisions.recommendation.rules import EligibilityCase
from models.recommendation import RankedProducts

TEXTS = {
    "pinned": "Chosen by the shop",
    "buy_again": "You buy this regularly",
    "bought_before": "You bought this before",
    "session": "Goes with {title}, which you just looked at",
    "cart": "Goes with {title} in your cart",
    "similar": "People who bought {title} also bought this",
    "similar_to": "Similar to {title}",
    "bought_together": "Often in one basket with {title}",
    "popular": "Popular now",
    "new": "New in the shop",
}


def worded(index: ProductIndex, code: str, product: int | None = None) -> RecommendationReason:
    """A reason with its sentence.

    index: the products' titles; code: a key of TEXTS; product: the position of what the reason
    rests on, None: of nothing.
    """
    title = "it" if product is None else index.titles[product].as_py() or index.products[product]
    named = None if product is None else index.products[product]
    return RecommendationReason(code, TEXTS[code].format(title=title), named)


def likeness(
    index: ProductIndex, code: str, product: int | None, other: int
) -> RecommendationReason:
    """Why a product is shown beside another; what makes them similar is said as it is.

    index: the products' categories and brands; code: `similar_to` or `bought_together`; product:
    position of the one looked at, None: the index does not have it; other: of the one shown.
    """
    if code != "similar_to" or product is None:
        return worded(index, code, product)
    same = [
        name
        for name, labels in (("category", index.categories), ("brand", index.brands))
        if labels.code[product] >= 0 and labels.code[product] == labels.code[other]
    ]
    reason = worded(index, code, product)
    if not same:
        return replace(reason, text=reason.text.replace("Similar to", "Liked by those who like"))
    return replace(reason, text=f"{reason.text}: same {' and '.join(same)}")


def reasons(
    case: EligibilityCase, ranked: RankedProducts, *, personal: bool
) -> list[RecommendationReason]:
    """A reason for each product, in order.

    case: the question, with what is known of who asks; ranked: the products to be shown; personal:
    whether what is known of the person served.
    """
    index = case.index
    pins, cart = set(index.places(case.query.pins)), set(index.places(case.query.cart))
    given = _personal(case, ranked) if personal else {}
    found = []
    for product in ranked.product.tolist():
        unknown = index.model is not None and product >= index.known
        code, rests_on = given.get(product, ("new" if unknown else "popular", None))
        if product in pins:
            code, rests_on = "pinned", None
        elif code == "session" and rests_on in cart:
            code = "cart"
        found.append(worded(index, code, rests_on))
    return found


def _personal(case: EligibilityCase, ranked: RankedProducts) -> dict[int, tuple[str, int | None]]:
    model, who = case.index.model, case.who
    if model is None or who is None:
        return {}
    known = np.asarray(ranked.product[ranked.product < case.index.known])
    return dict(zip(known.tolist(), model.reasons(who, known), strict=True))
