"""Everybody's list at once, whole and in pieces."""

import pytest
from pandas.testing import assert_frame_equal

from decisions.recommendation import batch
from decisions.recommendation.batch import score
from decisions.runtime import Runtime
from tests.pieces import map_pieces
from tests.shop_fixtures import NOW


def test_pieces_and_whole_are_the_same_lists(
    small_shop: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = score(small_shop, NOW, limit=3)
    assert whole["customer_id"].nunique() == 12
    assert whole.groupby("customer_id")["rank"].apply(list).map(lambda ranks: ranks[0] == 1).all()
    monkeypatch.setattr(batch, "map_partitions", map_pieces)
    assert_frame_equal(score(small_shop, NOW, limit=3), whole)
