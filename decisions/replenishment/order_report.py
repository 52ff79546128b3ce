"""The report on past orders: what was ordered beside what was then needed."""

from datetime import timedelta

import pandas as pd

from data.records import DatabaseError
from decisions.runtime import Runtime
from features.replenishment.order_accuracy import order_needs

# How far back orders are reported on, and how long before that stock and orders are read.
REPORTED, READ_BEFORE = timedelta(days=365), timedelta(days=120)
_COLUMNS = {"orders": ["warehouse_id", "product_id", "ordered_at", "quantity", "status"]}
_TABLES = ("stock", "supply_terms", "purchase_orders", "transfers", "orders")


def past_orders(runtime: Runtime) -> pd.DataFrame:
    """The orders of the last year whose interval has ended, as `order_needs` tells them.

    Added columns: `class`, the product's by revenue (A, B or C) as forecast now; `category`, the
    first part of its path; `made_here`, whether the order was exported here.

    runtime: whose lake, store and records are read, as of its moment.
    """
    now, lake = runtime.now(), runtime.lake
    tables = {name: lake.read(name, columns=_COLUMNS.get(name), as_of=now) for name in _TABLES}
    since = pd.Timestamp(now - REPORTED - READ_BEFORE)
    for name, clock in (("orders", "ordered_at"), ("purchase_orders", "ordered_at")):
        tables[name] = tables[name][tables[name][clock] >= since]
    needs = order_needs(tables, now)
    needs = needs[needs["ordered_at"] >= pd.Timestamp(now - REPORTED)]
    products = lake.read("products", columns=["product_id", "category"], as_of=now)
    forecasts = runtime.store.latest("forecast", now)
    names = ["warehouse_id", "product_id", "abc_xyz"]
    classes = forecasts.reindex(columns=names).drop_duplicates(names[:2])
    found = needs.merge(products, on="product_id", how="left").merge(
        classes, on=names[:2], how="left"
    )
    own = _made_here(runtime)
    return found.assign(
        category=found["category"].astype(object).str.split("/", n=1).str[0],
        made_here=found["po_id"].isin(own) | found["reference"].isin(own),
        **{"class": found.pop("abc_xyz").astype(object).str[:1]},
    )


def _made_here(runtime: Runtime) -> set[str]:
    """The numbers of the orders made here; none while the database is away."""
    try:
        return {line.po_id for line in runtime.records.purchasing.orders()}
    except DatabaseError:
        return set()
