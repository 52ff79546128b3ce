"""What the lake knows of people beyond the model: purchases since, returns, where they buy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.lake import Lake
from data.storefront import PersonLinks
from decisions.recommendation.query import PastAction
from features.recommendation import customers_of_visitors, interactions, person
from models.recommendation import Recommender
from models.recommendation.id_index import IdIndex

_SALES_DAYS = 28
_ORDER_COLUMNS = (
    *("order_id", "line_no", "ordered_at", "customer_id", "product_id", "quantity"),
    *("market", "status"),
)
_EVENT_COLUMNS = (
    *("event_id", "occurred_at", "kind", "product_id", "visitor_id", "customer_id", "market"),
)


@dataclass(frozen=True)
class HomeMarkets:
    """The market each customer last ordered in, else the country they live in."""

    customers: IdIndex
    code: NDArray[np.int16]
    markets: tuple[str, ...]

    def of(self, customer_id: str | None) -> str | None:
        """A customer's market; None where it is unknown."""
        place = int(self.customers.find([customer_id])[0]) if customer_id else -1
        return self.markets[int(self.code[place])] if place >= 0 else None


_NO_MARKETS = HomeMarkets(IdIndex(np.empty(0, dtype="S1")), np.empty(0, dtype=np.int16), ())


@dataclass(frozen=True)
class RecentActivity:
    """What is known of people beyond the model.

    actions: by person, oldest first, since the model's newest fact. returned: by person, the
    products that they gave back and did not buy again. sales: units by product over the last 28
    days. markets: where customers buy. customer_of, visitors_of: who signed in as whom, the first
    visitor first.
    """

    actions: Mapping[str, tuple[PastAction, ...]] = field(default_factory=dict)
    returned: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sales: Mapping[str, float] = field(default_factory=dict)
    markets: HomeMarkets = _NO_MARKETS
    customer_of: Mapping[str, str] = field(default_factory=dict)
    visitors_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def links_of(self, visitor_id: str | None, customer_id: str | None) -> PersonLinks:
        """The other names of a visitor or a customer, by the table of identities.

        visitor_id: the visitor who asks, None: not named; customer_id: the customer who asks, None:
        the one the visitor signed in as.
        """
        customer = customer_id or self.customer_of.get(visitor_id or "")
        visitors = self.visitors_of.get(customer or "", ())
        if customer is None or not visitors:
            return PersonLinks()
        return PersonLinks((customer,), visitors, person(None, visitors[0]))


def read_recent_activity(lake: Lake, model: Recommender | None, as_of: datetime) -> RecentActivity:
    """Read what is known of people beyond the model from the lake, as of a time.

    lake: the merchant's tables; model: whose newest fact is where the actions begin, None: there is
    none yet; as_of: nothing known later counts.
    """
    orders = lake.read("orders", as_of=as_of, columns=list(_ORDER_COLUMNS))
    identities = lake.read("identities", as_of=as_of)
    month = orders[orders["ordered_at"] > pd.Timestamp(as_of) - timedelta(days=_SALES_DAYS)]
    sales = month.groupby("product_id")["quantity"].sum()
    return RecentActivity(
        actions=_actions(lake, orders, identities, model, as_of),
        returned=returned_products(orders),
        sales={str(product): float(number) for product, number in sales.items()},
        markets=_home_markets(lake, orders, as_of),
        customer_of=customers_of_visitors(identities),
        visitors_of=visitors_of_customers(identities),
    )


def _actions(
    lake: Lake,
    orders: pd.DataFrame,
    identities: pd.DataFrame,
    model: Recommender | None,
    as_of: datetime,
) -> Mapping[str, tuple[PastAction, ...]]:
    since = model_end(model)
    if since >= as_of:
        return {}
    events = lake.read("events", as_of=as_of, columns=list(_EVENT_COLUMNS))
    found = interactions(
        orders[orders["ordered_at"] > since],
        events[events["occurred_at"] > since],
        identities=identities,
    )
    found = found[found["weight"] > 0]
    actions: dict[str, list[PastAction]] = {}
    for who, product, kind, when, order in zip(
        found["customer_id"],
        found["product_id"],
        found["kind"],
        found["occurred_at"],
        found["order_id"],
        strict=True,
    ):
        basket = order if isinstance(order, str) else None
        action = PastAction(str(product), str(kind), when.to_pydatetime(), basket)
        actions.setdefault(str(who), []).append(action)
    return {who: tuple(each) for who, each in actions.items()}


def visitors_of_customers(identities: pd.DataFrame) -> Mapping[str, tuple[str, ...]]:
    """The visitors each customer was, the first first; identities: the table of that name."""
    ordered = identities.sort_values("linked_at", kind="stable")
    return {
        str(customer): tuple(group.astype(str))
        for customer, group in ordered.groupby("customer_id")["visitor_id"]
    }


def model_end(model: Recommender | None) -> datetime:
    """The time of the newest fact that the model was made from; the beginning without a model."""
    days = 0.0 if model is None else model.sources.end
    return datetime.fromtimestamp(0, UTC) + timedelta(days=days)


def returned_products(orders: pd.DataFrame) -> Mapping[str, frozenset[str]]:
    """By person, the products whose last order they gave back.

    orders: rows of the orders table with customer_id, product_id, ordered_at and status.
    """
    back = orders[orders["status"] == "returned"]
    if back.empty:
        return {}
    pairs = back[["customer_id", "product_id"]].drop_duplicates()
    those = orders[orders["status"] != "cancelled"].merge(pairs, on=["customer_id", "product_id"])
    last = those.sort_values("ordered_at", kind="stable")
    last = last.drop_duplicates(["customer_id", "product_id"], keep="last")
    given_back = last[last["status"] == "returned"]
    return {
        str(who): frozenset(group) for who, group in given_back.groupby("customer_id")["product_id"]
    }


def _home_markets(lake: Lake, orders: pd.DataFrame, as_of: datetime) -> HomeMarkets:
    listed = lake.read("customers", as_of=as_of, columns=["customer_id", "country"])
    bought = orders.dropna(subset=["market"]).sort_values("ordered_at", kind="stable")
    both = pd.concat(
        [
            listed.rename(columns={"country": "market"}).dropna(),
            bought[["customer_id", "market"]].drop_duplicates("customer_id", keep="last"),
        ]
    ).drop_duplicates("customer_id", keep="last")
    if both.empty:
        return _NO_MARKETS
    customers = IdIndex.of(both["customer_id"])
    codes, markets = pd.factorize(both["market"].astype(object))
    code = np.empty(len(customers), dtype=np.int16)
    code[customers.encode(both["customer_id"])] = codes
    return HomeMarkets(customers, code, tuple(str(market) for market in markets))
