"""Why a product is shown or not."""

from hypothesis import HealthCheck, given
from hypothesis import settings as tried

from decisions.recommendation.explain_product import why
from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.query import (
    ProductQuery,
    Visit,
)
from decisions.recommendation.recommend import (
    eligibility_case,
    recommend,
)
from decisions.recommendation.rules import first_blocking
from decisions.recommendation.visits import visit
from tests.decisions.recommendation.small_index import (
    ASKS,
    NAMES,
    TRAILS,
    allowed_by_hand,
    ids,
    trail_of,
)


@given(query=ASKS, events=TRAILS, name=NAMES)
@tried(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_why_tells_what_recommend_does(
    index: ProductIndex, query: ProductQuery, events: list[tuple[str, str, int]], name: str
) -> None:
    seen = visit(index, query, trail_of(events))
    verdict = why(index, name, query, seen)
    assert verdict.shown == (name in ids(recommend(index, query, seen)))
    passed = all(check.passed for check in verdict.checks)
    assert passed == (name in allowed_by_hand(query, events))
    assert (verdict.rank is not None) == passed
    blocked = first_blocking(eligibility_case(index, query, seen), [name])
    failed = [check.code for check in verdict.checks if not check.passed]
    assert [rule.code for rule in blocked.values()] == failed[:1]


def test_why_names_every_rule_that_blocks(index: ProductIndex) -> None:
    query = ProductQuery(
        customer_id="c01", ship_to="DE", limit=1, price_max=3.0, exclude=("lemon",)
    )
    verdict = why(index, "lemon", query, Visit(hidden=frozenset({"lemon"})))
    failed = [check.code for check in verdict.checks if not check.passed]
    assert failed == ["out_of_stock", "price_max", "excluded", "hidden"]
    below = why(index, "toy", ProductQuery(customer_id="c01", market="FR", limit=1), Visit())
    assert below.text == f"Eligible, but at rank {below.rank} of 9, and 1 are shown"
    assert why(index, "unheard of", query, Visit()).checks[0].code == "unknown"
