"""Recommendations for all customers, by the code that answers over HTTP."""

from datetime import datetime

import pandas as pd

from decisions.recommendation.build_index import build
from decisions.recommendation.current_index import USE_CASE
from decisions.recommendation.query import ProductQuery
from decisions.recommendation.recommend import recommend
from decisions.recommendation.visits import visit
from decisions.runtime import Runtime
from models.base import ModelError

_COLUMNS = ("customer_id", "product_id", "rank", "score", "reason")


def score(
    runtime: Runtime, as_of: datetime, *, limit: int = 10, new_only: bool = False
) -> pd.DataFrame:
    """customer_id, product_id, rank, score, reason; every customer known by then, in order.

    new_only: nothing the customer bought before. Raises ModelError without a model.
    """
    release = runtime.release(USE_CASE)
    if release is None:
        raise ModelError(runtime.problem(USE_CASE) or "recommendation has no model in use")
    runtime.records.migrate()
    index = build(runtime, release, as_of)
    rows: list[tuple[str, str, int, float, str]] = []
    for customer, market in _customers(runtime, as_of):
        query = ProductQuery(
            customer_id=customer, market=market, limit=limit, new_only=new_only, explain=True
        )
        trail = runtime.records.storefront.trail(None, customer, until=as_of)
        answer = recommend(index, query, visit(index, query, trail))
        rows += [
            (customer, item.product_id, rank, item.score, item.reason.code if item.reason else "")
            for rank, item in enumerate(answer.items, start=1)
        ]
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _customers(runtime: Runtime, as_of: datetime) -> list[tuple[str, str | None]]:
    """Everybody who signed up or ordered, with the market they last ordered in, else their own."""
    listed = runtime.lake.read("customers", as_of=as_of, columns=["customer_id", "country"])
    orders = runtime.lake.read(
        "orders", as_of=as_of, columns=["customer_id", "market", "ordered_at"]
    )
    newest = orders.sort_values("ordered_at", kind="stable").drop_duplicates(
        "customer_id", keep="last"
    )
    markets = dict(zip(listed["customer_id"], listed["country"], strict=True))
    markets |= dict(zip(newest["customer_id"], newest["market"], strict=True))
    return [
        (customer, market if isinstance(market, str) else None)
        for customer, market in sorted(markets.items())
    ]
