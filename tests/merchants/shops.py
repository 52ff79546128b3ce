"""One generator of small shops: a few words say what a shop is like, `tables_of` writes it out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

DAILY = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
WITHOUT_SUNDAYS = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0)
MASTER = ("products", "customers", "warehouses", "fx_rates")
SALES = ("orders", "events")
SUPPLY = ("stock", "suppliers", "supply_terms", "purchase_orders", "promotions")
PAID = ("payments", "chargebacks")
EVERY_TABLE = (*MASTER, *SALES, *SUPPLY, *PAID)

Tables = dict[str, pd.DataFrame]


def plain(kind: str, number: int) -> str:
    """`product-7`."""
    return f"{kind}-{number}"


@dataclass(frozen=True)
class Shop:
    """What a shop is like.

    tables: which it brings. until, days: its last moment (UTC) and how long it has existed.
    zone, countries: where it is; a warehouse in each country.
    currencies: of its orders and payments, in turns; rates: units of `base` for one unit.
    orders_a_day, weekdays (Monday first), growth (last day over first), closed: pairs of days back.
    kinds of lines: quantity of a usual line, and each how many-th line is `giant` times as large.
    returned, cancelled, declined: shares. frauds: how many payments are reported.
    guests: a customer id of its own for each order. ids: (kind, number) -> id.
    settings: environment variables of the shop. more: what else is done to its tables.
    later: the share of orders that comes in a second delivery, with corrections of the first.
    """

    name: str
    tables: tuple[str, ...] = EVERY_TABLE
    until: str = "2024-06-30T18:00:00Z"
    days: int = 120
    zone: str = "UTC"
    countries: tuple[str, ...] = ("DE",)
    currencies: tuple[str, ...] = ("EUR",)
    rates: Mapping[str, float] = field(default_factory=dict)
    products: int = 8
    customers: int = 30
    orders_a_day: float = 6.0
    weekdays: tuple[float, ...] = DAILY
    growth: float = 1.0
    closed: tuple[tuple[int, int], ...] = ()
    quantity: int = 1
    giant_every: int = 0
    giant: int = 500
    returned: float = 0.05
    cancelled: float = 0.03
    declined: float = 0.1
    frauds: int = 30
    guests: bool = False
    channels: tuple[str, ...] = ()
    price: float = 20.0
    ids: Callable[[str, int], str] = plain
    settings: Mapping[str, str] = field(default_factory=dict)
    more: Callable[[Tables], Tables] | None = None
    later: float = 0.0


def tables_of(shop: Shop, seed: int = 7) -> Tables:
    """The shop's tables; the same for the same seed."""
    random = np.random.default_rng(seed)
    orders = _orders(shop, random)
    payments, chargebacks = _payments(shop, orders, random)
    made = {
        "products": _products(shop),
        "customers": _customers(shop, orders),
        "warehouses": _warehouses(shop),
        "fx_rates": _rates(shop),
        "orders": orders,
        "events": _events(shop, orders, random),
        "payments": payments,
        "chargebacks": chargebacks,
        **_supply(shop, random),
    }
    kept = {name: made[name] for name in shop.tables}
    return shop.more(kept) if shop.more else kept


def write(tables: Tables, folder: Path) -> Path:
    """One CSV file a table, times with their zone."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        moments = {
            column: frame[column].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            for column in frame.columns
            if isinstance(frame[column].dtype, pd.DatetimeTZDtype)
        }
        frame.assign(**moments).to_csv(folder / f"{name}.csv", index=False)
    return folder


def deliveries(shop: Shop, tables: Tables, folder: Path) -> list[Path]:
    """The folders in which the tables come: one, or a first and a late one with corrections."""
    if not shop.later or "orders" not in tables:
        return [write(tables, folder / "1")]
    orders = tables["orders"]
    kept = np.random.default_rng(1).random(len(orders)) >= shop.later
    first = orders[kept].assign(unit_price=orders.loc[kept, "unit_price"] + 1.0)
    second = {"orders": orders}
    return [write({**tables, "orders": first}, folder / "1"), write(second, folder / "2")]


def _days(shop: Shop) -> pd.DatetimeIndex:
    last = pd.Timestamp(shop.until).tz_convert(shop.zone).normalize()
    return pd.date_range(end=last, periods=max(shop.days, 1), freq="D")


def _orders(shop: Shop, random: np.random.Generator) -> pd.DataFrame:
    days = _days(shop)
    back = np.arange(len(days))[::-1]
    pace = np.linspace(1.0, shop.growth, len(days)) * shop.orders_a_day
    pace = pace * np.asarray(shop.weekdays)[days.dayofweek]
    for oldest, newest in shop.closed:
        pace[(back <= oldest) & (back >= newest)] = 0.0
    count = random.poisson(pace)
    count[-1] = max(count[-1], 1)
    day = days.repeat(count)
    size = len(day)
    # Between 9 and 18 o'clock where the shop is, and never after its last moment.
    at = day + pd.to_timedelta(random.integers(9 * 3600, 18 * 3600, size), unit="s")
    at = at.tz_convert("UTC").to_series(index=range(size))
    at = at.where(at <= pd.Timestamp(shop.until), pd.Timestamp(shop.until)).sort_values()
    at = at.reset_index(drop=True)
    number = np.arange(size)
    customer = number if shop.guests else random.integers(0, max(shop.customers, 1), size)
    # Each customer has a taste: two in three lines are of three products of their own.
    taste = (customer + random.integers(0, 3, size)) % max(shop.products, 1)
    product = np.where(random.random(size) < 2 / 3, taste, random.integers(0, shop.products, size))
    place = customer % len(shop.countries)
    quantity = np.full(size, shop.quantity, dtype=float)
    if shop.giant_every:
        quantity[number % shop.giant_every == 0] *= shop.giant
    draw = random.random(size)
    status = np.where(draw < shop.returned, "returned", "placed")
    status = np.where(draw > 1 - shop.cancelled, "cancelled", status)
    days_later = at + pd.Timedelta(days=3)
    known = days_later <= pd.Timestamp(shop.until)
    frame = pd.DataFrame(
        {
            "order_id": [shop.ids("order", one) for one in number],
            "line_no": 1,
            "ordered_at": at,
            "customer_id": [shop.ids("customer", one) for one in customer],
            "product_id": [shop.ids("product", one) for one in product],
            "warehouse_id": [shop.ids("warehouse", one) for one in place],
            "quantity": quantity,
            "unit_price": shop.price * (1 + product % 3),
            "currency": np.resize(shop.currencies, size),
            "status": np.where(known, status, "placed"),
            "returned_at": days_later.where((status == "returned") & known),
            "cancelled_at": days_later.where((status == "cancelled") & known),
        }
    )
    return frame.assign(channel=np.resize(shop.channels, size)) if shop.channels else frame


def _products(shop: Shop) -> pd.DataFrame:
    number = np.arange(shop.products)
    return pd.DataFrame(
        {
            "product_id": [shop.ids("product", one) for one in number],
            "title": [f"Thing {one}" for one in number],
            "category": np.resize(["home/kitchen", "home/garden", "toys"], len(number)),
            "brand": np.resize(["Acme", "Bold"], len(number)),
            "price": shop.price * (1.0 + number % 3),
            "currency": shop.currencies[0],
            "unit_cost": shop.price / 2,
        }
    )


def _customers(shop: Shop, orders: pd.DataFrame) -> pd.DataFrame:
    first = orders.groupby("customer_id", sort=False)["ordered_at"].min() - pd.Timedelta(hours=1)
    return pd.DataFrame(
        {
            "customer_id": first.index.astype(object),
            "signed_up_at": first.to_numpy(),
            "country": np.resize(shop.countries, len(first)),
        }
    ).assign(signed_up_at=lambda frame: pd.to_datetime(frame["signed_up_at"], utc=True))


def _warehouses(shop: Shop) -> pd.DataFrame:
    places = range(len(shop.countries))
    return pd.DataFrame(
        {
            "warehouse_id": [shop.ids("warehouse", one) for one in places],
            "country": list(shop.countries),
            "serves": list(shop.countries),
            "time_zone": shop.zone,
        }
    )


def _rates(shop: Shop) -> pd.DataFrame:
    first = _days(shop)[0].strftime("%Y-%m-%d")
    names = list(shop.rates)
    return pd.DataFrame(
        {"rate_date": [first] * len(names), "currency": names, "rate": list(shop.rates.values())}
    )


def _events(shop: Shop, orders: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    seen = orders.loc[orders.index.repeat(2)].reset_index(drop=True)
    before = pd.to_timedelta(random.integers(60, 3600, len(seen)), unit="s")
    kinds = np.where(np.arange(len(seen)) % 2, "cart", "view")
    return pd.DataFrame(
        {
            "event_id": [shop.ids("event", one) for one in range(len(seen))],
            "occurred_at": seen["ordered_at"] - before,
            "kind": kinds,
            "product_id": seen["product_id"],
            "customer_id": seen["customer_id"],
        }
    )


def _payments(
    shop: Shop, orders: pd.DataFrame, random: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    size = len(orders)
    # The last payments of each card tester: many cards, one device.
    bad = np.zeros(size, dtype=bool)
    old = np.flatnonzero(orders["ordered_at"] < pd.Timestamp(shop.until) - pd.Timedelta(days=20))
    bad[random.permutation(old)[: shop.frauds]] = True
    device = np.where(bad, "device-bad", "device-" + orders["customer_id"].astype(str))
    amount = (orders["quantity"] * orders["unit_price"]).to_numpy() * np.where(bad, 5.0, 1.0)
    declined = random.random(size) < shop.declined
    payments = pd.DataFrame(
        {
            "payment_id": [shop.ids("payment", one) for one in range(size)],
            "attempted_at": orders["ordered_at"],
            "customer_id": orders["customer_id"],
            "amount": amount,
            "currency": orders["currency"],
            "order_id": orders["order_id"],
            "card_id": [f"card-{one}" for one in np.where(bad, np.arange(size) + 9_000, 0)],
            "device_id": device,
            "billing_country": np.resize(shop.countries, size),
            "outcome": np.where(declined & ~bad, "declined", "captured"),
        }
    )
    payments["card_id"] = payments["card_id"].where(bad, "card-" + payments["customer_id"])
    stolen = payments[bad]
    reported = stolen["attempted_at"] + pd.Timedelta(days=9)
    chargebacks = pd.DataFrame({"payment_id": stolen["payment_id"], "reported_at": reported})
    return payments, chargebacks.assign(is_fraud=True).reset_index(drop=True)


def _supply(shop: Shop, random: np.random.Generator) -> Tables:
    pairs = pd.MultiIndex.from_product(
        [range(len(shop.countries)), range(shop.products)], names=["place", "product"]
    ).to_frame(index=False)
    held = pd.DataFrame(
        {
            "warehouse_id": [shop.ids("warehouse", one) for one in pairs["place"]],
            "product_id": [shop.ids("product", one) for one in pairs["product"]],
        }
    )
    last = pd.Timestamp(shop.until)
    looks = [last - pd.Timedelta(days=back) for back in range(min(shop.days, 56), -1, -7)]
    stock = pd.concat([held.assign(observed_at=look) for look in looks], ignore_index=True)
    stock = stock.assign(on_hand=random.integers(5, 40, len(stock)).astype(float))
    supplier = [shop.ids("supplier", one % 2) for one in pairs["product"]]
    terms = held.assign(supplier_id=supplier, lead_time_days=7.0, review_period_days=7.0)
    terms = terms.assign(unit_cost=shop.price / 2, currency=shop.currencies[0], service_level=0.95)
    bought = terms[["warehouse_id", "product_id", "supplier_id"]].assign(
        po_id=[shop.ids("po", one) for one in range(len(terms))],
        line_no=1,
        ordered_at=last - pd.Timedelta(days=min(shop.days, 20)),
        quantity=24.0,
        received_at=last - pd.Timedelta(days=min(shop.days, 20) // 2),
        received_quantity=24.0,
    )
    promoted = held.iloc[:1].assign(promotion_id="sale", discount=0.2, kind="price")
    promoted = promoted.assign(
        starts_on=(last - pd.Timedelta(days=10)).strftime("%Y-%m-%d"),
        ends_on=(last - pd.Timedelta(days=4)).strftime("%Y-%m-%d"),
    )
    suppliers = pd.DataFrame({"supplier_id": sorted(set(supplier)), "currency": shop.currencies[0]})
    return {
        "stock": stock,
        "suppliers": suppliers,
        "supply_terms": terms,
        "purchase_orders": bought,
        "promotions": promoted,
    }
