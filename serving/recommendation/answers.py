"""An answer as JSON over HTTP."""

from typing import Any

import orjson
from fastapi import Response

from serving.ids import fresh_id
from serving.recommendation.ask import Answer, Item
from serving.recommendation.shelf import Shelf


def name() -> str:
    """A new recommendation_id."""
    return f"rec_{fresh_id()}"


def body(shelf: Shelf, answer: Answer, recommendation_id: str) -> dict[str, Any]:
    """The fields of schemas.Products, as plain values: a tenth of the time of building models."""
    return {
        "recommendation_id": recommendation_id,
        "items": [_item(item, rank) for rank, item in enumerate(answer.items, start=1)],
        "served_by": answer.served_by,
        "degraded": bool(answer.degraded),
        "model_version": shelf.release.version if shelf.release else None,
    }


def _item(item: Item, rank: int) -> dict[str, Any]:
    there = item.warehouse_id is not None and item.on_hand is not None
    return {
        "product_id": item.product_id,
        "rank": rank,
        "score": round(item.score, 6),
        "reasons": [vars(item.reason)] if item.reason else [],
        "availability": {"warehouse_id": item.warehouse_id, "on_hand": item.on_hand}
        if there
        else None,
    }


def response(content: dict[str, Any]) -> Response:
    """The content as a JSON response."""
    return Response(orjson.dumps(content), media_type="application/json")
