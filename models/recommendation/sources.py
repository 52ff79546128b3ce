"""The sources of candidates, learned from one log: purchases, tastes, neighbours, what sells."""

from dataclasses import dataclass

import pandas as pd

from models.recommendation.catalogue import Catalogue, describe_catalogue
from models.recommendation.graph_filter import fit_graph_filter
from models.recommendation.id_index import IdIndex
from models.recommendation.neighbours import (
    Neighbours,
    baskets_of,
    fit_co_purchase,
    fit_cosine,
    fit_random_walk,
    fit_similar_people,
)
from models.recommendation.popularity import Popularity, measure_popularity
from models.recommendation.purchase_history import (
    PurchaseHistory,
    describe_history,
    encode_interactions,
)
from models.recommendation.returning import Returning, measure_returning

# Neighbours of the plain rules, which are as a colleague would build them: products, people.
ITEM_NEIGHBOURS, SIMILAR_PEOPLE = 100, 100


@dataclass(frozen=True)
class Sources:
    """All that is learned but the ranking.

    graph_filter: what people of a taste like next, in the long run; random_walk: liked by the same
    people, popular ends damped; item_knn: bought by the same people, by cosine; user_knn: people
    who bought the same, by cosine; co_purchase: bought in the same baskets. end: the newest
    interaction, in days since 1970; everything is described as of then.
    """

    people: IdIndex
    products: IdIndex
    markets: IdIndex
    catalogue: Catalogue
    history: PurchaseHistory
    graph_filter: Neighbours
    random_walk: Neighbours
    item_knn: Neighbours
    user_knn: Neighbours
    co_purchase: Neighbours
    popularity: Popularity
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
    """Learn every source from the same interactions.

    frame: columns as features.recommendation.INTERACTIONS, `purchase` the kind to foretell.
    factors, ties: of the graph filter; neighbours, damping: of the random walk and the baskets;
    seed: of the graph filter's decomposition.
    """
    log = encode_interactions(frame)
    history = describe_history(log)
    size = len(log.products)
    likes, bought = history.likes(size), history.bought_once(size)
    held = baskets_of(log.basket[log.bought], log.product[log.bought], size)
    catalogue = describe_catalogue(frame, log)
    return Sources(
        people=log.people,
        products=log.products,
        markets=log.markets,
        catalogue=catalogue,
        history=history,
        graph_filter=fit_graph_filter(likes, factors=factors, keep=ties, seed=seed),
        random_walk=fit_random_walk(likes, keep=neighbours, damping=damping),
        item_knn=fit_cosine(bought, keep=ITEM_NEIGHBOURS),
        user_knn=fit_similar_people(bought, keep=SIMILAR_PEOPLE),
        co_purchase=fit_co_purchase(held, keep=neighbours),
        popularity=measure_popularity(log, history, catalogue.category),
        returning=measure_returning(log, history, catalogue.category),
        end=log.end,
    )
