"""What each order line brings: revenue and margin in the base currency, and when it is undone."""

import numpy as np
import pandas as pd

from data.money import to_base
from data.views import Frames

# Of a line: who, when, and money in the base currency (NaN where a rate or a cost is not known).
LINE_COLUMNS = (
    "customer_id",
    "order_id",
    "product_id",
    "ordered_at",
    "quantity",
    "revenue",
    "discount",
    "margin",
    "undone_at",
    "undone_share",
    "is_cancelled",
    "market",
    "channel",
    "category",
)


def optional_column(frame: pd.DataFrame, name: str) -> pd.Series:
    """A column of a table, all missing where the merchant's has none of that name.

    frame: the table; name: of the column.
    """
    if name in frame:
        return frame[name]
    return pd.Series(np.nan, index=frame.index, dtype=object, name=name)


def optional_times(frame: pd.DataFrame, name: str) -> pd.Series:
    """A column of times (UTC), all missing where the merchant's table has none of that name.

    frame: the table; name: of the column.
    """
    return pd.to_datetime(optional_column(frame, name), utc=True).astype("datetime64[us, UTC]")


def first_category(products: pd.DataFrame, product_ids: pd.Series) -> pd.Series:
    """The first part of the category path of each product; missing where it is not known.

    products: the table; product_ids: one a row.
    """
    known = products.drop_duplicates("product_id", keep="last").set_index("product_id")
    path = optional_column(known, "category").astype(object)
    # The paths of the products are parted, not those of all rows.
    return product_ids.astype(object).map(path.str.split("/").str[0]).astype(object)


def order_lines(tables: Frames, base_currency: str) -> pd.DataFrame:
    """LINE_COLUMNS of every order line, in order of time.

    tables: orders, products, supply_terms, fx_rates, as known at one moment. base_currency: ISO
    4217. revenue is price × quantity − discount, at least 0; margin is revenue − landed cost
    (supply terms where there are any for the warehouse and product: unit cost × (1 + duty) +
    freight; else the product's unit cost). undone_at, undone_share: when and how far the line was
    cancelled or returned; without a time of its own, at the order's.
    """
    orders = tables["orders"].sort_values("ordered_at", kind="stable", ignore_index=True)
    rates = tables["fx_rates"]
    quantity = orders["quantity"].to_numpy(dtype=float)
    discount = optional_column(orders, "discount").astype(float).fillna(0.0)
    net = (orders["unit_price"].astype(float) * quantity - discount).clip(lower=0.0)
    currency, when = orders["currency"], orders["ordered_at"]
    revenue = to_base(net, currency, when, rates, base_currency)
    cost = _unit_cost(orders, tables, base_currency) * quantity
    undone = _undone(orders)
    return pd.DataFrame(
        {
            "customer_id": orders["customer_id"],
            "order_id": orders["order_id"],
            "product_id": orders["product_id"],
            "ordered_at": when,
            "quantity": quantity,
            "revenue": revenue,
            "discount": to_base(discount, currency, when, rates, base_currency),
            "margin": revenue - cost,
            **undone,
            "market": optional_column(orders, "market"),
            "channel": optional_column(orders, "channel"),
            "category": first_category(tables["products"], orders["product_id"]),
        }
    )[list(LINE_COLUMNS)]


def _undone(orders: pd.DataFrame) -> dict[str, pd.Series]:
    """When and how far each line was undone, and whether that was before it was shipped."""
    status = optional_column(orders, "status").astype(object)
    cancelled = status == "cancelled"
    returned_quantity = optional_column(orders, "returned_quantity").astype(float)
    returned_at = optional_times(orders, "returned_at")
    returned = ~cancelled & ((status == "returned") | returned_at.notna())
    known = returned_quantity / orders["quantity"].astype(float)
    share = known.fillna(1.0).clip(0.0, 1.0).where(returned, cancelled.astype(float))
    at = optional_times(orders, "cancelled_at").where(cancelled, returned_at)
    ordered = orders["ordered_at"].astype(at.dtype)
    at = at.fillna(ordered).where(cancelled | returned)
    return {
        "undone_at": at.where(at.isna() | (at >= ordered), ordered),
        "undone_share": share,
        "is_cancelled": cancelled,
    }


def _unit_cost(orders: pd.DataFrame, tables: Frames, base: str) -> pd.Series:
    """Landed cost of a unit of each line's product in the base currency; NaN where unknown."""
    products = tables["products"].drop_duplicates("product_id", keep="last")
    known = products.set_index("product_id")
    cost = orders["product_id"].map(optional_column(known, "unit_cost").astype(float))
    currency = orders["product_id"].map(optional_column(known, "currency").astype(object))
    plain = to_base(cost, currency, orders["ordered_at"], tables["fx_rates"], base)
    terms = tables["supply_terms"]
    if terms.empty or "unit_cost" not in terms:
        return plain
    return _supplied_cost(orders, terms, tables["fx_rates"], base).fillna(plain)


def _supplied_cost(
    orders: pd.DataFrame, terms: pd.DataFrame, rates: pd.DataFrame, base: str
) -> pd.Series:
    """Landed cost by the supply terms that held when each line was ordered; of several suppliers
    the one whose terms began last."""
    duty = optional_column(terms, "duty_rate").astype(float).fillna(0.0)
    freight = optional_column(terms, "freight_per_unit").astype(float).fillna(0.0)
    offers = pd.DataFrame(
        {
            "warehouse_id": terms["warehouse_id"].astype(object),
            "product_id": terms["product_id"].astype(object),
            "since": _microseconds(optional_times(terms, "valid_from")),
            "landed": terms["unit_cost"].astype(float) * (1.0 + duty) + freight,
            "currency": optional_column(terms, "currency").astype(object),
        }
    )
    offers = offers[offers["landed"].notna()].sort_values("since", kind="stable")
    asked = pd.DataFrame(
        {
            "warehouse_id": orders["warehouse_id"].astype(object),
            "product_id": orders["product_id"].astype(object),
            "when": _microseconds(orders["ordered_at"]),
        }
    )
    found = pd.merge_asof(
        asked, offers, left_on="when", right_on="since", by=["warehouse_id", "product_id"]
    )
    cost = pd.Series(found["landed"].to_numpy(dtype=float), index=orders.index)
    currency = pd.Series(found["currency"].to_numpy(dtype=object), index=orders.index)
    return to_base(cost, currency, orders["ordered_at"], rates, base)


def _microseconds(times: pd.Series) -> pd.Series:
    """Times as whole microseconds since 1970; a missing one is before all others."""
    naive = times.astype("datetime64[us, UTC]")
    return naive.fillna(pd.Timestamp(0, tz="UTC")).astype("int64")
