"""Small data for the tests beside."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from data.tables import TABLES
from features.forecasting import TABLES as WANTED

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


def week(number: int, *, days: float = 0) -> datetime:
    return MONDAY + timedelta(weeks=number, days=days)


def tables(**rows: list[dict]) -> dict[str, pd.DataFrame]:
    """Tables as the lake gives them; fields left out are empty."""
    made = {}
    for name in WANTED:
        given_rows = rows.get(name, [])
        frame = pd.DataFrame(given_rows, columns=list(TABLES[name].names), dtype=object)
        for column in TABLES[name].columns:
            if column.kind in ("time", "date"):
                frame[column.name] = pd.to_datetime(frame[column.name], utc=True).astype(
                    "datetime64[ns, UTC]"
                )
            elif column.kind in ("quantity", "amount", "share", "number"):
                frame[column.name] = frame[column.name].astype("float64")
            elif column.kind == "flag":
                frame[column.name] = frame[column.name].astype("boolean")
        made[name] = frame
    return made


def order(number: int | str, when: datetime, quantity: float = 1, **other) -> dict:
    return {
        "order_id": f"o{number}",
        "line_no": 1,
        "ordered_at": when,
        "customer_id": "c",
        "product_id": "p",
        "warehouse_id": "w",
        "quantity": quantity,
        "unit_price": 10.0,
        "currency": "EUR",
        "discount": 0.0,
        "status": "placed",
        **other,
    }


def look(when: datetime, on_hand: float, **other) -> dict:
    return {
        "observed_at": when, "warehouse_id": "w", "product_id": "p", "on_hand": on_hand, **other
    }  # fmt: skip


def quantities(frame: pd.DataFrame) -> list[float | None]:
    return [None if np.isnan(one) else one for one in frame["quantity"]]
