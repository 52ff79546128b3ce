"""What a person bought, in days and in baskets."""

import pandas as pd
import pytest

from models.recommendation import Recommender
from models.recommendation.purchase_history import (
    RecentAction,
    describe_history,
    encode_interactions,
)
from tests.models.recommendation.shoppers import TEA, row


def test_habits_of_a_person() -> None:
    frame = pd.DataFrame(
        [
            row("anna", "tea", 0, "1"),
            row("anna", "tea", 0, "1"),
            row("anna", "tea", 10, "2"),
            row("anna", "milk", 4, "", kind="view", weight=0.1, order_id=None),
        ]
    )
    known = describe_history(encode_interactions(frame))
    milk, tea = 0, 1
    assert known.product.tolist() == [milk, tea]
    assert known.count.tolist() == [0, 2]
    assert known.last.tolist() == [6, 0]
    assert known.first.tolist() == [6, 10]
    assert known.baskets.tolist() == [2]
    assert known.chances.tolist() == [0, 2]
    assert known.skipped.tolist() == [0, 0]
    assert known.decayed[tea, 1] == pytest.approx(1 + 0.5 ** (10 / 30), rel=1e-3)


def test_turns_are_counted_in_baskets_of_the_person() -> None:
    rows = [row("ben", "milk", 0, "0"), row("anna", "tea", 1, "1"), row("anna", "pan", 2, "2")]
    rows += [row("anna", "tea", 3, "3"), row("anna", "milk", 3, "3"), row("anna", "pan", 9, "4")]
    known = describe_history(encode_interactions(pd.DataFrame(rows)))
    milk, pan, tea = 0, 1, 2
    assert known.product.tolist() == [milk, pan, tea, milk]
    assert known.chances.tolist() == [2, 3, 4, 1]
    assert known.skipped.tolist() == [1, 0, 1, 0]


def test_what_was_done_since_counts_at_once(fitted: Recommender) -> None:
    names = fitted.sources.products
    tea = int(names.find(["tea"])[0])
    recent = [RecentAction(tea, bought=True, days=1.0, weight=1.0, basket="o")]
    newcomer = fitted.find_shopper("never seen", recent=recent, days=2.0)
    assert newcomer.history.count.tolist() == [1.0]
    assert newcomer.history.last.tolist() == [1.0]
    assert newcomer.history.baskets == 1
    assert set(names.text(fitted.rank(newcomer, limit=4).product)) == set(TEA)
    # Somebody known: their history ages, the new purchase is added to it.
    before = fitted.find_shopper("c01")
    after = fitted.find_shopper("c01", recent=recent, days=2.0)
    place = before.history.product.tolist().index(tea)
    assert after.history.count[place] == before.history.count[place] + 1
    assert after.history.last[place] == 1.0
    assert after.history.skipped[place] == 0
    other = 1 - place if len(before.history) == 2 else (place + 1) % len(before.history)
    assert after.history.last[other] == before.history.last[other] + 2
    assert after.history.skipped[other] == before.history.skipped[other] + 1
