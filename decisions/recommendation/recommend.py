"""One answer: the rules first, then the pool, then the places, then the words."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from decisions.recommendation.diversify import falling, pinned, spread, weighed
from decisions.recommendation.fallback import EVERYWHERE, MARKET, NOTHING, filled, pool, who_asks
from decisions.recommendation.product_index import Mask, Shelf
from decisions.recommendation.query import NO_VISIT, Answer, Ask, Item, Reason, Visit
from decisions.recommendation.reasons import reasons, worded
from decisions.recommendation.rules import Case, eligible
from models.recommendation import Ranked


def recommend(shelf: Shelf, ask: Ask, visit: Visit = NO_VISIT, *, hurry: bool = False) -> Answer:
    """The best eligible products: `limit` of them, or all when there are fewer; each once.

    hurry: there is no time left for the personal steps.
    """
    case = case_of(shelf, ask, visit)
    allowed = eligible(case)
    ranked, served_by = _arranged(case, allowed, hurry=hurry)
    shown = pinned(shelf, ranked, ask, allowed)
    given = reasons(case, shown, personal=_personal(served_by)) if ask.explain else None
    return Answer(_listed(shelf, ask, shown, given), served_by, _degraded(shelf))


def trending(shelf: Shelf, ask: Ask, visit: Visit = NO_VISIT) -> Answer:
    """What sells now in a market."""
    return recommend(shelf, replace(ask, personal=False), visit)


def similar(
    shelf: Shelf,
    product_id: str,
    ask: Ask,
    visit: Visit = NO_VISIT,
    *,
    together: bool = False,
) -> Answer:
    """Products like one, or bought with it; filled up with its category's and then all others."""
    ask = replace(ask, exclude=(*ask.exclude, product_id))
    case = case_of(shelf, ask, visit)
    allowed = eligible(case)
    code, here = ("bought_together" if together else "similar_to"), shelf.place.get(product_id)
    wanted = _wanted(ask, visit)
    near = NOTHING
    if shelf.model is not None and here is not None and here < shelf.known:
        find = shelf.model.bought_together if together else shelf.model.similar
        near = find(here, limit=wanted, eligible=allowed[: shelf.known])
    alike = _same_category(case, here, near, wanted, allowed)
    market = case.who.market if case.who is not None else -1
    ranked = filled(shelf, alike, wanted, allowed, market)
    chosen, _ = spread(shelf, weighed(shelf, ranked, ask, visit), ask)
    shown = pinned(shelf, chosen, ask, allowed)
    tied = set(near.product.tolist())
    popular, because = worded(shelf, "popular"), worded(shelf, code, here)
    given = [because if product in tied else popular for product in shown.product.tolist()]
    given = given if ask.explain else []
    served_by = code if tied else "same_category" if len(alike.product) else _selling(market)
    return Answer(_listed(shelf, ask, shown, given), served_by, _degraded(shelf))


def rerank(shelf: Shelf, products: Sequence[str], ask: Ask, visit: Visit = NO_VISIT) -> Answer:
    """The products given that may be shown, the one this person likes best first; each once."""
    case = case_of(shelf, ask, visit)
    among = np.zeros(len(shelf.products), dtype=bool)
    among[shelf.places(products)] = True
    allowed = eligible(case) & among
    ranked, served_by = _arranged(case, allowed)
    given = reasons(case, ranked, personal=_personal(served_by)) if ask.explain else None
    return Answer(_listed(shelf, ask, ranked, given), served_by, _degraded(shelf))


def case_of(shelf: Shelf, ask: Ask, visit: Visit) -> Case:
    """The question with what is known of who asks."""
    case = Case(shelf, ask, visit)
    return replace(case, who=who_asks(case))


def _wanted(ask: Ask, visit: Visit) -> int:
    """How many products must be looked at to fill the places."""
    plain = not (ask.diversity or ask.caps or ask.boosts or visit.unmoved)
    return ask.limit if plain else 5 * ask.limit + 20


def _arranged(case: Case, allowed: Mask, *, hurry: bool = False) -> tuple[Ranked, str]:
    """The places in order, and which step served; a cap that empties a place widens the pool."""
    wanted = _wanted(case.ask, case.visit)
    while True:
        found, served_by = pool(case, allowed, wanted, hurry=hurry)
        places, held = spread(
            case.shelf, weighed(case.shelf, found, case.ask, case.visit), case.ask
        )
        if held or len(found.product) < wanted:
            return Ranked(places.product, falling(places.score)), served_by
        wanted *= 8


def _same_category(
    case: Case, here: int | None, near: Ranked, wanted: int, allowed: Mask
) -> Ranked:
    code = case.shelf.categories.code
    if here is None or code[here] < 0 or len(near.product) >= wanted:
        return near
    market = case.who.market if case.who is not None else -1
    return filled(case.shelf, near, wanted, allowed & (code == code[here]), market)


def _personal(served_by: str) -> bool:
    return served_by not in {MARKET, EVERYWHERE}


def _degraded(shelf: Shelf) -> str:
    return "" if shelf.model is not None else "no_model"


def _selling(market: int) -> str:
    return MARKET if market >= 0 else EVERYWHERE


def _listed(
    shelf: Shelf, ask: Ask, ranked: Ranked, given: Sequence[Reason] | None
) -> tuple[Item, ...]:
    """The products with their reasons and where they are."""
    best = shelf.best_stock(ask.country)
    rows = best.warehouse[ranked.product].tolist()
    amounts = best.amount[ranked.product].tolist()
    return tuple(
        Item(
            product_id=shelf.products[product],
            score=score,
            reason=given[i] if given else None,
            warehouse_id=shelf.warehouses[row] if row >= 0 else None,
            on_hand=amount if row >= 0 else None,
        )
        for i, (product, score, row, amount) in enumerate(
            zip(ranked.product.tolist(), ranked.score.tolist(), rows, amounts, strict=True)
        )
    )
