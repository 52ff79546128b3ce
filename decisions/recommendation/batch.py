"""Recommendations for all customers, by the code that answers over HTTP."""

from datetime import datetime

import pandas as pd

from decisions.recommendation.build_index import build
from decisions.recommendation.current_index import USE_CASE
from decisions.recommendation.query import ProductQuery
from decisions.recommendation.recommend import recommend
from decisions.recommendation.visits import read_visit
from decisions.runtime import Runtime
from features.recommendation import person
from models.base import ModelError

_COLUMNS = ("customer_id", "product_id", "rank", "score", "reason")


def score(
    runtime: Runtime, as_of: datetime, *, limit: int = 10, new_only: bool = False
) -> pd.DataFrame:
    """customer_id, product_id, rank, score, reason; every customer known by then, in order.

    In a shop whose events name no customer it is every visitor, as `visitor:<id>`. runtime: the
    stores and the release; as_of: nothing known later counts; limit: products each; new_only:
    nothing the customer bought before. Raises ModelError without a model.
    """
    release = runtime.release(USE_CASE)
    if release is None:
        raise ModelError(runtime.problem(USE_CASE) or "recommendation has no model in use")
    runtime.records.migrate()
    index = build(runtime, release, as_of)
    rows: list[tuple[str, str, int, float, str]] = []
    for customer, visitor in _people(runtime, as_of):
        query = ProductQuery(
            customer_id=customer, visitor_id=visitor, limit=limit, new_only=new_only, explain=True
        )
        seen = read_visit(index, query, runtime.records.storefront, until=as_of)
        answer = recommend(index, query, seen)
        name = person(customer, visitor) or ""
        rows += [
            (name, item.product_id, rank, item.score, item.reason.code if item.reason else "")
            for rank, item in enumerate(answer.items, start=1)
        ]
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _people(runtime: Runtime, as_of: datetime) -> list[tuple[str | None, str | None]]:
    """Everybody who signed up, ordered or did something under their own name, in order.

    Each as a customer, or, where nobody has a name, as a visitor.
    """
    names: set[str] = set()
    for table in ("customers", "orders", "events"):
        rows = runtime.lake.read(table, as_of=as_of, columns=["customer_id"])
        names.update(rows["customer_id"].dropna().unique())
    if names:
        return [(name, None) for name in sorted(names)]
    visitors = runtime.lake.read("events", as_of=as_of, columns=["visitor_id"])["visitor_id"]
    return [(None, name) for name in sorted(visitors.dropna().unique())]
