"""Small data for the tests beside."""

import pandas as pd

from data.tables import TABLES
from data.views import Terms
from features.customers import customer_ledger

T0 = pd.Timestamp("2024-01-01", tz="UTC")


TERMS = Terms(base_currency="EUR")


def day(number: float) -> pd.Timestamp:
    return T0 + pd.Timedelta(days=number)


def orders(*rows: tuple[str, str, float, float], **extra: object) -> pd.DataFrame:
    """Rows of (order, customer, day, price), one unit each."""
    names = ["order_id", "customer_id", "day", "unit_price"]
    frame = pd.DataFrame(list(rows), columns=names)
    frame["ordered_at"] = [day(number) for number in frame.pop("day")]
    return frame.assign(
        line_no=1,
        product_id="p",
        warehouse_id="w",
        quantity=1.0,
        currency="EUR",
        discount=0.0,
        market="DE",
        status="placed",
    ).assign(**extra)


def tables(**given: pd.DataFrame) -> dict[str, pd.DataFrame]:
    empty = {
        name: pd.DataFrame(
            {
                column.name: pd.Series(
                    dtype="datetime64[us, UTC]" if column.kind in {"time", "date"} else object
                )
                for column in TABLES[name].columns
            }
        )
        for name in (
            "orders",
            "products",
            "supply_terms",
            "customers",
            "payments",
            "chargebacks",
            "fx_rates",
        )
    }
    return empty | given


def at(frame: pd.DataFrame, moment: pd.Timestamp, customer: str = "a") -> pd.Series:
    mine = frame[(frame["customer_id"] == customer) & (frame["event_timestamp"] <= moment)]
    return mine.sort_values("event_timestamp").iloc[-1]


def ledger(moment: float = 1000, **given: pd.DataFrame) -> pd.DataFrame:
    return customer_ledger(tables(**given), day(moment).to_pydatetime(), TERMS)
