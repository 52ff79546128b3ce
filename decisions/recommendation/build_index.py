"""An index from the stores: everything an answer needs, read as of a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.money import to_base
from decisions.privacy import keyed
from decisions.recommendation.forgotten import ForgottenPeople
from decisions.recommendation.product_index import Mask, ProductIndex
from decisions.recommendation.product_labels import Labels, labels
from decisions.recommendation.recent_activity import read_recent_activity
from decisions.runtime import Runtime
from features.recommendation import hidden
from models.base import Release
from models.recommendation import NewProducts, Recommender

# So many products that nobody has bought yet are looked at for each person.
_MOST_NEW = 1_000
# A product is new for so long after its launch.
_FRESH = np.timedelta64(90, "D")


def build(
    runtime: Runtime,
    release: Release | None,
    as_of: datetime,
    former: ProductIndex | None = None,
    told: pd.DataFrame | None = None,
) -> ProductIndex:
    """Read everything an answer needs, as of a time.

    Texts stay Arrow's: as an object each, those of a large shop would be strewn over memory that is
    never given back. The products' names are the former index's where it has them.

    runtime: the stores to read; release: the model in use, None: an index without a model; as_of:
    nothing known later counts; former: the index in use until now, None: there is none; told: hides
    that the lake may not have yet, rows of the events table.
    """
    model = release.model if release and isinstance(release.model, Recommender) else None
    listed = runtime.lake.read("products", as_of=as_of, arrow_text=True)
    listed = listed.drop_duplicates("product_id", keep="last")
    stock = newest_stock(runtime.lake.read("stock", as_of=as_of, arrow_text=True))
    activity = read_recent_activity(runtime.lake, model, as_of)
    own = _own(model)
    sold = pa.array(list(activity.sales), pa.string())
    names = _names(own, [*(_array(each["product_id"]) for each in (listed, stock)), sold])
    products, place = _places(names, former)
    catalogue = _Rows.of(listed, names)
    warehouses = runtime.lake.read("warehouses")
    where, amounts = _stock(stock, warehouses, names)
    categories, brands = catalogue.texts("category"), catalogue.texts("brand")
    price = _price(runtime, catalogue, as_of)
    labelled = labels(categories, path=True)
    newest = _newest(catalogue, len(own))
    new = NewProducts(
        categories.take(newest).to_pylist(), brands.take(newest).to_pylist(), price[newest]
    )
    return ProductIndex(
        as_of=as_of,
        release=release,
        model=model,
        products=products,
        place=place,
        known=len(own),
        titles=catalogue.texts("title"),
        listed=catalogue.there if len(listed) else np.ones(len(names), dtype=bool),
        early=catalogue.times("launched_on") > _moment(as_of),
        gone=catalogue.times("discontinued_on") <= _moment(as_of),
        price=price,
        categories=labelled,
        areas=labels(pc.list_element(pc.split_pattern(categories, "/", max_splits=1), 0)),
        brands=labels(brands),
        sales=np.array([activity.sales.get(name, 0.0) for name in products]),
        durable=durable_products(model, labelled.code),
        variants=_variants(listed, catalogue, len(names)),
        activity=activity,
        forgotten=_forgotten(runtime, release),
        warehouses=where,
        serves=_serves(runtime, warehouses, where),
        stock=amounts,
        tracked=np.asarray((~np.isnan(amounts)).any(axis=0)),
        hides=_hides_by_person(runtime, as_of, told),
        newest=newest,
        fresh=_fresh(catalogue, as_of),
        on_sale=_on_sale(runtime.lake.read("promotions", as_of=as_of), place, labelled, as_of),
        look_alikes=model.look_alikes(new) if model is not None and len(newest) else None,
    )


@dataclass(frozen=True)
class _Rows:
    """A frame's rows in the order of the index's products. row: n, null where it has none."""

    frame: pd.DataFrame
    row: pa.Array

    @classmethod
    def of(cls, frame: pd.DataFrame, names: pa.StringArray) -> Self:
        """The row of each product, by the frame's product_id."""
        return cls(frame, pc.index_in(names, value_set=_array(frame["product_id"])))

    @property
    def there(self) -> Mask:
        """Which products have a row."""
        return np.asarray(pc.is_valid(self.row).to_numpy(zero_copy_only=False))

    def texts(self, column: str) -> pa.StringArray:
        """A text column, a value a product; null where it is unknown."""
        return _array(self.frame[column]).take(self.row)

    def numbers(self, column: str) -> NDArray[np.float64]:
        """A column of numbers, a value a product; NaN where it is unknown."""
        return self._taken(self.frame[column].to_numpy(dtype=float))

    def times(self, column: str) -> NDArray[np.datetime64]:
        """A column of times in UTC, a value a product; NaT where it is unknown."""
        return self._taken(self.frame[column].to_numpy(dtype="datetime64[ns]"))

    def _taken(self, values: NDArray[Any]) -> NDArray[Any]:
        taken = pa.array(values, from_pandas=True).take(self.row)
        return np.asarray(taken.to_numpy(zero_copy_only=False), dtype=values.dtype)


def _array(column: pd.Series) -> pa.StringArray:
    """A text column as one array."""
    return pa.chunked_array(pa.array(column)).combine_chunks()


def _own(model: Recommender | None) -> pa.StringArray:
    """The products the model knows, in its order."""
    if model is None:
        return pa.array([], pa.string())
    return pa.array(model.sources.products.names).cast(pa.string())


def _names(own: pa.StringArray, others: Sequence[pa.StringArray]) -> pa.StringArray:
    """The model's own, then all others by name."""
    every = pc.unique(pa.chunked_array(others, pa.string()))
    more = every.filter(pc.invert(pc.is_in(every, value_set=own)))
    return pa.concat_arrays([own, more.take(pc.array_sort_indices(more))])


def _places(
    names: pa.StringArray, former: ProductIndex | None
) -> tuple[tuple[str, ...], Mapping[str, int]]:
    """The products, and the place of each."""
    if former is None:
        products = tuple(names.to_pylist())
    else:
        known = pa.array(former.products, pa.string())
        if names.equals(known):
            return former.products, former.place
        before = pc.fill_null(pc.index_in(names, value_set=known), -1).to_numpy()
        products = tuple(
            former.products[old] if old >= 0 else names[new].as_py()
            for new, old in enumerate(before)
        )
    return products, {product: place for place, product in enumerate(products)}


def _newest(catalogue: _Rows, known: int) -> NDArray[np.int64]:
    """Places of what the model does not know, the latest launched first; not all of a long tail."""
    launched = pd.Series(catalogue.times("launched_on")).iloc[known:]
    latest = launched.sort_values(ascending=False, kind="stable", na_position="last")
    return latest.index.to_numpy(dtype=np.int64)[:_MOST_NEW]


def _fresh(catalogue: _Rows, as_of: datetime) -> Mask:
    """What was launched lately."""
    age = _moment(as_of) - catalogue.times("launched_on")
    return np.asarray((age >= np.timedelta64(0, "D")) & (age <= _FRESH))


def _on_sale(
    promotions: pd.DataFrame, place: Mapping[str, int], categories: Labels, as_of: datetime
) -> Mask:
    """What a promotion with a discount is on, of the product or of its category."""
    answer = np.zeros(len(place), dtype=bool)
    now = pd.Timestamp(as_of)
    start = promotions["starts_on"].dt.floor("D")
    end = promotions["ends_on"].fillna(start).dt.floor("D") + pd.Timedelta(days=1)
    running = promotions[(start <= now) & (now < end) & (promotions["discount"] > 0)]
    named = running["product_id"].dropna().unique()
    answer[[place[product] for product in named if product in place]] = True
    if "category" in running:
        wide = running.loc[running["product_id"].isna(), "category"].dropna().unique()
        if len(wide):
            answer |= categories.among(tuple(wide))
    return answer


def _moment(as_of: datetime) -> np.datetime64:
    return pd.Timestamp(as_of).tz_convert("UTC").tz_localize(None).to_datetime64()


def _price(runtime: Runtime, catalogue: _Rows, as_of: datetime) -> NDArray[np.float64]:
    amount = pd.Series(catalogue.numbers("price"))
    # By its few codes: each text once.
    currency = catalogue.texts("currency").dictionary_encode().to_pandas().astype(object)
    rates = runtime.lake.read("fx_rates", as_of=as_of)
    when = pd.Series(pd.Timestamp(as_of), index=amount.index)
    base = runtime.settings.base_currency
    return to_base(amount, currency, when, rates, base).to_numpy(dtype=float)


def _forgotten(runtime: Runtime, release: Release | None) -> ForgottenPeople | None:
    """Who was erased since the release was made; without one nobody needs forgetting."""
    if release is None:
        return None
    home = runtime.settings.home
    return ForgottenPeople(
        home / "receipts", release.cut_off, lambda customer_id: keyed(home)(customer_id)
    )


def durable_products(model: Recommender | None, category: NDArray[np.int32]) -> Mask:
    """Which products nobody needs twice: hardly anybody who has one buys it again.

    category: a code by product of the index, -1: unknown. What the model does not know is taken to
    be as most of its category is that the model knows; without a model nothing is durable.
    """
    durable = np.zeros(len(category), dtype=bool)
    if model is None:
        return durable
    known = len(model.sources.products)
    durable[:known] = model.is_durable(np.arange(known))
    # Codes from 0, so that products without a category (-1) are counted apart, and not at all.
    number = np.bincount(category[:known] + 1, minlength=int(category.max(initial=-1)) + 2)
    lasting = np.bincount(category[:known] + 1, durable[:known], minlength=len(number))
    mostly = 2 * lasting > number
    mostly[0] = False
    durable[known:] = mostly[category[known:] + 1]
    return durable


def _variants(listed: pd.DataFrame, catalogue: _Rows, size: int) -> NDArray[np.int64]:
    """The article of each product: sizes and colours of one have the same number."""
    own = np.arange(size, dtype=np.int64)
    if "parent_id" not in listed:
        return own
    encoded = catalogue.texts("parent_id").dictionary_encode()
    code = pc.fill_null(encoded.indices, -1).to_numpy()
    return np.where(code >= 0, size + code.astype(np.int64), own)


def newest_stock(stock: pd.DataFrame) -> pd.DataFrame:
    """The last count of each product in each warehouse; stock: rows of the stock table."""
    ordered = stock.sort_values("observed_at", kind="stable")
    return ordered.drop_duplicates(["warehouse_id", "product_id"], keep="last")


def _stock(
    stock: pd.DataFrame, warehouses: pd.DataFrame, products: pa.StringArray
) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    counted = _array(stock["warehouse_id"])
    names = tuple(sorted({*warehouses["warehouse_id"], *counted.unique().to_pylist()}))
    amounts = np.full((len(names), len(products)), np.nan, dtype=np.float32)
    row = pc.index_in(counted, value_set=pa.array(names, pa.string())).to_numpy()
    column = pc.index_in(_array(stock["product_id"]), value_set=products).to_numpy()
    free = stock["on_hand"] - stock["reserved"].fillna(0.0)
    amounts[row, column] = free.to_numpy(dtype=np.float32)
    return names, amounts


def _serves(
    runtime: Runtime, warehouses: pd.DataFrame, names: Sequence[str]
) -> tuple[frozenset[str], ...] | None:
    """Countries each warehouse ships to; one that does not say: home and where it has shipped."""
    if warehouses.empty:
        return None
    silent = warehouses["serves"].fillna("") == ""
    shipped = _shipped(runtime) if silent.any() else {}
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


def _shipped(runtime: Runtime) -> Mapping[str, set[str]]:
    """The markets of each warehouse's orders."""
    orders = runtime.lake.read("orders", columns=["warehouse_id", "market", "ordered_at"])
    pairs = orders[["warehouse_id", "market"]].dropna().drop_duplicates()
    return {
        str(name): set(group["market"]) for name, group in pairs.groupby("warehouse_id", sort=True)
    }


def _hides_by_person(
    runtime: Runtime, as_of: datetime, told: pd.DataFrame | None
) -> Mapping[str, Mapping[str, datetime]]:
    """Who hid what, and when: person -> product -> time.

    runtime: whose lake is read; as_of: nothing known later counts; told: more rows of the events
    table, of any time.
    """
    names = ["event_id", "customer_id", "visitor_id", "product_id", "kind", "occurred_at", "market"]
    wanted = {"kind": ["hide", "unhide"]}
    events = runtime.lake.read("events", as_of=as_of, columns=names, where=wanted)
    if told is not None and len(told):
        times = pd.to_datetime(told["occurred_at"], utc=True)
        events = pd.concat([events, told[names].assign(occurred_at=times)], ignore_index=True)
    found = hidden(events, runtime.lake.read("identities", as_of=as_of))
    return {
        str(who): {
            str(product): at.to_pydatetime()
            for product, at in zip(part["product_id"], part["occurred_at"], strict=True)
        }
        for who, part in found.groupby("customer_id")
    }
