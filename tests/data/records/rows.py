"""Small data for the tests beside."""

from datetime import UTC, datetime, timedelta

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def event(name: str, minute: int = 0, **more: object) -> dict[str, object]:
    base = {"event_id": name, "occurred_at": NOON + timedelta(minutes=minute), "kind": "view"}
    return {**base, "product_id": "p1", "visitor_id": "v1", **more}
