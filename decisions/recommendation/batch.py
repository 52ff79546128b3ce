"""Recommendations for all customers, by the code that answers over HTTP."""

from datetime import datetime

import pandas as pd

from decisions.recommendation.build_index import build
from decisions.recommendation.current_index import USE_CASE
from decisions.recommendation.query import ProductQuery
from decisions.recommendation.recommend import recommend
from decisions.recommendation.visits import read_visit
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
    for customer in _customers(runtime, as_of):
        query = ProductQuery(customer_id=customer, limit=limit, new_only=new_only, explain=True)
        seen = read_visit(index, query, runtime.records.storefront, until=as_of)
        answer = recommend(index, query, seen)
        rows += [
            (customer, item.product_id, rank, item.score, item.reason.code if item.reason else "")
            for rank, item in enumerate(answer.items, start=1)
        ]
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _customers(runtime: Runtime, as_of: datetime) -> list[str]:
    """Everybody who signed up, ordered or did something under their own name, in order."""
    names: set[str] = set()
    for table in ("customers", "orders", "events"):
        rows = runtime.lake.read(table, as_of=as_of, columns=["customer_id"])
        names.update(rows["customer_id"].dropna().unique())
    return sorted(names)
