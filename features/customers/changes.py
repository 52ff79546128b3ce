"""What changed for whom and when: every fact about a customer as numbers to add up.

A change is a row of customer_id, changed_at and the columns of SUMS that it adds to (missing: 0).
"""

from typing import Final

import numpy as np
import pandas as pd

from data.money import to_base
from data.views import Frames
from features.order_margins import optional_column, optional_times

YEAR = pd.Timedelta(days=365)
_DAY = 86_400.0  # seconds

# What also counts for the last 365 days alone.
YEARLY = ("orders", "revenue", "costed_revenue", "margin")
SUMS = (
    *YEARLY,
    *(f"{name}_365d" for name in YEARLY),
    "placed_orders",
    "cancelled_orders",
    "priced_orders",
    "ordered_revenue",
    "first_order_revenue",
    "returned_revenue",
    "units",
    "lines",
    "products",
    "categories",
    "discount",
    "discounted_orders",
    "gaps_squared",
    "payments",
    "declines",
    "refunds",
    "disputes",
    "frauds",
    "fraud_losses",
    "address_mismatches",
    "ship_countries",
)

CHANGE_COLUMNS = ("customer_id", "changed_at", *SUMS)
_TIME: Final = "datetime64[us, UTC]"


def customer_orders(lines: pd.DataFrame) -> pd.DataFrame:
    """One row an order, by customer and time: its sums, what is new in it, when it was cancelled.

    lines: of `order_lines`. An order whose every line was cancelled at a time that nobody told is
    left out: it never counts. Columns: customer_id, order_id, changed_at, cancelled_at (all lines
    cancelled; else missing), number (0 is the first), and sums.
    """
    known = lines.assign(
        costed_revenue=lines["revenue"].where(lines["margin"].notna()),
        products=(~lines.duplicated(["customer_id", "product_id"])).astype(int),
        categories=(lines["category"].notna() & ~lines.duplicated(["customer_id", "category"])),
        discounted_orders=(lines["discount"] > 0).astype(int),
        open_lines=~lines["is_cancelled"],
        cancelled_at=lines["undone_at"].where(lines["is_cancelled"]),
    )
    orders = known.groupby(["customer_id", "order_id"], sort=False, as_index=False).agg(
        changed_at=("ordered_at", "min"),
        cancelled_at=("cancelled_at", "max"),
        open_lines=("open_lines", "sum"),
        units=("quantity", "sum"),
        lines=("quantity", "size"),
        revenue=("revenue", "sum"),
        priced_lines=("revenue", "count"),
        costed_revenue=("costed_revenue", "sum"),
        margin=("margin", "sum"),
        discount=("discount", "sum"),
        discounted_orders=("discounted_orders", "max"),
        products=("products", "sum"),
        categories=("categories", "sum"),
        market=("market", "first"),
        channel=("channel", "first"),
        category=("category", "first"),
    )
    orders["cancelled_at"] = orders["cancelled_at"].where(orders["open_lines"] == 0)
    void = orders["cancelled_at"].notna() & (orders["cancelled_at"] <= orders["changed_at"])
    orders = orders[~void].sort_values(["customer_id", "changed_at"], kind="stable")
    orders["number"] = orders.groupby("customer_id", sort=False).cumcount()
    return orders.reset_index(drop=True)


def order_changes(lines: pd.DataFrame, orders: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Changes by orders, by what undid them, and by the year that has passed since.

    lines: of `order_lines`; orders: of `customer_orders`; as_of: nothing later is told.
    """
    parts = [
        uniform_changes(part).assign(ordered_at=part["ordered_at"].astype(_TIME))
        for part in (_placed(orders), _undone_money(lines, orders), _cancelled(orders))
    ]
    news = pd.concat(parts, ignore_index=True)
    for name in YEARLY:
        news[f"{name}_365d"] = news[name]
    over = news[news["ordered_at"] + YEAR <= as_of]
    ended = pd.DataFrame(
        {
            "customer_id": over["customer_id"],
            # What was undone after its year had passed takes nothing off the year that follows.
            "changed_at": np.maximum(over["changed_at"], over["ordered_at"] + YEAR),
            **{f"{name}_365d": -over[name] for name in YEARLY},
        }
    )
    return pd.concat([news[list(CHANGE_COLUMNS)], uniform_changes(ended)], ignore_index=True)


def uniform_changes(part: pd.DataFrame) -> pd.DataFrame:
    """A part with CHANGE_COLUMNS, what it does not add to as 0, of the same types as all parts."""
    whole = part.reindex(columns=list(CHANGE_COLUMNS))
    whole[list(SUMS)] = whole[list(SUMS)].astype(float).fillna(0.0)
    whole["customer_id"] = whole["customer_id"].astype(object)
    whole["changed_at"] = whole["changed_at"].astype(_TIME)
    return whole


def _placed(orders: pd.DataFrame) -> pd.DataFrame:
    gap = orders.groupby("customer_id", sort=False)["changed_at"].diff().dt.total_seconds() / _DAY
    priced = orders["priced_lines"] > 0
    return pd.DataFrame(
        {
            "customer_id": orders["customer_id"],
            "changed_at": orders["changed_at"],
            "ordered_at": orders["changed_at"],
            "orders": 1.0,
            "placed_orders": 1.0,
            "priced_orders": priced.astype(float),
            "ordered_revenue": orders["revenue"],
            "first_order_revenue": orders["revenue"].where(orders["number"] == 0, 0.0),
            "gaps_squared": gap.fillna(0.0) ** 2,
            **{
                name: orders[name].astype(float)
                for name in (
                    *YEARLY[1:],
                    *("units", "lines", "products", "categories", "discount", "discounted_orders"),
                )
            },
        }
    )


def _cancelled(orders: pd.DataFrame) -> pd.DataFrame:
    """Orders that are none any more."""
    gone = orders[orders["cancelled_at"].notna()]
    return pd.DataFrame(
        {
            "customer_id": gone["customer_id"],
            "changed_at": gone["cancelled_at"],
            "ordered_at": gone["changed_at"],
            "orders": -1.0,
            "cancelled_orders": 1.0,
            "priced_orders": -(gone["priced_lines"] > 0).astype(float),
            "ordered_revenue": -gone["revenue"],
        }
    )


def _undone_money(lines: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Money of lines that were cancelled or came back, taken off again when they did."""
    undone = lines[lines["undone_at"].notna() & lines["order_id"].isin(orders["order_id"])]
    share = undone["undone_share"].astype(float)
    revenue = undone["revenue"].fillna(0.0) * share
    costed = revenue.where(undone["margin"].notna(), 0.0)
    return pd.DataFrame(
        {
            "customer_id": undone["customer_id"],
            "changed_at": undone["undone_at"],
            "ordered_at": undone["ordered_at"],
            "revenue": -revenue,
            "costed_revenue": -costed,
            "margin": -(undone["margin"] * share).fillna(0.0),
            "returned_revenue": revenue.where(~undone["is_cancelled"], 0.0),
        }
    )


def payment_changes(tables: Frames, base_currency: str) -> pd.DataFrame:
    """Changes by payments and by what was reported of them.

    tables: payments, chargebacks, fx_rates. base_currency: ISO 4217; a loss without a rate is
    counted as a fraud, without its money.
    """
    payments = tables["payments"]
    amount = to_base(
        payments["amount"].astype(float),
        payments["currency"],
        payments["attempted_at"],
        tables["fx_rates"],
        base_currency,
    )
    country = optional_column(payments, "shipping_country").astype(object)
    first = payments.assign(_country=country).sort_values("attempted_at", kind="stable")
    seen = first.duplicated(["customer_id", "_country"]).reindex(payments.index)
    mismatch = optional_column(payments, "address_match").astype(object)
    outcome = optional_column(payments, "outcome").astype(object)
    paid = pd.DataFrame(
        {
            "customer_id": payments["customer_id"],
            "changed_at": payments["attempted_at"],
            "payments": 1.0,
            "declines": (outcome == "declined").astype(float),
            "refunds": (outcome == "refunded").astype(float),
            "address_mismatches": (mismatch == False).astype(float),  # noqa: E712  # missing is none
            "ship_countries": (country.notna() & ~seen).astype(float),
        }
    )
    disputes = _disputes(payments, tables["chargebacks"], amount)
    return pd.concat([uniform_changes(paid), uniform_changes(disputes)], ignore_index=True)


def _disputes(payments: pd.DataFrame, chargebacks: pd.DataFrame, amount: pd.Series) -> pd.DataFrame:
    """Reports about payments. A payment is disputed once, however often that is told, and not by an
    analyst's word (`review`). A fraud counts until it is taken back, by a correction or a dispute
    that was won; of those that a bank told, the amount is off the margin for as long."""
    known = payments[["payment_id", "customer_id"]].assign(amount=amount)
    told = _with_won(chargebacks).merge(known, on="payment_id")
    told = told.sort_values("at", kind="stable", ignore_index=True)
    by_bank = told[told["kind"] != "review"]
    reports = by_bank[~by_bank["is_won"]]
    first = ~reports.duplicated("payment_id").reindex(told.index, fill_value=True)
    paid_back = _turns(by_bank).reindex(told.index, fill_value=0.0) * told["amount"].fillna(0.0)
    return pd.DataFrame(
        {
            "customer_id": told["customer_id"],
            "changed_at": told["at"],
            "disputes": first.astype(float),
            "frauds": _turns(told),
            "fraud_losses": paid_back,
            "margin": -paid_back,
        }
    )


def _with_won(chargebacks: pd.DataFrame) -> pd.DataFrame:
    """payment_id, kind, is_fraud, at of each report, and is_won: the end of a dispute that the shop
    won, which is no fraud from then on."""
    told = pd.DataFrame(
        {
            "payment_id": chargebacks["payment_id"],
            "kind": optional_column(chargebacks, "kind").astype(object),
            "is_fraud": chargebacks["is_fraud"].eq(True).fillna(False).astype(bool),
            "at": chargebacks["reported_at"],
            "is_won": False,
        }
    )
    won = optional_column(chargebacks, "resolution").astype(object) == "won"
    resolved = optional_times(chargebacks, "resolved_at")
    ended = told[won & resolved.notna()].assign(is_fraud=False, is_won=True)
    return pd.concat([told, ended.assign(at=resolved)], ignore_index=True) if len(ended) else told


def _turns(told: pd.DataFrame) -> pd.Series:
    """1 where a payment becomes fraud, -1 where it ceases to be; told: reports in order of time."""
    fraud = told["is_fraud"].astype(float)
    return fraud - fraud.groupby(told["payment_id"]).shift(fill_value=0.0)


def sign_ups(customers: pd.DataFrame) -> pd.DataFrame:
    """Changes by sign-up: nothing is added, the customer is known from then on."""
    known = customers[customers["signed_up_at"].notna()]
    return pd.DataFrame({"customer_id": known["customer_id"], "changed_at": known["signed_up_at"]})
