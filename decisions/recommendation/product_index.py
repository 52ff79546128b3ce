"""What may be shown, in arrays: one frozen index, the release and the stores' facts together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from decisions.recommendation.forgotten import ForgottenNames, ForgottenPeople
from decisions.recommendation.product_labels import Labels
from decisions.recommendation.recent_activity import RecentActivity
from models.base import Release
from models.recommendation import Recommender

Mask = NDArray[np.bool_]
Floats = NDArray[np.floating]
Ints = NDArray[np.integer]
Rows = tuple[int, ...]

_FIRST_LOOK = 512


@dataclass(frozen=True)
class BestStock:
    """A warehouse (-1: nobody there counts it) and an amount for every product."""

    warehouse: Ints
    amount: Floats


@dataclass(frozen=True, repr=False)
class ProductIndex:
    """Product arrays, all in the order of `products`: the model's own first, then the new ones.

    as_of: the time all of it is true of. known: how many products the model knows. listed: in the
    products table (all, without one). early: launched later. gone: discontinued. price: in the base
    currency, NaN unknown. sales: of the last 28 days. durable: bought once and for long. variants:
    a number an article, the same for its sizes and colours. activity: of people beyond the model.
    stock:
    warehouses × products, on hand less reserved; NaN where nobody counts, and what no warehouse
    counts (not `tracked`) is taken to be there. serves: countries of each warehouse; None: there
    are no warehouses, everything ships everywhere. hides: person -> product -> when. newest: of
    what the model does not know, the latest launched; look_alikes: the known products most like
    each. fresh: launched lately; on_sale: discounted by a promotion that runs (empty: none is).
    The dictionaries keep what was worked out once: they hold what is true of this index for good.
    """

    as_of: datetime
    release: Release | None
    model: Recommender | None
    products: tuple[str, ...]
    place: Mapping[str, int]
    known: int
    titles: pa.StringArray
    listed: Mask
    early: Mask
    gone: Mask
    price: Floats
    categories: Labels
    areas: Labels
    brands: Labels
    sales: Floats
    durable: Mask
    variants: Ints
    activity: RecentActivity
    warehouses: tuple[str, ...]
    serves: tuple[frozenset[str], ...] | None
    stock: Floats
    tracked: Mask
    hides: Mapping[str, Mapping[str, datetime]]
    newest: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    look_alikes: Ints | None = None
    forgotten: ForgottenPeople | ForgottenNames | None = None
    fresh: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))
    on_sale: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))
    shared: dict[tuple[Rows, bool], Mask] = field(default_factory=dict)
    _stocked: dict[Rows, Mask] = field(default_factory=dict)
    _best: dict[Rows, BestStock] = field(default_factory=dict)
    _orders: dict[int, Ints] = field(default_factory=dict)
    _reach: dict[str | None, Rows] = field(default_factory=dict)

    def reusing(self, former: "ProductIndex") -> "ProductIndex":
        """This index with the former index's texts and labels where they are equal.

        What is new of a rebuild lies strewn among all that it needed for a moment only, and would
        keep hold of that memory.
        """
        return replace(
            self,
            titles=former.titles if self.titles.equals(former.titles) else self.titles,
            categories=self.categories.reusing(former.categories),
            areas=self.areas.reusing(former.areas),
            brands=self.brands.reusing(former.brands),
            warehouses=former.warehouses
            if self.warehouses == former.warehouses
            else self.warehouses,
            serves=former.serves if self.serves == former.serves else self.serves,
            hides=former.hides if self.hides == former.hides else self.hides,
        )

    @property
    def has_variants(self) -> bool:
        """Whether some products are sizes or colours of one article."""
        return bool(len(self.variants)) and int(self.variants.max()) >= len(self.products)

    def is_forgotten(self, customer_id: str) -> bool:
        """Whether a customer was erased after the model was made, which still holds their past."""
        return self.forgotten is not None and self.forgotten.is_forgotten(customer_id)

    def places(self, products: Sequence[str]) -> list[int]:
        """Positions of the products the index has; others are left out."""
        return [self.place[product] for product in products if product in self.place]

    def whole_articles(self, products: Sequence[str]) -> list[str]:
        """The products, with all other sizes and colours of the same articles."""
        return [self.products[place] for place in self.article_places(self.places(products))]

    def article_places(self, places: Sequence[int]) -> list[int]:
        """Positions, with those of all other sizes and colours of the same articles."""
        if not self.has_variants or not places:
            return list(places)
        return np.flatnonzero(np.isin(self.variants, self.variants[list(places)])).tolist()

    def shipping(self, country: str | None) -> Rows:
        """Warehouses that ship to a country; all of them when none is named."""
        if country not in self._reach:
            every = range(len(self.warehouses))
            self._reach[country] = (
                tuple(every)
                if self.serves is None or country is None
                else tuple(i for i in every if not self.serves[i].isdisjoint({country, "*"}))
            )
        return self._reach[country]

    def delivers(self, country: str | None) -> bool:
        """Whether anything can be shipped there."""
        return self.serves is None or not self.warehouses or bool(self.shipping(country))

    def in_stock(self, country: str | None) -> Mask:
        """Products in stock in a warehouse that ships there, or that nobody counts."""
        rows = self.shipping(country)
        if rows not in self._stocked:
            there = self.stock[list(rows)] > 0
            self._stocked[rows] = np.asarray(there.any(axis=0) | ~self.tracked)
        return self._stocked[rows]

    def best_stock(self, country: str | None) -> BestStock:
        """For every product the shipping warehouse with most of it."""
        rows = self.shipping(country)
        if rows not in self._best:
            self._best[rows] = _best_stock(self.stock, rows)
        return self._best[rows]

    def market(self, country: str | None) -> int:
        """The model's row of a market; -1: everywhere."""
        if self.model is None or country is None:
            return -1
        return int(self.model.sources.markets.find([country])[0])

    def trending(self, market: int, limit: int, eligible: Mask) -> Ints:
        """The eligible products that sell best in a market (-1: everywhere), new ones last.

        market: the model's row of it; limit: at most so many products; eligible: by product of the
        index, whether it may be shown.
        """
        order = self._order(market)
        look = max(_FIRST_LOOK, 4 * limit)
        while True:
            head = order[:look]
            found = head[eligible[head]][:limit]
            if len(found) == limit or look >= len(order):
                return found
            look *= 8

    def selling(self, market: int, products: Ints) -> NDArray[np.float64]:
        """How well products sell in a market: the logarithm of a share of sales."""
        if self.model is None:
            return np.asarray(np.log(self.sales[products] + 1e-3), dtype=np.float64)
        trend = self.model.sources.popularity.trend[market]
        share = np.zeros(len(products))
        known = products < self.known
        share[known] = trend[products[known]]
        return np.asarray(np.log(share + 1e-9), dtype=np.float64)

    def _order(self, market: int) -> Ints:
        if market not in self._orders:
            every = np.arange(len(self.products))
            order = np.lexsort((every, -self.sales, -self.selling(market, every)))
            self._orders[market] = order.astype(np.int32)
        return self._orders[market]


def _best_stock(stock: Floats, rows: Sequence[int]) -> BestStock:
    size = stock.shape[1]
    if not rows:
        return BestStock(np.full(size, -1), np.zeros(size))
    there = np.where(np.isnan(stock[list(rows)]), -np.inf, stock[list(rows)])
    amount = there.max(axis=0)
    warehouse = np.asarray(rows)[there.argmax(axis=0)]
    return BestStock(np.where(np.isfinite(amount), warehouse, -1).astype(np.int32), amount)
