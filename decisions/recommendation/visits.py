"""A person's trail of events as the rules and the model take it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from data.records.storefront import StorefrontRecords, last_hides
from data.storefront import Event, PersonLinks, Trail
from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.query import PastAction, ProductQuery, SessionTouch, Visit
from features.recommendation import person

_JUST_BOUGHT = timedelta(days=1)
_REMEMBERED = timedelta(days=14)
# What was looked at this long before the last event is another session's.
_SESSION = timedelta(hours=12)
# Names of one person that are looked up.
_MOST_NAMES = 5
NO_LINKS = PersonLinks()


def read_visit(
    index: ProductIndex,
    query: ProductQuery,
    records: StorefrontRecords,
    *,
    until: datetime | None = None,
) -> Visit:
    """What is known of who asks, under every name they are known by.

    index: what the lake knows of people; query: who asks, by customer_id and visitor_id; records:
    where events and links are read; until: nothing that happened later counts, None: all counts.
    Raises DatabaseError.
    """
    links = known_links(index, query, records)
    trails = [records.trail(query.visitor_id, query.customer_id, until=until)]
    trails += [
        records.trail(None, each, until=until)
        for each in links.customers
        if each != query.customer_id
    ]
    trails += [
        records.trail(each, None, until=until)
        for each in links.visitors
        if each != query.visitor_id
    ]
    return visit(index, query, merged_trail(trails), links)


def known_links(
    index: ProductIndex, query: ProductQuery, records: StorefrontRecords
) -> PersonLinks:
    """The other names of who asks, by what came over HTTP and what was ingested.

    index: the links that were ingested; query: who asks, by customer_id and visitor_id; records:
    the links that came over HTTP.
    """
    if query.visitor_id is None and query.customer_id is None:
        return PersonLinks()
    kept = records.links(query.visitor_id, query.customer_id)
    ingested = index.activity.links_of(query.visitor_id, query.customer_id)
    return PersonLinks(
        tuple(dict.fromkeys((*kept.customers, *ingested.customers))),
        tuple(dict.fromkeys((*kept.visitors, *ingested.visitors)))[:_MOST_NAMES],
        kept.unit or ingested.unit,
    )


def merged_trail(trails: Sequence[Trail]) -> Trail:
    """Several trails as one, newest first, each event once."""
    if len(trails) == 1:
        return trails[0]
    touches = {event for trail in trails for event in trail.touches}
    impressions = {event for trail in trails for event in trail.impressions}

    def newest_first(events: set[Event]) -> tuple[Event, ...]:
        return tuple(sorted(events, key=lambda each: (each.occurred_at, each.kind), reverse=True))

    return Trail(
        touches=newest_first(touches),
        impressions=newest_first(impressions),
        hides=last_hides(newest_first({event for trail in trails for event in trail.hides})),
    )


def visit(
    index: ProductIndex, query: ProductQuery, trail: Trail, links: PersonLinks = NO_LINKS
) -> Visit:
    """What the trail says at the time of the index (of the newest event, where that is later).

    index: its time, and what the lake knows of hides; query: who asks, by customer_id and
    visitor_id; trail: of who asks, under all their names; links: those names.
    """
    keys = [*links.customers, *(person(None, each) or "" for each in links.visitors)]
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
        hidden=_hidden(trail, hides_before(index, query, keys)),
        unmoved=_unmoved(trail, now - _REMEMBERED),
        names=tuple(keys),
        unit=links.unit,
    )


def hides_before(
    index: ProductIndex, query: ProductQuery, others: Sequence[str] = ()
) -> Mapping[str, datetime]:
    """What this person hid before the index was made, and when.

    index: who hid what; query: who asks, by customer_id and visitor_id; others: more names of who
    asks.
    """
    found: dict[str, datetime] = {}
    for who in (person(query.customer_id, None), person(None, query.visitor_id), *others):
        for product, at in index.hides.get(who or "", {}).items():
            found[product] = max(at, found.get(product, at))
    return found


def _hidden(trail: Trail, before: Mapping[str, datetime]) -> frozenset[str]:
    """What is hidden by the last word on each product, whoever of one person's names said it.

    trail: of all names; before: of `hides_before`.
    """
    since = {event.product_id: event for event in trail.hides}
    here = {product for product, event in since.items() if event.kind == "hide"}
    earlier = {
        product
        for product, at in before.items()
        if product not in since or at > since[product].occurred_at
    }
    return frozenset(here | earlier)


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
