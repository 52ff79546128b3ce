"""The blend and its baselines on hand-made shoppers, and what must hold for any data."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.base import TooLittleDataError
from models.recommendation import Recommender
from tests.models.recommendation.shoppers import PETS, TEA, products, row


def test_own_products_first_then_those_of_the_same_taste(fitted: Recommender) -> None:
    assert set(products(fitted, "c01", 3)) == set(TEA) - {"milk"}
    assert products(fitted, "c01", 4)[3] == "milk"
    assert set(products(fitted, "c07", 4)) == set(PETS)


def test_a_session_of_somebody_unknown_decides(fitted: Recommender) -> None:
    names = fitted.sources.products
    for seen, taste in (("tea", TEA), ("toy", PETS)):
        who = fitted.find_shopper(None, session=[(seen, 1.0)])
        shown = names.text(fitted.rank(who, limit=4).product)
        assert set(shown) == set(taste)
        other = next(p for p in shown if p != seen)
        assert fitted.reasons(who, names.find([other])) == [("session", names.find([seen])[0])]


@given(
    eligible=st.lists(st.booleans(), min_size=8, max_size=8),
    limit=st.integers(1, 10),
    customer=st.sampled_from(["c00", "c07", "nobody", None]),
    session=st.lists(st.sampled_from(["tea", "toy", "unheard of"]), max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_n_eligible_give_n_each_once_best_first(
    fitted: Recommender,
    eligible: list[bool],
    limit: int,
    customer: str | None,
    session: list[str],
) -> None:
    mask = np.array(eligible)
    who = fitted.find_shopper(customer, session=[(product, 0.5) for product in session])
    ranked = fitted.rank(who, limit=limit, eligible=mask)
    assert len(ranked.product) == min(limit, mask.sum())
    assert len(set(ranked.product)) == len(ranked.product)
    assert mask[ranked.product].all()
    assert (np.diff(ranked.score) <= 0).all()
    again = fitted.rank(who, limit=limit, eligible=mask)
    assert again.product.tolist() == ranked.product.tolist()


def test_similar_and_bought_together(fitted: Recommender) -> None:
    names = fitted.sources.products
    tea = int(names.find(["tea"])[0])
    for find in (fitted.similar, fitted.bought_together):
        found = names.text(find(tea, limit=3).product)
        assert set(found) == set(TEA) - {"tea"}
    assert tea not in fitted.similar(tea, limit=8).product


def test_a_cart_or_view_is_enough_to_start_and_nothing_is_not() -> None:
    seen = pd.DataFrame(
        [row("v", p, i, "", kind="view", weight=0.1, order_id=None) for i, p in enumerate(TEA)]
    )
    assert set(products(Recommender(factors=4).fit(seen), "v")) == set(TEA)
    with pytest.raises(TooLittleDataError, match="no purchase"):
        Recommender().fit(seen.assign(weight=0.0))


def test_ids_of_any_script_are_found_again() -> None:
    names = ["ä", "a", "日本", "z" * 128]
    rows = [
        row(name, f"p{name[:100]}", 4 * week + i, f"o{week}-{i}")
        for week in range(4)
        for i, name in enumerate(names)
    ]
    model = Recommender(factors=4).fit(pd.DataFrame(rows))
    for name in names:
        assert products(model, name, 1) == [f"p{name[:100]}"]
