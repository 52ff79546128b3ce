"""Small data for the tests beside."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from data.lake import Lake
from data.views import Terms, View
from features.replenishment import VIEWS

START = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday


VIEW = {view.name: view for view in VIEWS}


PAIR = {"warehouse_id": "W", "product_id": "P"}


Rows = list[dict[str, Any]]


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def build(folder: Path, view: View, as_of: datetime, tables: Mapping[str, Rows]) -> pd.DataFrame:
    """The view of a lake that holds these rows, as of then."""
    lake = Lake(folder)
    for name, rows in tables.items():
        if rows:
            lake.append(name, pd.DataFrame(rows))
    read = {name: lake.read(name, as_of=as_of) for name in view.tables}
    assert view.build is not None
    return view.build(read, as_of, Terms())


def sale(number: int, at: float, quantity: float = 1.0, **other: Any) -> dict[str, Any]:
    return {
        "order_id": f"o{number}",
        "line_no": 1,
        "ordered_at": day(at),
        "customer_id": "c",
        "quantity": quantity,
        "unit_price": 1.0,
        "currency": "EUR",
        **PAIR,
        **other,
    }


def look(at: float, on_hand: float, reserved: float | None = None) -> dict[str, Any]:
    return {"observed_at": day(at), "on_hand": on_hand, "reserved": reserved, **PAIR}


def bought(number: int, at: float, quantity: float, **other: Any) -> dict[str, Any]:
    return {
        "po_id": f"b{number}",
        "line_no": 1,
        "supplier_id": "S",
        "ordered_at": day(at),
        "quantity": quantity,
        **PAIR,
        **other,
    }


def terms(**other: Any) -> dict[str, Any]:
    return {"supplier_id": "S", "lead_time_days": 10.0, **PAIR, **other}


def newest(frame: pd.DataFrame) -> pd.Series:
    return frame.sort_values("event_timestamp").iloc[-1]
