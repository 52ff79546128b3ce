"""The sample merchant put together: from the source to the twelve tables under public names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from data.sample.events import events
from data.sample.fraudsters import campaigns
from data.sample.inventory import replay
from data.sample.markets import fx_rates
from data.sample.payments import Payments, pay
from data.sample.plan import SamplePlan
from data.sample.shop import open_shop
from data.sample.source import read
from data.sample.suppliers import supply
from data.sample.wallets import wallets
from data.tables import TABLES


@dataclass(frozen=True)
class Merchant:
    """The twelve tables by name, and the truth behind them (see `data.sample.build`)."""

    tables: Mapping[str, pd.DataFrame]
    truth: Mapping[str, pd.DataFrame]


def merchant(plan: SamplePlan, *, seed: int, progress: Callable[[str, float], None]) -> Merchant:
    """All tables in memory; the same plan and seed give the same bytes.

    progress: called with a text and the share done.
    """
    progress("reading the purchases", 0.0)
    source = read(plan)
    progress("opening the shop", 0.25)
    shop = open_shop(plan, source, seed=seed)
    progress("letting fraudsters in", 0.35)
    own = wallets(shop.accounts, seed=seed)
    fraud = campaigns(plan, shop, own, seed=seed)
    progress("replaying a year of stock", 0.45)
    asked = pd.concat([shop.lines, fraud.lines], ignore_index=True)
    asked = asked.sort_values(["at", "order", "product_id"], kind="stable", ignore_index=True)
    goods = supply(plan, shop.lines, shop.products, seed=seed)
    stocked = replay(asked, goods, seed=seed)
    progress("taking the payments", 0.6)
    paid = pay(stocked.lines, own, fraud, seed=seed)
    progress("watching the visitors", 0.7)
    browsed = events(stocked.lines, shop.products, seed=seed)
    names = _Names(pd.concat([shop.accounts, fraud.accounts], ignore_index=True), paid)
    progress("naming everything", 0.8)
    end = stocked.lines["at"].max()
    payments = names.payments(paid.payments)
    reports = _chargebacks(paid, payments)
    tables = {
        "products": shop.products,
        "customers": names.customers(),
        "warehouses": shop.warehouses,
        "orders": names.orders(stocked.lines),
        "events": names.events(browsed),
        "stock": stocked.stock,
        "purchase_orders": stocked.purchase_orders,
        "supply_terms": goods.terms,
        "promotions": shop.promotions,
        "payments": payments.drop(columns="pattern"),
        "chargebacks": reports[reports["reported_at"] <= end],
        "fx_rates": fx_rates(seed=seed),
    }
    truth = {
        "lost_sales": stocked.lost,
        "fraud": payments.loc[payments["pattern"].notna(), ["payment_id", "order_id", "pattern"]],
        "later_chargebacks": reports[reports["reported_at"] > end],
    }
    return Merchant({name: _ordered(name, frame) for name, frame in tables.items()}, truth)


def _ordered(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The declared columns it has in the contract's order, then the merchant's own (`x_…`)."""
    extra = [column for column in frame.columns if column.startswith("x_")]
    declared = [column for column in TABLES[name].names if column in frame.columns]
    return frame[[*declared, *extra]].reset_index(drop=True)


class _Names:
    """Public ids: customers by sign-up, orders and payments by time; nothing tells a fake one."""

    def __init__(self, accounts: pd.DataFrame, paid: Payments) -> None:
        self.accounts = accounts.sort_values(
            ["signed_up_at", "account"], kind="stable", ignore_index=True
        )
        self.customer = pd.Series(
            [f"c{number:05d}" for number in range(1, len(accounts) + 1)],
            index=pd.Index(self.accounts["account"]),
        )
        orders = paid.payments["order"].unique()
        self.order = pd.Series([f"o{number:06d}" for number in range(1, len(orders) + 1)], orders)

    def customers(self) -> pd.DataFrame:
        """The table customers."""
        return self.accounts.assign(customer_id=self.customer.to_numpy())

    def orders(self, lines: pd.DataFrame) -> pd.DataFrame:
        """The table orders."""
        return lines.assign(
            order_id=lines["order"].map(self.order),
            line_no=lines.groupby("order").cumcount() + 1,
            ordered_at=lines["at"],
            customer_id=lines["account"].map(self.customer),
        )

    def events(self, seen: pd.DataFrame) -> pd.DataFrame:
        """The table events."""
        return seen.assign(customer_id=seen["account"].map(self.customer))

    def payments(self, paid: pd.DataFrame) -> pd.DataFrame:
        """The table payments, and `pattern`: None where honest."""
        return paid.assign(
            payment_id=[f"pay{number:06d}" for number in range(1, len(paid) + 1)],
            attempted_at=paid["at"],
            customer_id=paid["account"].map(self.customer),
            order_id=paid["order"].map(self.order),
            address_match=paid["address_match"].astype(bool),
            x_basket_lines=paid["x_basket_lines"].astype("int64"),
        )


def _chargebacks(paid: Payments, payments: pd.DataFrame) -> pd.DataFrame:
    number = paid.reports["payment"].to_numpy()
    reports = paid.reports.assign(payment_id=payments["payment_id"].to_numpy()[number])
    return reports[["payment_id", "reported_at", "is_fraud", "reason"]].reset_index(drop=True)
