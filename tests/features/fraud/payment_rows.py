"""Small data for the tests beside."""

from typing import Any

import pandas as pd

from data.tables import TABLES

NOW = pd.Timestamp("2025-03-10T12:00:00Z")


def table(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows as `Lake.read` gives them."""
    contract = TABLES[name]
    extra = sorted({key for row in rows for key in row if key.startswith("x_")})
    frame = pd.DataFrame(rows, columns=[*contract.names, *extra])
    for column in contract.columns:
        values = frame[column.name]
        if column.kind in {"time", "date"}:
            values = pd.to_datetime(values, utc=True).astype("datetime64[ns, UTC]")
        elif column.kind == "flag":
            values = values.astype("boolean")
        elif column.kind in {"amount", "quantity", "share", "number"}:
            values = values.astype(float)
        else:
            values = values.astype(object).where(values.notna(), None)
        frame[column.name] = values
    return frame


def payment(name: str, minutes: float, **more: Any) -> dict[str, Any]:
    given = {"customer_id": "c", "amount": 10.0, "currency": "EUR"} | more
    return {"payment_id": name, "attempted_at": NOW + pd.Timedelta(minutes=minutes)} | given


def reported(name: str, minutes: float, *, is_fraud: bool = True) -> dict[str, Any]:
    at = NOW + pd.Timedelta(minutes=minutes)
    return {"payment_id": name, "reported_at": at, "is_fraud": is_fraud}


NO_RATES = table("fx_rates", [])
