"""A shelf from the stores: everything an answer needs, read as of a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.money import to_base
from features.recommendation import hidden
from models.base import Release
from models.recommendation import Attributes, Recommender
from serving.live import Live
from serving.recommendation.labels import labels
from serving.recommendation.shelf import Mask, Shelf

# A product that fewer than this share of its buyers buy again is not shown to who has it.
_REPEAT_SHARE = 0.1
# So many products that nobody has bought yet are looked at for each person.
_MOST_NEW = 1_000


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
    now = pd.Timestamp(as_of)
    warehouses = live.lake.read("warehouses")
    names, amounts = _stock(stock, warehouses, products)
    categories, brands = _texts(catalogue["category"]), _texts(catalogue["brand"])
    price = _price(live, catalogue, as_of)
    newest = _newest(catalogue, len(own))
    new = Attributes([categories[i] for i in newest], [brands[i] for i in newest], price[newest])
    return Shelf(
        as_of=as_of,
        release=release,
        model=model,
        products=products,
        place={product: i for i, product in enumerate(products)},
        known=len(own),
        titles=tuple(_texts(catalogue["title"])),
        listed=_listed(products, set(listed["product_id"])),
        early=(catalogue["launched_on"] > now).to_numpy(dtype=bool),
        gone=(catalogue["discontinued_on"] <= now).to_numpy(dtype=bool),
        price=price,
        categories=labels(categories, path=True),
        areas=labels([path.split("/")[0] if path else None for path in categories]),
        brands=labels(brands),
        sales=profile["sales_28d"].reindex(products).fillna(0.0).to_numpy(dtype=float),
        repeats=_repeats(profile, products),
        warehouses=names,
        serves=_serves(live, warehouses, names),
        stock=amounts,
        tracked=np.asarray((~np.isnan(amounts)).any(axis=0)),
        hides=_hides(live, as_of),
        newest=newest,
        twins=model.twins(new) if model is not None and len(newest) else None,
    )


def _newest(catalogue: pd.DataFrame, known: int) -> NDArray[np.int64]:
    """Places of what the model does not know, the latest launched first; not all of a long tail."""
    launched = catalogue["launched_on"].reset_index(drop=True).iloc[known:]
    latest = launched.sort_values(ascending=False, kind="stable", na_position="last")
    return latest.index.to_numpy(dtype=np.int64)[:_MOST_NEW]


def _texts(values: pd.Series) -> list[str | None]:
    return [value if isinstance(value, str) else None for value in values]


def _listed(products: Sequence[str], listed: set[str]) -> Mask:
    return np.array([not listed or product in listed for product in products], dtype=bool)


def _price(live: Live, catalogue: pd.DataFrame, as_of: datetime) -> NDArray[np.float64]:
    rates = live.lake.read("fx_rates", as_of=as_of)
    when = pd.Series(pd.Timestamp(as_of), index=catalogue.index)
    base = live.settings.base_currency
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


def _serves(
    live: Live, warehouses: pd.DataFrame, names: Sequence[str]
) -> tuple[frozenset[str], ...] | None:
    """Countries each warehouse ships to; one that does not say: home and where it has shipped."""
    if warehouses.empty:
        return None
    silent = warehouses["serves"].fillna("") == ""
    shipped = _shipped(live) if silent.any() else {}
    reach = {
        name: frozenset({str(country), *shipped.get(name, ())})
        if quiet
        else frozenset(part.strip() for part in str(serves).split("|"))
        for name, country, serves, quiet in zip(
            warehouses["warehouse_id"],
            warehouses["country"],
            warehouses["serves"],
            silent,
            strict=True,
        )
    }
    return tuple(reach.get(name, frozenset()) for name in names)


def _shipped(live: Live) -> Mapping[str, set[str]]:
    """The markets of each warehouse's orders."""
    orders = live.lake.read("orders", columns=["warehouse_id", "market", "ordered_at"])
    pairs = orders[["warehouse_id", "market"]].dropna().drop_duplicates()
    return {
        str(name): set(group["market"]) for name, group in pairs.groupby("warehouse_id", sort=True)
    }


def _hides(live: Live, as_of: datetime) -> Mapping[str, frozenset[str]]:
    """Who hid what, by the lake; what came by HTTP is read with each visit."""
    columns = ["customer_id", "visitor_id", "product_id", "kind", "occurred_at", "market"]
    hides = live.lake.read("events", as_of=as_of, columns=columns, where={"kind": ["hide"]})
    return by_person(hides)


def by_person(events: pd.DataFrame) -> Mapping[str, frozenset[str]]:
    """The products each person hid."""
    return {
        str(who): frozenset(products)
        for who, products in hidden(events).groupby("customer_id")["product_id"]
    }
