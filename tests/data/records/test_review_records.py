"""Reviews, ranked and linked by the database."""

from datetime import timedelta

import sqlalchemy as sa

from data.decisions import Decision
from data.records import Records
from data.records.people import erase
from data.records.review_records import ReviewRank
from tests.data.records.decided import NOON, decided


def test_reviews_are_ranked_by_money_for_each_hour_left(records: Records) -> None:
    def review(name: str, amount: float, hours_ago: float) -> Decision:
        at = NOON - timedelta(hours=hours_ago)
        trace = {"amount_base": amount}
        return decided(name, decision="review", decided_at=at, trace=trace, probability=0.5)

    made = [review("old", 100.0, 23.0), review("new", 100.0, 0.0), review("large", 9e3, 0.0)]
    records.add_decisions([*made, decided("allowed"), review("ancient", 1e6, 24.0 * 200)])
    rank, since = ReviewRank(NOON, hours_to_ship=24.0, fee=20.0), NOON - timedelta(days=90)
    found, count = records.reviews.page(rank, since=since, status="open", limit=2)
    assert ([each.payment_id for each in found], count) == (["large", "old"], 3)
    found, _ = records.reviews.page(rank, since=since, start=2, limit=2)
    assert [each.payment_id for each in found] == ["new"]


def test_linked_payments_share_a_value_until_a_customer_is_erased(records: Records) -> None:
    card = {"card_id": "k1"}
    records.add_decisions([decided("a", payment=card), decided("b", payment=card), decided("c")])
    payment = {"payment_id": "a", "customer_id": "c-a", **card}
    assert records.reviews.linked(payment, 50) == [("b", "card_id")]
    erase(records, "c-b", lambda text: f"hashed-{text}")
    assert records.reviews.linked(payment, 50) == []
    links = records.tables.payment_links
    kept = records.database.read(lambda c: c.execute(sa.select(links.c.shared)).scalars().all())
    assert "c-b" not in kept
