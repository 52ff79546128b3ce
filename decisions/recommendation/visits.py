"""A person's trail of events as the rules and the model take it."""

from collections import Counter
from datetime import datetime, timedelta

from data.storefront import Trail
from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.query import PastAction, ProductQuery, SessionTouch, Visit
from features.recommendation import person

_JUST_BOUGHT = timedelta(days=1)
_REMEMBERED = timedelta(days=14)
# What was looked at this long before the last event is another session's.
_SESSION = timedelta(hours=12)


def visit(index: ProductIndex, query: ProductQuery, trail: Trail) -> Visit:
    """What the trail says at the time of the index (of the newest event, where that is later)."""
    events = (*trail.touches, *trail.impressions)
    now = max([index.as_of, *(event.occurred_at for event in events)])
    bought = [event for event in trail.touches if event.kind == "purchase"]
    looks = [event for event in reversed(trail.touches) if event.kind != "purchase"]
    return Visit(
        touched=tuple(
            SessionTouch(event.product_id, event.kind)
            for event in looks
            if event.occurred_at >= now - _SESSION
        ),
        done=tuple(
            PastAction(event.product_id, event.kind, event.occurred_at)
            for event in reversed(trail.touches)
        ),
        just_bought=frozenset(
            event.product_id for event in bought if event.occurred_at >= now - _JUST_BOUGHT
        ),
        hidden=trail.hidden | hidden_before(index, query),
        unmoved=_unmoved(trail, now - _REMEMBERED),
    )


def hidden_before(index: ProductIndex, query: ProductQuery) -> frozenset[str]:
    """What the lake knows this person hid."""
    names = (person(query.customer_id, None), person(None, query.visitor_id))
    return frozenset().union(*(index.hides.get(name or "", frozenset()) for name in names))


def _unmoved(trail: Trail, since: datetime) -> dict[str, int]:
    """How often each product was shown since the person last touched it."""
    touched: dict[str, datetime] = {}
    for event in trail.touches:
        touched.setdefault(event.product_id, event.occurred_at)
    return Counter(
        event.product_id
        for event in trail.impressions
        if event.occurred_at > max(since, touched.get(event.product_id, since))
    )
