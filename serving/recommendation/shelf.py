"""What may be shown, in arrays: one frozen shelf, the release and the stores' facts together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.money import to_base
from features.recommendation import hidden
from models.base import Release
from models.recommendation import Recommender
from serving.live import Live

Mask = NDArray[np.bool_]
Floats = NDArray[np.floating]

# A product that fewer than this share of its buyers buy again is not shown to who has it.
_REPEAT_SHARE = 0.1


@dataclass(frozen=True)
class Shelf:
    """Product arrays, all in the order of `products`: the model's own first, then the new ones.

    known: how many products the model knows. sellable: listed, launched, not discontinued.
    price: in the base currency, NaN unknown. sales: of the last 28 days, for when there is no
    model. stock: warehouses × products, on hand less reserved; tracked: products any warehouse
    counts. What nobody counts is taken to be there. reach: ship-to country -> its warehouses;
    None: there are no warehouses, everything ships everywhere. hides: person -> products.
    """

    release: Release | None
    model: Recommender | None
    products: tuple[str, ...]
    place: Mapping[str, int]
    known: int
    titles: tuple[str | None, ...]
    sellable: Mask
    price: Floats
    categories: "Labels"
    brands: "Labels"
    sales: Floats
    repeats: Mask
    warehouses: tuple[str, ...]
    serves: tuple[frozenset[str], ...] | None
    stock: Floats
    tracked: Mask
    hides: Mapping[str, frozenset[str]]
    _shippable: dict[str | None, Mask] = field(default_factory=dict)
    _best: "dict[str | None, BestStock]" = field(default_factory=dict)

    def places(self, products: Sequence[str]) -> list[int]:
        """Positions of the products the shelf has; others are left out."""
        return [self.place[product] for product in products if product in self.place]

    def shipping(self, country: str | None) -> list[int]:
        """Warehouses that ship to a country; all of them when none is named."""
        if self.serves is None or country is None:
            return list(range(len(self.warehouses)))
        return [i for i, reach in enumerate(self.serves) if country in reach or "*" in reach]

    def shippable(self, country: str | None) -> Mask:
        """Products in stock in a warehouse that ships there, or that nobody counts."""
        if country not in self._shippable:
            rows = self.shipping(country)
            there = (self.stock[rows] > 0).any(axis=0) if rows else np.zeros_like(self.tracked)
            unreached = self.serves is not None and bool(self.warehouses) and not rows
            free = np.zeros_like(self.tracked) if unreached else ~self.tracked
            self._shippable[country] = there | free
        return self._shippable[country]

    def best_stock(self, country: str | None) -> "BestStock":
        """For every product the shipping warehouse with most of it."""
        if country not in self._best:
            self._best[country] = _best_stock(self.stock, self.shipping(country))
        return self._best[country]


@dataclass(frozen=True)
class BestStock:
    """A warehouse (-1: nobody there counts it) and an amount for every product."""

    warehouse: NDArray[np.integer]
    amount: Floats


def _best_stock(stock: Floats, rows: Sequence[int]) -> BestStock:
    size = stock.shape[1]
    if not rows:
        return BestStock(np.full(size, -1), np.zeros(size))
    there = np.where(np.isnan(stock[rows]), -np.inf, stock[rows])
    amount = there.max(axis=0)
    warehouse = np.asarray(rows)[there.argmax(axis=0)]
    return BestStock(np.where(np.isfinite(amount), warehouse, -1), amount)


@dataclass(frozen=True)
class Labels:
    """A text column as codes (-1: none), and which codes a label stands for."""

    code: NDArray[np.int32]
    codes_of: Mapping[str, NDArray[np.int64]]

    def among(self, labels: Sequence[str]) -> Mask:
        """Products that bear one of the labels."""
        wanted = np.zeros(
            max(len(self.codes_of), int(self.code.max(initial=0)) + 1) + 1, dtype=bool
        )
        for label in labels:
            wanted[self.codes_of.get(label, np.empty(0, dtype=np.int64))] = True
        return wanted[self.code]


def labels(values: Sequence[str | None], *, path: bool = False) -> Labels:
    """Codes of a text column; with `path`, `a/b` also stands for everything below it."""
    code, names = pd.factorize(pd.Series(list(values), dtype=object))
    codes_of: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        parts = str(name).split("/")
        above = ["/".join(parts[: i + 1]) for i in range(len(parts))] if path else [str(name)]
        for label in above:
            codes_of.setdefault(label, []).append(number)
    return Labels(
        code.astype(np.int32),
        {label: np.array(codes, dtype=np.int64) for label, codes in codes_of.items()},
    )


def build(live: Live, release: Release | None, as_of: datetime) -> Shelf:
    """Read everything an answer needs, as of a time."""
    model = release.model if release and isinstance(release.model, Recommender) else None
    listed = live.lake.read("products", as_of=as_of).drop_duplicates("product_id", keep="last")
    profile = live.store.latest("product_profile", as_of).set_index("product_id")
    stock = live.store.latest("stock_position", as_of)
    own = model.sources.products.text(np.arange(len(model.sources.products))) if model else []
    more = sorted({*listed["product_id"], *profile.index, *stock["product_id"]} - set(own))
    products = (*own, *more)
    catalogue = listed.set_index("product_id").reindex(products)
    rates = live.lake.read("fx_rates", as_of=as_of)
    warehouses = live.lake.read("warehouses")
    names, amounts = _stock(stock, warehouses, products)
    return Shelf(
        release=release,
        model=model,
        products=products,
        place={product: i for i, product in enumerate(products)},
        known=len(own),
        titles=tuple(_texts(catalogue["title"])),
        sellable=_sellable(catalogue, set(listed["product_id"]), as_of),
        price=_price(catalogue, rates, as_of, live.settings.base_currency),
        categories=labels(_texts(catalogue["category"]), path=True),
        brands=labels(_texts(catalogue["brand"])),
        sales=profile["sales_28d"].reindex(products).fillna(0.0).to_numpy(dtype=float),
        repeats=_repeats(profile, products),
        warehouses=names,
        serves=_serves(warehouses, names),
        stock=amounts,
        tracked=np.asarray((~np.isnan(amounts)).any(axis=0)),
        hides=_hides(live, as_of),
    )


def _texts(values: pd.Series) -> list[str | None]:
    return [value if isinstance(value, str) else None for value in values]


def _sellable(catalogue: pd.DataFrame, listed: set[str], as_of: datetime) -> Mask:
    now = pd.Timestamp(as_of)
    gone = (catalogue["discontinued_on"] <= now).to_numpy(dtype=bool)
    early = (catalogue["launched_on"] > now).to_numpy(dtype=bool)
    there = catalogue.index.isin(list(listed)) if listed else np.ones(len(catalogue), dtype=bool)
    return np.asarray(there & ~gone & ~early)


def _price(
    catalogue: pd.DataFrame, rates: pd.DataFrame, as_of: datetime, base: str
) -> NDArray[np.float64]:
    when = pd.Series(pd.Timestamp(as_of), index=catalogue.index)
    price = to_base(catalogue["price"], catalogue["currency"], when, rates, base)
    return price.to_numpy(dtype=float)


def _repeats(profile: pd.DataFrame, products: Sequence[str]) -> Mask:
    """Whether people buy a product again and again; unknown: as most products are."""
    share = profile["repeat_share"].astype(float)
    typical = float(share.median()) if len(share) else 0.0
    return (share.reindex(list(products)).fillna(typical) >= _REPEAT_SHARE).to_numpy(dtype=bool)


def _stock(
    stock: pd.DataFrame, warehouses: pd.DataFrame, products: Sequence[str]
) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    names = tuple(sorted({*warehouses["warehouse_id"], *stock["warehouse_id"]}))
    amounts = np.full((len(names), len(products)), np.nan, dtype=np.float32)
    row = pd.Index(names).get_indexer(pd.Index(stock["warehouse_id"]))
    column = pd.Index(products).get_indexer(pd.Index(stock["product_id"]))
    free = stock["on_hand"] - stock["reserved"].fillna(0.0)
    amounts[row, column] = free.to_numpy(dtype=np.float32)
    return names, amounts


def _serves(warehouses: pd.DataFrame, names: Sequence[str]) -> tuple[frozenset[str], ...] | None:
    """Countries each warehouse ships to; one that does not say ships at home."""
    if warehouses.empty:
        return None
    reach = {}
    for name, country, serves in zip(
        warehouses["warehouse_id"], warehouses["country"], warehouses["serves"], strict=True
    ):
        said = serves if isinstance(serves, str) and serves else str(country)
        reach[name] = frozenset(part.strip() for part in said.split("|"))
    return tuple(reach.get(name, frozenset()) for name in names)


def _hides(live: Live, as_of: datetime) -> Mapping[str, frozenset[str]]:
    """Who hid what, in the lake and in what came by HTTP since."""
    columns = ["customer_id", "visitor_id", "product_id", "kind", "occurred_at", "market"]
    events = live.lake.read("events", as_of=as_of, columns=columns)
    pending, _ = live.records.pending("events")
    found = pd.concat([hidden(events), hidden(pending)], ignore_index=True)
    return {
        str(who): frozenset(products)
        for who, products in found.groupby("customer_id")["product_id"]
    }
