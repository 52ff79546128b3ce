"""Small data for the tests beside."""

import pandas as pd

from models.base import Model

START = pd.Timestamp("2024-01-01", tz="UTC")


TEA, PETS = ("tea", "milk", "sugar", "lemon"), ("food", "leash", "bowl", "toy")


def row(person: str, product: str, day: float, order: str, **more: object) -> dict[str, object]:
    return {
        "customer_id": person,
        "product_id": product,
        "occurred_at": START + pd.Timedelta(days=day),
        "kind": "purchase",
        "quantity": 1.0,
        "weight": 1.0,
        "order_id": order,
        "market": "DE",
    } | more


def shoppers() -> pd.DataFrame:
    """Twelve people of two tastes; each leaves out one product of their taste."""
    rows = []
    for person in range(12):
        taste = TEA if person < 6 else PETS
        for number, product in enumerate(taste):
            if number == person % 4:
                continue
            rows += [
                row(f"c{person:02}", product, week * 7 + person / 10, f"o{person}-{week}")
                for week in range(0, 8, 1 + number % 2)
            ]
    return pd.DataFrame(rows).sort_values("occurred_at", ignore_index=True)


def products(model: Model, customer: str, limit: int = 10) -> list[str]:
    asked = pd.DataFrame({"customer_id": [customer], "limit": [limit]})
    return list(model.predict(asked)["product_id"])
