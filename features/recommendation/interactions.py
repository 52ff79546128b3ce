"""Who did what with which product: orders and events as one list, and the view that keeps it."""

from datetime import datetime

import pandas as pd

from data.money import to_base
from data.tables import TABLES
from data.views import Frames, Terms, View

# What one row says, by its kind; an impression alone says nothing, a `hide` is a filter.
KIND_WEIGHTS = {
    "purchase": 1.0,
    "cart": 0.3,
    "click": 0.1,
    "view": 0.1,
    "impression": 0.0,
    "uncart": 0.0,
    "hide": 0.0,
    "unhide": 0.0,
}
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
_VISITOR = "visitor:"


def person(customer_id: str | None, visitor_id: str | None) -> str | None:
    """The one key of who acts: the customer where known, else the visitor.

    customer_id: None or empty where the customer is not known; visitor_id: None or empty where the
    visitor is not known. With neither there is no key.

    >>> person(None, "v1")
    'visitor:v1'
    """
    if customer_id:
        return customer_id
    return f"{_VISITOR}{visitor_id}" if visitor_id else None


def interactions(
    orders: pd.DataFrame,
    events: pd.DataFrame,
    *,
    products: pd.DataFrame | None = None,
    fx_rates: pd.DataFrame | None = None,
    identities: pd.DataFrame | None = None,
    base: str = Terms().base_currency,
) -> pd.DataFrame:
    """Orders and events as one list of interactions, oldest first; columns as INTERACTIONS.

    orders, events: rows of the tables of those names. Cancelled and returned lines are left out. A
    `purchase` event of a customer and product that was also ordered that day is the same purchase
    and counts once. Visitors without a customer id appear as `visitor:<id>`, or as the customer
    that `identities` links them to. weight: KIND_WEIGHTS. price: paid for one unit of a purchase,
    in the base currency `base` by `fx_rates` (NaN without them). category, brand: of `products`.
    """
    named = _named(orders, events, fx_rates=fx_rates, identities=identities, base=base)
    for name in ("category", "brand"):
        named[name] = _label(named["product_id"], products, name)
    return named[list(INTERACTIONS)]


def _named(
    orders: pd.DataFrame,
    events: pd.DataFrame,
    *,
    fx_rates: pd.DataFrame | None,
    identities: pd.DataFrame | None,
    base: str,
) -> pd.DataFrame:
    """The interactions, each with a name of its own (`interaction_id`), oldest first."""
    bought = _from_orders(orders, fx_rates, base)
    seen = _from_events(events, identities)
    both = pd.concat([frame for frame in (bought, seen) if len(frame)] or [bought])
    both = both.reset_index(drop=True)
    both["_day"] = both["occurred_at"].dt.floor("D")
    purchase = both["kind"] == "purchase"
    again = purchase & both.duplicated(["customer_id", "product_id", "_day", "kind"])
    both = both[~(again & both["order_id"].isna())]
    both = both.assign(weight=both["kind"].map(KIND_WEIGHTS).astype(float))
    order = ["occurred_at", "customer_id", "product_id", "interaction_id"]
    return both.sort_values(order, kind="stable", ignore_index=True)


def _label(product: pd.Series, products: pd.DataFrame | None, name: str) -> pd.Series:
    """What the products table says of each row's product, as a category."""
    if products is None:
        return pd.Series(pd.Categorical([None] * len(product)), index=product.index)
    said = products.drop_duplicates("product_id", keep="last").set_index("product_id")[name]
    return product.map(said.astype(object)).astype("category")


def _from_orders(orders: pd.DataFrame, fx_rates: pd.DataFrame | None, base: str) -> pd.DataFrame:
    kept = priced(orders, fx_rates, base) if fx_rates is not None else _valid(orders)
    paid = kept["paid"] if fx_rates is not None else pd.Series(float("nan"), index=kept.index)
    order = kept["order_id"].astype(object)
    return pd.DataFrame(
        {
            "interaction_id": order.astype(str) + "~" + kept["line_no"].astype(str),
            "customer_id": kept["customer_id"].astype(object),
            "product_id": kept["product_id"].astype(object),
            "occurred_at": kept["ordered_at"],
            "kind": "purchase",
            "quantity": kept["quantity"].astype(float),
            "order_id": order,
            "market": kept["market"].astype(object),
            "price": paid.astype(float) / kept["quantity"].astype(float),
        }
    )


def _valid(orders: pd.DataFrame) -> pd.DataFrame:
    return orders[~orders["status"].isin(["cancelled", "returned"])]


def _from_events(events: pd.DataFrame, identities: pd.DataFrame | None = None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "interaction_id": "event~" + events["event_id"].astype(str),
            "customer_id": _who(events, identities),
            "product_id": events["product_id"].astype(object),
            "occurred_at": events["occurred_at"],
            "kind": events["kind"].astype(object),
            "quantity": 1.0,
            "order_id": None,
            "market": events["market"].astype(object),
            "price": float("nan"),
        }
    )


def _who(events: pd.DataFrame, identities: pd.DataFrame | None) -> pd.Series:
    """The key of who acted in each event: see `person`."""
    visitor = events["visitor_id"].astype(object)
    unnamed = _VISITOR + visitor.fillna("")
    if identities is not None and len(identities):
        unnamed = visitor.map(customers_of_visitors(identities)).fillna(unnamed)
    return events["customer_id"].astype(object).where(events["customer_id"].notna(), unnamed)


def customers_of_visitors(identities: pd.DataFrame) -> dict[str, str]:
    """The customer each visitor was linked to last; identities: the table of that name."""
    newest = identities.sort_values("linked_at", kind="stable")
    newest = newest.drop_duplicates("visitor_id", keep="last")
    return dict(zip(newest["visitor_id"].astype(str), newest["customer_id"], strict=True))


def hidden(events: pd.DataFrame, identities: pd.DataFrame | None = None) -> pd.DataFrame:
    """Who wants to see which product no more, and since when: customer_id, product_id, occurred_at.

    events, identities: the tables of these names. A later `unhide` takes a `hide` back.
    """
    chosen = events[events["kind"].isin(["hide", "unhide"])]
    said = _from_events(chosen, identities).sort_values("occurred_at", kind="stable")
    last = said.drop_duplicates(["customer_id", "product_id"], keep="last")
    found = last.loc[last["kind"] == "hide", ["customer_id", "product_id", "occurred_at"]]
    return found.sort_values(["customer_id", "product_id"], ignore_index=True)


def priced(orders: pd.DataFrame, fx_rates: pd.DataFrame, base: str) -> pd.DataFrame:
    """Valid lines with `paid`: the line's money after discount, in the base currency.

    orders, fx_rates: the tables of these names; base: ISO 4217 code of the base currency. Where a
    rate is missing `paid` is NaN.
    """
    kept = _valid(orders)
    net = kept["unit_price"] * kept["quantity"] - kept["discount"].fillna(0.0)
    paid = to_base(net.clip(lower=0.0), kept["currency"], kept["ordered_at"], fx_rates, base)
    return kept.assign(paid=paid)


def build_interactions(tables: Frames, as_of: datetime, terms: Terms) -> pd.DataFrame:
    """The view `interactions`: one row an order line or event, known by `as_of`.

    tables: orders, events, products, fx_rates and, where there is one, identities; terms: whose
    base currency prices are in.
    """
    identities = tables.get("identities")
    found = _named(
        tables["orders"],
        tables["events"],
        fx_rates=tables["fx_rates"],
        identities=identities,
        base=terms.base_currency,
    )
    for name in ("category", "brand"):
        found[name] = _label(found["product_id"], tables["products"], name).astype(object)
    return found.rename(columns={"occurred_at": "event_timestamp"})[
        ["customer_id", "interaction_id", *_FEATURES, "event_timestamp"]
    ]


def as_interactions(history: pd.DataFrame) -> pd.DataFrame:
    """Rows of the view as `interactions` gives them, oldest first; columns as INTERACTIONS.

    history: rows of the view, as the store gives them.
    """
    frame = history.rename(columns={"event_timestamp": "occurred_at"})
    order = ["occurred_at", "customer_id", "product_id", "interaction_id"]
    frame = frame.sort_values(order, kind="stable", ignore_index=True)
    names = {name: frame[name].astype("category") for name in ("category", "brand")}
    return frame.assign(**names)[list(INTERACTIONS)]


_FEATURES = (
    "product_id",
    "kind",
    "quantity",
    "weight",
    "order_id",
    "market",
    "price",
    "category",
    "brand",
)
_NUMBERS = ("quantity", "weight", "price")
_WHERE_THERE_IS_ONE = ("identities",)
INTERACTIONS_VIEW = View(
    name="interactions",
    keys=("customer_id", "interaction_id"),
    features={name: "float" if name in _NUMBERS else "str" for name in _FEATURES},
    tables=(
        *("orders", "events", "products", "fx_rates"),
        *(name for name in _WHERE_THERE_IS_ONE if name in TABLES),
    ),
    build=build_interactions,
    online=False,
)
