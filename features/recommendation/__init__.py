"""What recommendation knows: who did what with which product, and weekly profiles of both.

Pure functions over the merchant's tables; the views at the end are built and read by the store.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import pandas as pd

from data.money import to_base
from data.views import FeatureType, Frames, Terms, View

# What one row says, by its kind; an impression alone says nothing, a `hide` is a filter.
KIND_WEIGHTS = {"purchase": 1.0, "cart": 0.3, "view": 0.1, "impression": 0.0, "hide": 0.0}
INTERACTIONS = (
    "customer_id",
    "product_id",
    "occurred_at",
    "kind",
    "quantity",
    "weight",
    "order_id",
    "market",
    "price",
    "category",
    "brand",
)
CUSTOMER_FEATURES: Mapping[str, FeatureType] = {
    "recency_days": "float",
    "orders_count": "int",
    "orders_28d": "int",
    "order_interval_days": "float",
    "products_bought": "int",
    "rebuy_share": "float",
    "spend_91d": "float",
    "mean_unit_paid": "float",
    "main_market": "str",
    "favourite_category": "str",
    "favourite_brand": "str",
}
PRODUCT_FEATURES: Mapping[str, FeatureType] = {
    "unit_paid": "float",
    "top_category": "str",
    "product_brand": "str",
    "sales_7d": "float",
    "sales_28d": "float",
    "buyers_28d": "int",
    "sales_trend": "float",
    "repeat_share": "float",
    "days_since_sold": "float",
    "days_on_sale": "float",
}
# Weekly snapshots kept for training; older ones say little about how people buy today.
SNAPSHOTS = 12
_WEEK = timedelta(days=7)


def person(customer_id: str | None, visitor_id: str | None) -> str | None:
    """The one key of who acts: the customer where known, else the visitor.

    >>> person(None, "v1")
    'visitor:v1'
    """
    if customer_id:
        return customer_id
    return f"visitor:{visitor_id}" if visitor_id else None


def interactions(
    orders: pd.DataFrame,
    events: pd.DataFrame,
    *,
    products: pd.DataFrame | None = None,
    fx_rates: pd.DataFrame | None = None,
    base: str = Terms().base_currency,
) -> pd.DataFrame:
    """Orders and events as one list of interactions, oldest first; columns as INTERACTIONS.

    Cancelled and returned lines are left out. A `purchase` event of a customer and product that
    was also ordered that day is the same purchase and counts once. Visitors without a customer
    id appear as `visitor:<id>`. weight: KIND_WEIGHTS. price: paid for one unit of a purchase, in
    the base currency `base` by `fx_rates` (NaN without them). category, brand: of `products`.
    """
    bought = _from_orders(orders, fx_rates, base)
    both = pd.concat([frame for frame in (bought, _from_events(events)) if len(frame)] or [bought])
    both = both.reset_index(drop=True)
    both["_day"] = both["occurred_at"].dt.floor("D")
    purchase = both["kind"] == "purchase"
    again = purchase & both.duplicated(["customer_id", "product_id", "_day", "kind"])
    both = both[~(again & both["order_id"].isna())]
    both = both.assign(weight=both["kind"].map(KIND_WEIGHTS).astype(float))
    for name in ("category", "brand"):
        both[name] = _label(both["product_id"], products, name)
    order = ["occurred_at", "customer_id", "product_id"]
    return both.sort_values(order, kind="stable", ignore_index=True)[list(INTERACTIONS)]


def _label(product: pd.Series, products: pd.DataFrame | None, name: str) -> pd.Series:
    """What the products table says of each row's product, as a category."""
    if products is None:
        return pd.Series(pd.Categorical([None] * len(product)), index=product.index)
    said = products.drop_duplicates("product_id", keep="last").set_index("product_id")[name]
    return product.map(said.astype(object)).astype("category")


def _from_orders(orders: pd.DataFrame, fx_rates: pd.DataFrame | None, base: str) -> pd.DataFrame:
    kept = priced(orders, fx_rates, base) if fx_rates is not None else _valid(orders)
    paid = kept["paid"] if fx_rates is not None else pd.Series(float("nan"), index=kept.index)
    return pd.DataFrame(
        {
            "customer_id": kept["customer_id"].astype(object),
            "product_id": kept["product_id"].astype(object),
            "occurred_at": kept["ordered_at"],
            "kind": "purchase",
            "quantity": kept["quantity"].astype(float),
            "order_id": kept["order_id"].astype(object),
            "market": kept["market"].astype(object),
            "price": paid.astype(float) / kept["quantity"].astype(float),
        }
    )


def _valid(orders: pd.DataFrame) -> pd.DataFrame:
    return orders[~orders["status"].isin(["cancelled", "returned"])]


def _from_events(events: pd.DataFrame) -> pd.DataFrame:
    visitor = "visitor:" + events["visitor_id"].astype(object).fillna("")
    return pd.DataFrame(
        {
            "customer_id": events["customer_id"]
            .astype(object)
            .where(events["customer_id"].notna(), visitor),
            "product_id": events["product_id"].astype(object),
            "occurred_at": events["occurred_at"],
            "kind": events["kind"].astype(object),
            "quantity": 1.0,
            "order_id": None,
            "market": events["market"].astype(object),
            "price": float("nan"),
        }
    )


def hidden(events: pd.DataFrame) -> pd.DataFrame:
    """Who never wants to see which product again: distinct customer_id, product_id."""
    hides = _from_events(events[events["kind"] == "hide"])
    return hides[["customer_id", "product_id"]].drop_duplicates(ignore_index=True)


def snapshot_times(as_of: datetime, *, count: int = SNAPSHOTS) -> list[pd.Timestamp]:
    """The last `count` weeks' ends (Monday 00:00 UTC) before `as_of`, then `as_of` itself."""
    end = pd.Timestamp(as_of)
    monday = (end - timedelta(days=end.dayofweek)).normalize()
    weeks = [monday - _WEEK * back for back in range(count)]
    return [*sorted(week for week in weeks if week < end), end]


def priced(orders: pd.DataFrame, fx_rates: pd.DataFrame, base: str) -> pd.DataFrame:
    """Valid lines with `paid`: the line's money after discount, in the base currency.

    orders, fx_rates: the tables of these names; base: ISO 4217 code of the base currency. Where a
    rate is missing `paid` is NaN.
    """
    kept = _valid(orders)
    net = kept["unit_price"] * kept["quantity"] - kept["discount"].fillna(0.0)
    paid = to_base(net.clip(lower=0.0), kept["currency"], kept["ordered_at"], fx_rates, base)
    return kept.assign(paid=paid)


def customer_profile(tables: Frames, as_of: datetime, terms: Terms) -> pd.DataFrame:
    """Recency, frequency, spend, market and taste of every customer who ordered, by week."""
    lines = priced(tables["orders"], tables["fx_rates"], terms.base_currency)
    lines = lines.merge(_shelf_of(tables["products"]), on="product_id", how="left")
    return _snapshots(lines, as_of, _customers_at, "customer_id", CUSTOMER_FEATURES)


def _customers_at(lines: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    group = lines.groupby("customer_id", sort=True)
    orders = lines.drop_duplicates(["customer_id", "order_id"])
    baskets = orders.groupby("customer_id", sort=True).size()
    recent = orders[orders["ordered_at"] > now - timedelta(days=28)].groupby("customer_id").size()
    quarter = lines[lines["ordered_at"] > now - timedelta(days=91)].groupby("customer_id")
    first, last = group["ordered_at"].min(), group["ordered_at"].max()
    span = (last - first).dt.total_seconds() / 86400
    once = lines.drop_duplicates(["customer_id", "product_id", "order_id"])
    pairs = once.groupby(["customer_id", "product_id"], sort=True).size() > 1
    return pd.DataFrame(
        {
            "recency_days": (now - last).dt.total_seconds() / 86400,
            "orders_count": baskets.astype("Int64"),
            "orders_28d": recent.reindex(baskets.index).fillna(0).astype("Int64"),
            "order_interval_days": span / (baskets - 1).where(baskets > 1),
            "products_bought": pairs.groupby("customer_id").size().astype("Int64"),
            "rebuy_share": pairs.groupby("customer_id").mean(),
            "spend_91d": quarter["paid"].sum().reindex(baskets.index).fillna(0.0),
            "mean_unit_paid": group["paid"].sum() / group["quantity"].sum(),
            "main_market": _most_common(lines, "market"),
            "favourite_category": _most_common(lines, "category"),
            "favourite_brand": _most_common(lines, "brand"),
        },
        index=baskets.index,
    )


def _most_common(lines: pd.DataFrame, column: str) -> pd.Series:
    """The most frequent value a customer (the first by name among equals); None where unknown."""
    counts = lines.groupby(["customer_id", column], sort=True).size().rename("n").reset_index()
    counts = counts.sort_values(["customer_id", "n"], ascending=[True, False], kind="stable")
    return counts.drop_duplicates("customer_id").set_index("customer_id")[column]


def _shelf_of(products: pd.DataFrame) -> pd.DataFrame:
    """product_id, category (first part of the path), brand."""
    top = products["category"].astype(object).str.split("/").str[0]
    return products[["product_id", "brand"]].assign(category=top)


def product_profile(tables: Frames, as_of: datetime, terms: Terms) -> pd.DataFrame:
    """Price, sales, buyers, trend and repeat share of every product that sold, by week."""
    lines = priced(tables["orders"], tables["fx_rates"], terms.base_currency)
    lines = lines.merge(_shelf_of(tables["products"]), on="product_id", how="left")
    return _snapshots(lines, as_of, _products_at, "product_id", PRODUCT_FEATURES)


def _products_at(lines: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    group = lines.groupby("product_id", sort=True)
    age = now - lines["ordered_at"]
    week, month = lines[age < _WEEK], lines[age < 4 * _WEEK]
    sold = group["ordered_at"].max()
    sales_7d = week.groupby("product_id")["quantity"].sum().reindex(sold.index).fillna(0.0)
    sales_28d = month.groupby("product_id")["quantity"].sum().reindex(sold.index).fillna(0.0)
    buyers = month.groupby("product_id")["customer_id"].nunique().reindex(sold.index)
    return pd.DataFrame(
        {
            "unit_paid": group["paid"].sum() / group["quantity"].sum(),
            "top_category": group["category"].first(),
            "product_brand": group["brand"].first(),
            "sales_7d": sales_7d,
            "sales_28d": sales_28d,
            "buyers_28d": buyers.fillna(0).astype("Int64"),
            "sales_trend": (4 * sales_7d + 1) / (sales_28d + 1),
            "repeat_share": repeat_share(lines),
            "days_since_sold": (now - sold).dt.total_seconds() / 86400,
            "days_on_sale": (now - group["ordered_at"].min()).dt.total_seconds() / 86400,
        }
    )


def repeat_share(lines: pd.DataFrame, *, prior: float = 20.0) -> pd.Series:
    """Share of a product's buyers who bought it in more than one order, by product_id.

    Drawn towards its category's share with the weight of `prior` buyers, for products few bought.
    lines: customer_id, product_id, order_id, category.
    """
    orders = lines.drop_duplicates(["product_id", "customer_id", "order_id"])
    pairs = orders.groupby(["product_id", "customer_id"], sort=True).size() > 1
    by_product = pairs.groupby(level="product_id").agg(["sum", "size"])
    category = lines.groupby("product_id")["category"].first().reindex(by_product.index).fillna("")
    totals = by_product.groupby(category.to_numpy())[["sum", "size"]].sum()
    share = (totals["sum"] / totals["size"]).reindex(category.to_numpy()).to_numpy()
    return (by_product["sum"] + prior * share) / (by_product["size"] + prior)


def _snapshots(
    lines: pd.DataFrame,
    as_of: datetime,
    measure: Callable[[pd.DataFrame, pd.Timestamp], pd.DataFrame],
    key: str,
    features: Mapping[str, FeatureType],
) -> pd.DataFrame:
    """`measure` at each snapshot time, over the lines known by then, stacked."""
    frames = []
    for now in snapshot_times(as_of):
        known = lines[lines["ordered_at"] <= now]
        if len(known):
            frames.append(measure(known, now).reset_index().assign(event_timestamp=now))
    if not frames:
        return pd.DataFrame(columns=[key, *features, "event_timestamp"])
    return pd.concat(frames, ignore_index=True)


VIEWS = (
    View(
        name="customer_profile",
        keys=("customer_id",),
        features=CUSTOMER_FEATURES,
        tables=("orders", "products", "fx_rates"),
        build=customer_profile,
    ),
    View(
        name="product_profile",
        keys=("product_id",),
        features=PRODUCT_FEATURES,
        tables=("orders", "products", "fx_rates"),
        build=product_profile,
    ),
)
# stock_position is replenishment's: what can be shipped is a rule of the answer.
SERVICE = ("customer_profile", "product_profile", "stock_position")
HISTORY: tuple[str, ...] = ()
