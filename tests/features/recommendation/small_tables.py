"""Small data for the tests beside."""

import pandas as pd


def orders(*rows: tuple[str, str, str, str], **more: object) -> pd.DataFrame:
    """(order, customer, product, ISO day) rows with defaults for the rest."""
    frame = pd.DataFrame(rows, columns=["order_id", "customer_id", "product_id", "day"])
    frame["ordered_at"] = pd.to_datetime(frame.pop("day"), utc=True, format="ISO8601")
    defaults = {
        "line_no": range(len(frame)),
        "warehouse_id": "w",
        "quantity": 1.0,
        "unit_price": 2.0,
        "currency": "EUR",
        "discount": 0.0,
        "market": "DE",
        "status": "placed",
        "promotion_id": None,
    }
    return frame.assign(**(defaults | more))


def events(*rows: tuple[str, str, str | None, str | None, str]) -> pd.DataFrame:
    """(kind, product, visitor, customer, ISO time) rows."""
    names = ["kind", "product_id", "visitor_id", "customer_id", "occurred_at"]
    frame = pd.DataFrame(rows, columns=names, dtype=object)
    frame["occurred_at"] = pd.to_datetime(frame["occurred_at"], utc=True, format="ISO8601")
    return frame.assign(event_id=[f"e{i}" for i in range(len(frame))], market="DE")


NO_ORDERS, NO_EVENTS = orders(), events()
