"""What is like what: products similar to one, and known products that speak for a new one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.recommendation.catalogue import Catalogue
from models.recommendation.selection import top_positions
from models.recommendation.sources import Sources

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]

# Look-alikes a new product has, and how many of them, the best scored, speak for it.
_LOOK_ALIKES, _SPEAK = 10, 3
# How far another brand is, in log price: as far as three times the price.
_OTHER_BRAND = 1.1


@dataclass(frozen=True)
class NewProducts:
    """New products, one entry each: category path, brand, price in the base currency (NaN)."""

    category: Sequence[str | None]
    brand: Sequence[str | None]
    price: Floats


def find_look_alikes(listed: Catalogue, new: NewProducts) -> Ints:
    """New products × 10: the known products most like each, the nearest first; -1: no more.

    Like are products of the same category, else of the same aisle; among them the same brand and a
    near price come first. Without a category it is the same brand; else there are none.

    listed: the products the model knows; new: those it does not know.
    """
    category = listed.categories.find([name or "" for name in new.category])
    aisle = listed.aisles.find([(name or "").split("/")[0] for name in new.category])
    brand = listed.brands.find([name or "" for name in new.brand])
    price = np.log1p(new.price)
    look_alikes = np.full((len(category), _LOOK_ALIKES), -1, dtype=np.int64)
    for place in range(len(category)):
        like = _like(listed, int(category[place]), int(aisle[place]), int(brand[place]))
        far = np.abs(np.nan_to_num(listed.price[like] - price[place], nan=_OTHER_BRAND))
        far = far + _OTHER_BRAND * (listed.brand[like] != brand[place])
        near = like[top_positions(-far.astype(np.float64), _LOOK_ALIKES)]
        look_alikes[place, : len(near)] = near
    return look_alikes


def _like(listed: Catalogue, category: int, aisle: int, brand: int) -> Ints:
    for column, code in ((listed.category, category), (listed.aisle, aisle), (listed.brand, brand)):
        found = np.flatnonzero(column == code) if code >= 0 else np.empty(0, dtype=np.int64)
        if len(found):
            return found
    return np.empty(0, dtype=np.int64)


def look_alike_scores(
    look_alikes: Ints, product: Ints, score: Floats, *, size: int
) -> NDArray[np.float64]:
    """A score for each new product: the mean of its three best look-alikes.

    The lowest score of all where none of them is a candidate.

    look_alikes: new products × 10, positions of known products, -1: no more; product, score: the
    candidates of one person; size: how many products the model knows.
    """
    floor = float(score.min()) if len(score) else 0.0
    known = np.full(size + 1, floor)  # the last is for -1: no look-alike
    known[product] = score
    said = np.sort(known[look_alikes], axis=1)[:, -_SPEAK:]
    return np.asarray(said.mean(axis=1), dtype=np.float64)


# What makes products similar: the same category, its first part, the brand, a near price, and the
# same people.
_CATEGORY, _AISLE, _BRAND, _PRICE, _PEOPLE = 1.0, 0.35, 0.3, 0.25, 0.6


def similar_by_content(sources: Sources, product: int) -> NDArray[np.float64]:
    """How like one product every product is; 0: not at all, and for itself.

    product: its position in the sources. The same category counts most, then being liked by the
    same people, the first part of the category's path, the brand and a near price: a price alone
    makes nothing similar.
    """
    listed = sources.catalogue
    size = len(sources.products)
    like = np.zeros(size)
    for codes, worth in (
        (listed.category, _CATEGORY),
        (listed.aisle, _AISLE),
        (listed.brand, _BRAND),
    ):
        if codes[product] >= 0:
            like += worth * (codes == codes[product])
    for table, worth in ((sources.random_walk, _PEOPLE), (sources.graph_filter, _PEOPLE / 4)):
        near, strength = table.of(product)
        if len(near):
            like[near] += worth * strength / float(strength.max())
    gap = np.nan_to_num(np.abs(listed.price - listed.price[product]), nan=_OTHER_BRAND)
    like = np.where(like > 0, like + _PRICE * np.exp(-gap), 0.0)
    like[product] = 0.0
    return np.asarray(like, dtype=np.float64)
