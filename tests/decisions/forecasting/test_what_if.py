"""An answer that is waited for learns from the pairs most like those asked for."""

import pandas as pd

from decisions.forecasting.what_if import most_like

HISTORY = pd.DataFrame(
    [
        ("a", "asked", "tea", 1.0),
        ("b", "asked", "tea", 2.0),
        ("a", "like", "tea", 3.0),
        ("a", "other", "pots", 4.0),
        ("b", "other", "pots", 90.0),
        ("b", "other", "pots", 90.0),
    ],
    columns=["warehouse_id", "product_id", "category", "quantity"],
)
ASKED = HISTORY.iloc[[0]]


def learned(most: int) -> list[tuple[str, str]]:
    kept = most_like(HISTORY, ASKED, most)[["warehouse_id", "product_id"]].drop_duplicates()
    return sorted(kept.itertuples(index=False, name=None))


def test_the_pairs_asked_for_come_first_then_their_product_then_their_category() -> None:
    assert learned(1) == [("a", "asked")]
    assert learned(2) == [("a", "asked"), ("b", "asked")]
    assert learned(3) == [("a", "asked"), ("a", "like"), ("b", "asked")]


def test_of_pairs_not_like_them_those_that_sell_most_are_kept_whole() -> None:
    assert learned(4) == [("a", "asked"), ("a", "like"), ("b", "asked"), ("b", "other")]
    assert len(most_like(HISTORY, ASKED, 4)) == 5


def test_a_shop_of_few_pairs_is_learned_from_whole() -> None:
    assert most_like(HISTORY, ASKED, 5) is HISTORY
