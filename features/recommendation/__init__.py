"""What recommendation knows: who did what with which product."""

from features.recommendation.interactions import (
    INTERACTIONS,
    INTERACTIONS_VIEW,
    KIND_WEIGHTS,
    as_interactions,
    customers_of_visitors,
    hidden,
    interactions,
    person,
    priced,
)

VIEWS = (INTERACTIONS_VIEW,)
SERVICE: tuple[str, ...] = ()
NEEDS = ("orders|events",)
HISTORY: tuple[str, ...] = ()

__all__ = [
    "HISTORY",
    "INTERACTIONS",
    "INTERACTIONS_VIEW",
    "KIND_WEIGHTS",
    "NEEDS",
    "SERVICE",
    "VIEWS",
    "as_interactions",
    "customers_of_visitors",
    "hidden",
    "interactions",
    "person",
    "priced",
]
