"""The sources of candidates, learned from one log: habits, taste, neighbours, what sells."""

from dataclasses import dataclass

import pandas as pd

from models.recommendation.catalogue import Catalogue, catalogue
from models.recommendation.history import Habits, encode, habits
from models.recommendation.ids import Ids
from models.recommendation.neighbours import Neighbours, baskets_of, fit_neighbours
from models.recommendation.popularity import Popularity, popularity
from models.recommendation.returning import Returning, returning
from models.recommendation.taste import fit_taste


@dataclass(frozen=True)
class Sources:
    """All that is learned but the ranking.

    taste: what people of a taste like next, in the long run; neighbours: liked by the same people;
    together: bought in the same baskets. end: the newest interaction, in days since 1970;
    everything is described as of then.
    """

    people: Ids
    products: Ids
    markets: Ids
    catalogue: Catalogue
    habits: Habits
    taste: Neighbours
    neighbours: Neighbours
    together: Neighbours
    sells: Popularity
    returning: Returning
    end: float


def learn_sources(
    frame: pd.DataFrame,
    *,
    factors: int,
    ties: int,
    neighbours: int,
    damping: float,
    seed: int,
) -> Sources:
    """Learn every source from the same interactions."""
    log = encode(frame)
    people = habits(log)
    size = len(log.products)
    likes = people.likes(size)
    held = baskets_of(log.basket[log.bought], log.product[log.bought], size)
    listed = catalogue(frame, log)
    return Sources(
        people=log.people,
        products=log.products,
        markets=log.markets,
        catalogue=listed,
        habits=people,
        taste=fit_taste(likes, factors=factors, keep=ties, seed=seed),
        neighbours=fit_neighbours(likes, keep=neighbours, damping=damping),
        together=fit_neighbours(held, keep=neighbours, damping=damping),
        sells=popularity(log, people),
        returning=returning(log, people, listed.category),
        end=log.end,
    )
