"""New products: what the model never saw is worth what the products most like it are worth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.recommendation.catalogue import Catalogue
from models.recommendation.selection import top

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]

# Twins a new product has, and how many of them, the best scored, speak for it.
_TWINS, _SPEAK = 10, 3
# How far another brand is, in log price: as far as three times the price.
_OTHER_BRAND = 1.1


@dataclass(frozen=True)
class Attributes:
    """New products, one entry each: category path, brand, price in the base currency (NaN)."""

    category: Sequence[str | None]
    brand: Sequence[str | None]
    price: Floats


def find_twins(listed: Catalogue, new: Attributes) -> Ints:
    """New products × 10: the known products most like each, the nearest first; -1: no more.

    Like are products of the same category, else of the same aisle; among them the same brand and a
    near price come first. Without a category it is the same brand; else there are none.
    """
    category = listed.categories.find([name or "" for name in new.category])
    aisle = listed.aisles.find([(name or "").split("/")[0] for name in new.category])
    brand = listed.brands.find([name or "" for name in new.brand])
    price = np.log1p(new.price)
    twins = np.full((len(category), _TWINS), -1, dtype=np.int64)
    for place in range(len(category)):
        like = _like(listed, int(category[place]), int(aisle[place]), int(brand[place]))
        far = np.abs(np.nan_to_num(listed.price[like] - price[place], nan=_OTHER_BRAND))
        far = far + _OTHER_BRAND * (listed.brand[like] != brand[place])
        near = like[top(-far.astype(np.float64), _TWINS)]
        twins[place, : len(near)] = near
    return twins


def _like(listed: Catalogue, category: int, aisle: int, brand: int) -> Ints:
    for column, code in ((listed.category, category), (listed.aisle, aisle), (listed.brand, brand)):
        found = np.flatnonzero(column == code) if code >= 0 else np.empty(0, dtype=np.int64)
        if len(found):
            return found
    return np.empty(0, dtype=np.int64)


def twin_scores(twins: Ints, product: Ints, score: Floats, *, size: int) -> NDArray[np.float64]:
    """A score for each new product: the mean of its three best twins; the lowest for no candidate.

    product, score: the candidates of one person; size: how many products the model knows.
    """
    floor = float(score.min()) if len(score) else 0.0
    known = np.full(size + 1, floor)  # the last is for -1: no twin
    known[product] = score
    said = np.sort(known[twins], axis=1)[:, -_SPEAK:]
    return np.asarray(said.mean(axis=1), dtype=np.float64)
