"""What the products are: category, shelf and brand as codes, and what they are sold for."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.recommendation.id_index import IdIndex
from models.recommendation.purchase_history import InteractionLog

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Catalogue:
    """Product arrays, in the order of the log's products; -1 and NaN: unknown.

    category: the whole path; aisle: its first part; price: mean of log(1 + unit price paid).
    """

    categories: IdIndex
    aisles: IdIndex
    brands: IdIndex
    category: Ints
    aisle: Ints
    brand: Ints
    price: Floats

    def __len__(self) -> int:
        return len(self.category)


def describe_catalogue(frame: pd.DataFrame, log: InteractionLog) -> Catalogue:
    """The products of a log, in its order.

    frame: interactions, whose columns category and brand are read where it has them.
    """
    category, brand = _column(frame, log, "category"), _column(frame, log, "brand")
    aisle = category.str.split("/").str[0]
    categories, aisles, brands = IdIndex.of(category), IdIndex.of(aisle), IdIndex.of(brand)
    return Catalogue(
        categories=categories,
        aisles=aisles,
        brands=brands,
        category=categories.encode(category).astype(np.int32),
        aisle=aisles.encode(aisle).astype(np.int32),
        brand=brands.encode(brand).astype(np.int32),
        price=_price(log),
    )


def _column(frame: pd.DataFrame, log: InteractionLog, name: str) -> "pd.Series[str]":
    """A text column by product, None where the frame says nothing."""
    ids = log.products.text(np.arange(len(log.products)))
    if name not in frame:
        return pd.Series([None] * len(ids), index=ids, dtype="string")
    said = frame[["product_id", name]].dropna().drop_duplicates("product_id", keep="last")
    return said.set_index("product_id")[name].astype("string").reindex(ids)


def _price(log: InteractionLog) -> NDArray[np.float32]:
    priced = log.bought & (log.price > 0)
    size = len(log.products)
    total = np.bincount(log.product[priced], np.log1p(log.price[priced]), minlength=size)
    number = np.bincount(log.product[priced], minlength=size)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan).astype(np.float32)
