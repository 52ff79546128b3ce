"""Small data for the tests beside."""

from datetime import UTC, datetime, timedelta

import pandas as pd

MAY = datetime(2024, 5, 1, tzinfo=UTC)


def orders(*lines: tuple[str, int], price: float = 2.5, day: int = 0) -> pd.DataFrame:
    """One order line for each (order_id, line_no)."""
    return pd.DataFrame(
        {
            "order_id": [order for order, _ in lines],
            "line_no": [line for _, line in lines],
            "ordered_at": pd.Timestamp(MAY + timedelta(days=day)),
            "customer_id": "c1",
            "product_id": "p1",
            "warehouse_id": "w1",
            "quantity": 1.0,
            "unit_price": price,
            "currency": "EUR",
        }
    )
