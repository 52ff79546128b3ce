"""Sources of candidates, all learned from one log."""

from models.recommendation.sources import learn_sources
from tests.models.recommendation.shoppers import PETS, TEA, shoppers


def test_every_source_finds_the_other_products_of_a_taste() -> None:
    learned = learn_sources(shoppers(), factors=4, ties=8, neighbours=8, damping=0.5, seed=1)
    names = learned.products
    for taste in (TEA, PETS):
        place = int(names.find([taste[0]])[0])
        for source in ("random_walk", "item_knn", "co_purchase"):
            near = names.text(getattr(learned, source).of(place)[0])
            assert set(near) <= set(taste) - {taste[0]}, source
            assert near, source


def test_it_is_described_as_of_the_newest_interaction() -> None:
    frame = shoppers()
    early = frame[frame["occurred_at"] < frame["occurred_at"].max()]
    ends = [
        learn_sources(each, factors=4, ties=8, neighbours=8, damping=0.5, seed=1).end
        for each in (early, frame)
    ]
    assert ends[0] < ends[1]
