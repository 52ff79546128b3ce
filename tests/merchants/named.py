"""The shops: each unlike the sample merchant in one way, and what must be true of its answers."""

import numpy as np
import pandas as pd

from tests.merchants.shops import (
    EVERY_TABLE,
    MASTER,
    SALES,
    SUPPLY,
    WITHOUT_SUNDAYS,
    Shop,
    Tables,
    plain,
)

_ODD = (
    "a/b{}",
    "%2F{}",
    "two words {}",
    "ключ-{}",
    "000{}",
    "NaN",
    "null",
    "20240131-{}",
    "c,o;m'm\"a{}",
    "None",
    "nan",
    "true",
    "1e{}",
    "🛒{}",
    "..{}",
    "#{}?x=1&y=2",
)


def odd(kind: str, number: int) -> str:
    """Ids as they are found: slashes, escapes, spaces, other scripts, words that mean nothing."""
    form = _ODD[number % len(_ODD)]
    turn = number // len(_ODD)
    return form.format(turn) if "{}" in form else form + "" * turn + (f"-{turn}" if turn else "")


def _with_variants(tables: Tables) -> Tables:
    number = np.arange(len(tables["products"])) // 4
    parent = pd.Series(number).map("article-{}".format)
    return {**tables, "products": tables["products"].assign(parent_id=parent)}


def _counted_last(tables: Tables) -> Tables:
    """The shelf is counted three hours after the last order."""
    stock = tables["stock"]
    newest = tables["orders"]["ordered_at"].max()
    last = stock[stock["observed_at"] == stock["observed_at"].max()]
    return {**tables, "stock": last.assign(observed_at=newest + pd.Timedelta(hours=3), on_hand=7.0)}


def _dirty(tables: Tables) -> Tables:
    """One order line in fifty is of no use."""
    orders = tables["orders"].copy()
    orders["currency"] = orders["currency"].mask(np.arange(len(orders)) % 50 == 3, "???")
    return {**tables, "orders": orders}


def _with_every_table(tables: Tables) -> Tables:
    """The tables that few bring."""
    orders, products = tables["orders"], tables["products"]
    first = orders["ordered_at"].min()
    warehouse = tables["warehouses"]["warehouse_id"].iloc[0]
    prices = products[["product_id", "price", "currency"]].assign(valid_from="2024-01-01")
    people = orders["customer_id"].drop_duplicates()
    identities = pd.DataFrame({"visitor_id": "v-" + people, "customer_id": people})
    closures = {"closure_id": ["x"], "starts_on": ["2024-05-01"], "ends_on": ["2024-05-02"]}
    moved = {"transfer_id": ["t"], "line_no": [1], "from_warehouse_id": [warehouse]}
    moved |= {"to_warehouse_id": [tables["warehouses"]["warehouse_id"].iloc[-1]]}
    moved |= {"product_id": [products["product_id"].iloc[0]], "quantity": [2]}
    duty = {"hs_code": ["6109"], "destination_country": ["DE"], "valid_from": ["2024-01-01"]}
    return tables | {
        "prices": prices,
        "identities": identities.assign(linked_at=first),
        "closures": pd.DataFrame({**closures, "warehouse_id": [warehouse]}),
        "transfers": pd.DataFrame({**moved, "sent_at": [first]}),
        "tariffs": pd.DataFrame({**duty, "duty_rate": [0.12]}),
    }


def _with_gifts(tables: Tables) -> Tables:
    """Every fifth line is given away; one in fifty has a price below nothing, which is refused."""
    orders = tables["orders"].copy()
    place = np.arange(len(orders))
    price = orders["unit_price"].mask(place % 5 == 0, 0.0).mask(place % 50 == 7, -5.0)
    return {**tables, "orders": orders.assign(unit_price=price)}


def _once_a_month(tables: Tables) -> Tables:
    """Sales come as one sum a product and month, on its first day."""
    orders = tables["orders"]
    month = orders["ordered_at"].dt.strftime("%Y-%m-01")
    sums = orders.assign(month=month).groupby(["month", "product_id"], as_index=False)
    sold = sums.agg(quantity=("quantity", "sum"), unit_price=("unit_price", "mean"))
    sold["ordered_at"] = pd.to_datetime(sold["month"], utc=True)
    made = sold.assign(order_id=[f"sum-{place}" for place in range(len(sold))], line_no=1)
    made = made.assign(customer_id="all", currency="EUR", status="placed")
    return {"orders": made.assign(warehouse_id="w").drop(columns="month")}


def _said_twice(tables: Tables) -> Tables:
    """Each file holds every row twice."""
    return {name: pd.concat([frame, frame]) for name, frame in tables.items()}


def _in_many_zones(tables: Tables) -> Tables:
    """Each line's time is told in another zone."""
    orders = tables["orders"]
    offsets = np.resize(["+09:00", "-08:00", "+05:30", "Z"], len(orders))
    hours = np.resize([9.0, -8.0, 5.5, 0.0], len(orders))
    local = orders["ordered_at"] + pd.to_timedelta(hours, unit="h")
    told = local.dt.strftime("%Y-%m-%dT%H:%M:%S") + offsets
    return {**tables, "orders": orders.assign(ordered_at=told)}


SHOPS: tuple[Shop, ...] = (
    Shop(
        "everything",
        countries=("DE", "FR"),
        currencies=("EUR", "GBP"),
        rates={"GBP": 1.17},
        channels=("web", "app"),
        more=_with_every_table,
    ),
    Shop("payments only", tables=("payments",)),
    Shop("two payments", tables=("payments",), days=2, orders_a_day=1.0, frauds=0),
    Shop("orders only", tables=("orders",)),
    Shop("customers without payments", tables=("customers", "orders")),
    Shop("events only", tables=("events",)),
    Shop("products only", tables=("products",)),
    Shop("stock only", tables=("stock",)),
    Shop("one order", tables=(*MASTER, "orders"), days=1, orders_a_day=0.0),
    Shop("one product", products=1),
    Shop("one customer", customers=1, tables=(*MASTER, *SALES)),
    Shop("first week", days=6),
    Shop("pounds, settings untouched", currencies=("GBP",), countries=("GB",)),
    Shop(
        "reais",
        currencies=("BRL",),
        countries=("BR",),
        price=90.0,
        settings={"ARGOSY_BASE_CURRENCY": "BRL"},
    ),
    Shop(
        "yen",
        currencies=("JPY",),
        countries=("JP",),
        price=2_500.0,
        zone="Asia/Tokyo",
        settings={"ARGOSY_BASE_CURRENCY": "JPY"},
    ),
    Shop(
        "dinars",
        currencies=("KWD",),
        countries=("KW",),
        price=3.125,
        zone="Asia/Kuwait",
        settings={"ARGOSY_BASE_CURRENCY": "KWD"},
    ),
    Shop("two currencies without a rate", currencies=("EUR", "SEK", "SEK", "USD")),
    Shop(
        "Los Angeles",
        zone="America/Los_Angeles",
        countries=("US",),
        currencies=("USD",),
        settings={"ARGOSY_BASE_CURRENCY": "USD"},
    ),
    Shop(
        "Kolkata",
        zone="Asia/Kolkata",
        countries=("IN",),
        currencies=("INR",),
        price=999.0,
        settings={"ARGOSY_BASE_CURRENCY": "INR"},
    ),
    Shop(
        "Auckland",
        zone="Pacific/Auckland",
        countries=("NZ",),
        currencies=("NZD",),
        settings={"ARGOSY_BASE_CURRENCY": "NZD"},
    ),
    Shop("closed on Sundays", weekdays=WITHOUT_SUNDAYS, settings={"ARGOSY_FREQUENCY": "day"}),
    Shop(
        "closed over lunar new year",
        until="2024-05-31T12:00:00Z",
        days=200,
        countries=("CN",),
        zone="Asia/Shanghai",
        closed=((113, 100),),
    ),
    Shop("fashion", returned=0.4, more=_with_variants, products=12),
    Shop("wholesale", giant_every=25, giant=1_000),
    Shop("spare parts", orders_a_day=0.3, days=800, settings={"ARGOSY_FREQUENCY": "month"}),
    Shop("digital goods", tables=("products", "customers", *SALES, "payments", "chargebacks")),
    Shop("guests", guests=True, tables=("products", "warehouses", "orders", "payments")),
    Shop("three channels", channels=("web", "shop", "marketplace"), tables=(*MASTER, *SALES)),
    Shop("no chargebacks", frauds=0),
    Shop("20 chargebacks", frauds=20, tables=("customers", "payments", "chargebacks")),
    Shop("200 chargebacks", frauds=200, days=250, tables=("payments", "chargebacks")),
    Shop("odd ids", ids=odd, products=20),
    Shop("late files", later=0.2),
    Shop("paused three months", days=300, closed=((180, 90),), tables=(*MASTER, "orders", *SUPPLY)),
    Shop("growth tenfold", growth=10.0, orders_a_day=2.0, tables=(*MASTER, "orders", *SUPPLY)),
    Shop(
        "week 53",
        until="2021-01-10T12:00:00Z",
        days=400,
        orders_a_day=2.0,
        tables=("orders", "products", "warehouses"),
    ),
    Shop("leap day", until="2024-02-29T20:00:00Z"),
    Shop("counted after the last order", more=_counted_last),
    Shop("dirty", more=_dirty),
    Shop("giant baskets", customers=3, quantity=60, orders_a_day=10.0, tables=(*MASTER, "orders")),
    Shop("gifts", more=_with_gifts, tables=(*MASTER, "orders", "payments")),
    Shop("a single day", days=1, orders_a_day=50.0),
    Shop("payments and customers", tables=("payments", "customers"), frauds=12),
    Shop("suppliers and stock", tables=("suppliers", "stock", "supply_terms")),
    Shop("monthly sums", days=900, orders_a_day=1.0, tables=("orders",), more=_once_a_month),
    Shop("said twice", days=60, more=_said_twice),
    Shop("many zones", more=_in_many_zones, tables=("orders", "products")),
    Shop("ten orders", days=40, orders_a_day=0.25, tables=(*MASTER, "orders", "stock", "payments")),
    Shop(
        "kuna, then euro",
        countries=("HR",),
        currencies=("HRK", "EUR"),
        rates={"HRK": 0.1327},
        tables=(*MASTER, "orders", "payments"),
    ),
    Shop("all cancelled", cancelled=1.0, returned=0.0, days=60),
    Shop("all returned", returned=1.0, cancelled=0.0, days=60),
)
__all__ = ["EVERY_TABLE", "SHOPS", "plain"]
