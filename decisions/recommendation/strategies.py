"""What a list of a shop is for: any list may be of one kind only."""

from dataclasses import replace
from typing import Literal, get_args

from decisions.recommendation.query import ProductQuery

PlacementStrategy = Literal[
    "personal", "popular", "discover", "buy_again", "recently_viewed", "new", "on_sale"
]
STRATEGIES: tuple[PlacementStrategy, ...] = get_args(PlacementStrategy)


def with_strategy(query: ProductQuery, strategy: str | None) -> ProductQuery:
    """The question as a strategy has it; the question's own strategy comes first.

    query: as asked; strategy: one of STRATEGIES, None or "": no other than usual. discover: nothing
    the person bought before; popular: what sells, for everybody the same; the others limit what may
    be shown (`rules`), and a list may be shorter for it: buy_again to what the person bought,
    recently_viewed to what they looked at (the latest first), new to what was launched lately,
    on_sale to what a promotion with a discount is on.
    """
    wanted = query.strategy or strategy or ""
    return replace(
        query,
        strategy=wanted,
        new_only=query.new_only or wanted == "discover",
        personal=query.personal and wanted != "popular",
    )
