"""The sources of candidates, learned from one log: habits, factors, neighbours, what sells."""

from dataclasses import dataclass

from models.recommendation.als import Factors, fit_factors
from models.recommendation.history import Habits, Ids, Log, habits
from models.recommendation.neighbours import Neighbours, baskets_of, fit_neighbours
from models.recommendation.popularity import Popularity, popularity

# A taste in more dimensions than this many people each can tell is noise.
_PEOPLE_A_FACTOR, _FEWEST = 20, 8


@dataclass(frozen=True)
class Sources:
    """All that is learned but the blend.

    neighbours: liked by the same people; together: bought in the same baskets. end: the newest
    interaction, in days since 1970; everything is described as of then.
    """

    people: Ids
    products: Ids
    markets: Ids
    habits: Habits
    factors: Factors
    neighbours: Neighbours
    together: Neighbours
    sells: Popularity
    end: float


def learn_sources(
    log: Log,
    *,
    factors: int,
    alpha: float,
    regularization: float,
    iterations: int,
    neighbours: int,
    damping: float,
    seed: int,
) -> Sources:
    """Learn every source from the same interactions."""
    people = habits(log)
    size = len(log.products)
    likes = people.likes(size)
    held = baskets_of(log.basket[log.bought], log.product[log.bought], size)
    return Sources(
        people=log.people,
        products=log.products,
        markets=log.markets,
        habits=people,
        factors=fit_factors(
            likes,
            factors=min(factors, max(_FEWEST, len(log.people) // _PEOPLE_A_FACTOR)),
            alpha=alpha,
            regularization=regularization,
            iterations=iterations,
            seed=seed,
        ),
        neighbours=fit_neighbours(likes, keep=neighbours, damping=damping),
        together=fit_neighbours(held, keep=neighbours, damping=damping),
        sells=popularity(log, people),
        end=log.end,
    )
