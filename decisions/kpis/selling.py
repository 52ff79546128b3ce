"""What is sold and to whom: orders, returns and retention, day by day."""

import numpy as np
import pandas as pd

from data.money import to_base
from data.views import Frames
from data.zones import local_days, zones_of
from features.order_margins import first_category, order_lines

ATTRIBUTION = pd.Timedelta(days=7)
RETENTION = pd.Timedelta(days=90)
SALES_TABLES = ("orders", "products", "supply_terms", "fx_rates", "warehouses", "events")


def priced_lines(tables: Frames, base_currency: str) -> pd.DataFrame:
    """Every order line with its day (at its warehouse), its parts and its money.

    tables: SALES_TABLES; base_currency: ISO 4217. Columns: those of `order_lines`, and day,
    undone_day, warehouse_id, is_first (the first line of its order that was not cancelled),
    number (how many orders the customer had before).
    """
    orders = tables["orders"].sort_values("ordered_at", kind="stable", ignore_index=True)
    lines = order_lines(tables, base_currency)
    zones = zones_of(orders["warehouse_id"], tables["warehouses"])
    counts = ~lines["is_cancelled"].to_numpy(dtype=bool)
    lines = lines.assign(
        warehouse_id=orders["warehouse_id"],
        line_no=orders["line_no"],
        day=local_days(lines["ordered_at"], zones),
        undone_day=local_days(lines["undone_at"], zones),
        category=first_category(tables["products"], lines["product_id"]),
    )
    kept = lines[counts].sort_values(["ordered_at", "order_id", "line_no"], kind="stable")
    first = kept.drop_duplicates("order_id")
    number = first.groupby("customer_id", sort=False).cumcount()
    return lines.assign(
        counts=counts,
        is_first=lines.index.isin(first.index),
        number=number.reindex(lines.index),
    )


def order_facts(lines: pd.DataFrame, clicks: pd.DataFrame | None) -> pd.DataFrame:
    """The measures of every order line.

    lines: of `priced_lines`; clicks: customer_id, product_id, occurred_at of clicks on
    recommendations; None: the shop tells of no clicks, so what they brought is not known.
    """
    counts = lines["counts"].to_numpy(dtype=bool)
    revenue = lines["revenue"].where(counts, 0.0)
    known_cost = lines["margin"].notna() & counts
    first = lines["is_first"].to_numpy(dtype=bool)
    facts = lines[["day", "market", "warehouse_id", "channel", "category"]].assign(
        revenue=revenue,
        units=lines["quantity"].where(counts, 0.0),
        orders=first.astype(float),
        lines=1.0,
        cancelled_lines=(~counts).astype(float),
        margin=lines["margin"].where(known_cost, 0.0),
        costed_revenue=lines["revenue"].where(known_cost, 0.0),
        discount=lines["discount"].where(counts, 0.0),
        list_revenue=(lines["revenue"] + lines["discount"]).where(counts, 0.0),
        first_orders=(first & (lines["number"] == 0)).astype(float),
        repeat_orders=(first & (lines["number"] > 0)).astype(float),
    )
    if clicks is None:
        return facts
    return facts.assign(recommended_revenue=revenue.where(_follows_click(lines, clicks), 0.0))


def _follows_click(lines: pd.DataFrame, clicks: pd.DataFrame) -> pd.Series:
    """True for lines whose customer clicked on the product within ATTRIBUTION before."""
    asked = lines[["customer_id", "product_id"]].astype(object).assign(row=lines.index)
    asked["when"] = pd.to_datetime(lines["ordered_at"], utc=True).astype("datetime64[us, UTC]")
    given = clicks[["customer_id", "product_id"]].astype(object).assign(clicked=True)
    given["when"] = pd.to_datetime(clicks["occurred_at"], utc=True).astype("datetime64[us, UTC]")
    found = pd.merge_asof(
        asked.sort_values("when", kind="stable"),
        given.sort_values("when", kind="stable"),
        on="when",
        by=["customer_id", "product_id"],
        tolerance=ATTRIBUTION,
    )
    followed = found.set_index("row")["clicked"].reindex(lines.index)
    return followed.eq(True)


def return_facts(lines: pd.DataFrame) -> pd.DataFrame:
    """Units that came back, by day of return; lines: of `priced_lines`."""
    back = lines[lines["counts"] & lines["undone_day"].notna() & (lines["undone_share"] > 0)]
    return pd.DataFrame(
        {
            "day": back["undone_day"],
            **{name: back[name] for name in ("market", "warehouse_id", "channel", "category")},
            "units": back["quantity"] * back["undone_share"],
        }
    )


def retention_facts(lines: pd.DataFrame) -> pd.DataFrame:
    """Customers by the day RETENTION after an order, and whether they came again by then.

    lines: of `priced_lines`. A customer counts once for each day with an order.
    """
    orders = lines[lines["is_first"]].sort_values("ordered_at", kind="stable")
    daily = orders.drop_duplicates(["customer_id", "day"])
    following = daily.groupby("customer_id", sort=False)["day"].shift(-1)
    kept = (following - daily["day"]) <= RETENTION
    return pd.DataFrame(
        {
            "day": daily["day"] + RETENTION,
            **{name: daily[name] for name in ("market", "warehouse_id", "channel")},
            "customers": 1.0,
            "kept": kept.astype(float),
        }
    )


def recommendation_clicks(events: pd.DataFrame) -> pd.DataFrame | None:
    """Clicks of known customers on recommendations; None where no click was ever told.

    events: the table.
    """
    clicks = events[events["kind"] == "click"]
    if clicks.empty:
        return None
    shown = clicks["placement"].notna() | clicks["recommendation_id"].notna()
    return clicks[shown & clicks["customer_id"].notna()]


def stock_costs(tables: Frames, pairs: pd.DataFrame, base_currency: str) -> np.ndarray:
    """Landed cost of a unit of each pair in the base currency, by the newest terms and rates.

    tables: products, supply_terms, fx_rates; pairs: warehouse_id, product_id; base_currency: ISO
    4217. By supply terms where there are any: unit cost × (1 + duty) + freight; else the
    product's unit cost. NaN where neither is known.
    """
    products = tables["products"].drop_duplicates("product_id", keep="last")
    plain = pairs[["product_id"]].merge(
        products[["product_id", "unit_cost", "currency"]], on="product_id", how="left"
    )
    cost = plain["unit_cost"].astype(float)
    currency: pd.Series = plain["currency"].astype(object)
    terms = tables["supply_terms"]
    if len(terms):
        newest = terms[terms["unit_cost"].notna()].sort_values("valid_from", kind="stable")
        newest = newest.drop_duplicates(["warehouse_id", "product_id"], keep="last")
        duty = newest["duty_rate"].astype(float).fillna(0.0)
        freight = newest["freight_per_unit"].astype(float).fillna(0.0)
        landed = newest[["warehouse_id", "product_id", "currency"]].assign(
            landed=newest["unit_cost"].astype(float) * (1.0 + duty) + freight
        )
        beside = pairs.merge(landed, on=["warehouse_id", "product_id"], how="left")
        has = beside["landed"].notna().to_numpy()
        cost = pd.Series(np.where(has, beside["landed"], cost), dtype=float)
        currency = pd.Series(np.where(has, beside["currency"], currency), dtype=object)
    rates = tables["fx_rates"]
    now = pd.Series(pd.Timestamp("2262-01-01", tz="UTC"), index=cost.index)
    return to_base(cost, currency, now, rates, base_currency).to_numpy(dtype=float)
