"""Recommendations for all customers, by the code that answers over HTTP."""

from dataclasses import replace
from datetime import datetime
from functools import partial

import pandas as pd

from data.engine import map_partitions
from decisions.recommendation.build_index import build
from decisions.recommendation.current_index import USE_CASE
from decisions.recommendation.forgotten import ForgottenNames
from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.query import NO_VISIT, ProductQuery, Visit
from decisions.recommendation.recommend import recommend
from decisions.recommendation.visits import read_visit
from decisions.runtime import Runtime
from features.recommendation import person
from models.base import ModelError

_SCHEMA = {
    "customer_id": "object",
    "product_id": "object",
    "rank": "int64",
    "score": "float64",
    "reason": "object",
}


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
    people = _people(runtime, as_of)
    names = [person(customer, visitor) or "" for customer, visitor in people]
    forgotten = ForgottenNames(frozenset(name for name in names if index.is_forgotten(name)))
    ask = partial(ProductQuery, limit=limit, new_only=new_only, explain=True)
    queries = [ask(customer_id=customer, visitor_id=visitor) for customer, visitor in people]
    visits = [_read_visit(index, query, runtime, until=as_of) for query in queries]
    frame = pd.DataFrame({"customer_id": names, "query": queries, "visit": visits})
    return map_partitions(
        frame,
        partial(_recommended, index=replace(index, forgotten=forgotten)),
        by=["customer_id"],
        schema=_SCHEMA,
        engine=runtime.settings.engine,
    )


def _read_visit(
    index: ProductIndex, query: ProductQuery, runtime: Runtime, *, until: datetime
) -> Visit:
    """What is known of who asks; one and the same value for all of whom nothing is."""
    found = read_visit(index, query, runtime.records.storefront, until=until)
    return NO_VISIT if found == NO_VISIT else found


def _recommended(people: pd.DataFrame, *, index: ProductIndex) -> pd.DataFrame:
    """The answers to some people: _SCHEMA. An answer rests on the person's own question and visit,
    and on the index. people: customer_id, query, visit."""
    rows: list[tuple[str, str, int, float, str]] = []
    asked = zip(people["customer_id"], people["query"], people["visit"], strict=True)
    for name, query, visit in asked:
        answer = recommend(index, query, visit)
        rows += [
            (name, item.product_id, rank, item.score, item.reason.code if item.reason else "")
            for rank, item in enumerate(answer.items, start=1)
        ]
    return pd.DataFrame(rows, columns=list(_SCHEMA))


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
