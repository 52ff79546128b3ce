"""The blend and its baselines on hand-made shoppers, and what must hold for any data."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from models.base import Model, TooLittleDataError
from models.recommendation import MODELS, NewProducts, Recommender
from models.recommendation.blends import CELLS, PARTS, TREES
from models.recommendation.candidate_features import FEATURES
from models.recommendation.candidates import SOURCE_SCORES
from models.recommendation.graph_filter import fit_graph_filter
from models.recommendation.neighbours import fit_random_walk
from models.recommendation.purchase_history import (
    RecentAction,
    describe_history,
    encode_interactions,
)
from models.recommendation.ranking import learn_ranking, settled_ranking
from models.recommendation.selection import select_best
from models.recommendation.teaching import TeachingExample, teaching_examples

START = pd.Timestamp("2024-01-01", tz="UTC")
TEA, PETS = ("tea", "milk", "sugar", "lemon"), ("food", "leash", "bowl", "toy")


def row(person: str, product: str, day: float, order: str, **more: object) -> dict[str, object]:
    return {
        "customer_id": person,
        "product_id": product,
        "occurred_at": START + pd.Timedelta(days=day),
        "kind": "purchase",
        "quantity": 1.0,
        "weight": 1.0,
        "order_id": order,
        "market": "DE",
    } | more


def shoppers() -> pd.DataFrame:
    """Twelve people of two tastes; each leaves out one product of their taste."""
    rows = []
    for person in range(12):
        taste = TEA if person < 6 else PETS
        for number, product in enumerate(taste):
            if number == person % 4:
                continue
            rows += [
                row(f"c{person:02}", product, week * 7 + person / 10, f"o{person}-{week}")
                for week in range(0, 8, 1 + number % 2)
            ]
    return pd.DataFrame(rows).sort_values("occurred_at", ignore_index=True)


@pytest.fixture(scope="module")
def fitted() -> Recommender:
    return Recommender(factors=8).fit(shoppers())


def products(model: Model, customer: str, limit: int = 10) -> list[str]:
    asked = pd.DataFrame({"customer_id": [customer], "limit": [limit]})
    return list(model.predict(asked)["product_id"])


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


def test_neighbours_are_what_the_same_people_like() -> None:
    likes = csr_matrix(np.array([[1, 1, 0, 0]] * 3 + [[0, 0, 1, 1]] * 3, dtype=float))
    near = fit_random_walk(likes, keep=3, damping=0.5)
    for product, expected in ((0, [1]), (1, [0]), (2, [3]), (3, [2])):
        assert near.of(product)[0].tolist() == expected
    # One of three people's two products each: (1/3 · 1/2 · 3) / 3^0.5.
    assert near.of(0)[1][0] == pytest.approx(0.5 / 3**0.5)


def test_the_best_are_eligible_and_never_padded() -> None:
    score = np.array([3.0, np.finfo(np.float32).min, 1.0, 3.0])
    assert select_best(score, 3, np.array([True, False, True, False])).tolist() == [0, 2]
    assert select_best(score, 2).tolist() == [0, 3]
    assert select_best(score, 0).tolist() == []


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


def test_somebody_unknown_gets_what_sells(fitted: Recommender) -> None:
    assert products(fitted, "nobody") == products(fitted, "nobody at all")
    assert len(products(fitted, "nobody")) == 8


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


def test_trending_is_what_sells_now_in_the_market() -> None:
    rows = [row(f"c{i}", "old", 0, f"a{i}") for i in range(9)]
    rows += [row(f"c{i}", "new", 60, f"b{i}") for i in range(5)]
    rows += [row(f"d{i}", "french", 60, f"f{i}", market="FR") for i in range(4)]
    model = Recommender(factors=4).fit(pd.DataFrame(rows))
    for market, first in ((None, "new"), ("DE", "new"), ("FR", "french"), ("XX", "new")):
        who = model.find_shopper(None, market=market)
        ranked = model.trending(who.market, limit=3)
        assert model.sources.products.text(ranked.product)[0] == first


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


@pytest.mark.parametrize("name", MODELS)
def test_every_model_answers_alike_after_saving_and_leaves_its_input(
    name: str, tmp_path: Path
) -> None:
    frame = shoppers()
    before = frame.copy()
    model = MODELS[name]().fit(frame)
    pd.testing.assert_frame_equal(frame, before)
    model.save(tmp_path)
    asked = pd.DataFrame({"customer_id": ["c01", "nobody"], "limit": [3, 3]})
    answer = model.predict(asked)
    pd.testing.assert_frame_equal(MODELS[name].load(tmp_path).predict(asked), answer)
    assert list(answer.columns) == ["customer_id", "product_id", "rank", "score", "reason"]
    assert not list(tmp_path.glob("*.pkl"))


def test_baselines_say_the_obvious() -> None:
    rows = [row("anna", "tea", 0, f"{i}") for i in range(3)]
    rows += [row("anna", "milk", 0, "9")]
    rows += [row(f"c{i}", "milk", 0, f"m{i}") for i in range(9)]
    rows += [row("c0", "toy", 0, "t")]
    frame = pd.DataFrame(rows)
    shown = {name: products(MODELS[name]().fit(frame), "anna", 3) for name in MODELS}
    assert shown["popular"] == ["milk", "tea", "toy"]
    assert shown["personal_frequency"] == ["tea", "milk"]
    assert shown["personal_then_popular"] == ["tea", "milk", "toy"]
    unknown = products(MODELS["personal_frequency"]().fit(frame), "nobody")
    assert unknown == []


def test_trees_speak_where_they_rank_better_and_answer_alike_after_saving(tmp_path: Path) -> None:
    # What was bought three weeks ago is bought again: not what was lately, nor what was given up.
    rows = []
    for person in range(80):
        own = [f"p{(person * 7 + n) % 60:02}" for n in range(18)]
        given_up = [f"p{(person * 7 + n) % 60:02}" for n in range(18, 30)]
        for week in range(24):
            bought = [own[(6 * week + n) % 18] for n in range(6)]
            bought += [p for n, p in enumerate(given_up) if week < 2 * n]
            rows += [row(f"c{person}", p, week * 7, f"{person}-{week}") for p in bought]
    frame = pd.DataFrame(rows)
    model = Recommender(factors=8, window_days=7).fit(frame)
    assert model.ranking.blends[:, TREES].any()
    assert model.ranking.trees is not None
    assert model.ranking.trees.num_feature() == len(FEATURES)
    model.save(tmp_path)
    asked = pd.DataFrame({"customer_id": ["c1", "c2"], "limit": 5})
    pd.testing.assert_frame_equal(
        Recommender.load(tmp_path).predict(asked), model.predict(asked), rtol=1e-9
    )
    again = Recommender(factors=8, window_days=7).fit(frame)
    pd.testing.assert_frame_equal(again.predict(asked), model.predict(asked))


def noisy_examples(told_by: str) -> list[TeachingExample]:
    """Candidates whose features say nothing; what is bought is what one source says first."""
    random = np.random.default_rng(5)
    examples = []
    for person in range(120):
        scores = random.random((40, len(SOURCE_SCORES))).astype(np.float32)
        bought = scores[:, SOURCE_SCORES.index(told_by)] > 0.85
        rows = random.normal(size=(40, len(FEATURES))).astype(np.float32)
        rows[:, FEATURES.index("count")] = np.log(0.1)
        again = np.ones(40, dtype=np.float32)
        wanted = max(int(bought.sum()), 1)
        examples.append(
            TeachingExample(rows, scores, bought, again, wanted, wanted, False, person % 2)
        )
    return examples


@pytest.mark.parametrize("source", ["item_knn", "user_knn", "popular"])
def test_a_source_ranks_alone_where_nothing_beats_it(source: str) -> None:
    learned = learn_ranking(noisy_examples(source), seed=1)
    for blend in learned.blends:
        assert PARTS[int(blend.argmax())] == source
        assert blend.max() >= 2 * (blend.sum() - blend.max())


def test_what_serves_better_on_a_later_window_takes_over() -> None:
    learned = learn_ranking(noisy_examples("item_knn"), seed=1)
    settled = settled_ranking(learned, noisy_examples("user_knn"))
    for blend in settled.blends:
        assert {PARTS[i] for i in np.flatnonzero(blend)} == {"user_knn"}
    assert settled.trees is None
    same = settled_ranking(learned, noisy_examples("item_knn"))
    assert same.blends.argmax(axis=1).tolist() == learned.blends.argmax(axis=1).tolist()


def test_every_part_may_rank_alone(fitted: Recommender) -> None:
    shopper = fitted.find_shopper("c01")
    for part in PARTS:
        alone = fitted.ranked_by(part)
        assert alone.ranking.blends.shape == (len(CELLS), len(PARTS))
        assert len(alone.rank(shopper, limit=4).product) == 4


def test_taste_is_one_hop_and_the_leading_eigenvectors() -> None:
    likes = csr_matrix(np.random.default_rng(1).poisson(0.5, (40, 16)).astype(float))
    found = fit_graph_filter(likes, factors=2, keep=15, seed=1)
    person, product = np.asarray(likes.sum(1)).ravel(), np.asarray(likes.sum(0)).ravel()
    scaled = np.diag(np.maximum(person, 1) ** -0.5) @ likes.toarray() @ np.diag(product**-0.5)
    one_hop = scaled.T @ scaled
    leading = np.linalg.eigh(one_hop)[1][:, -2:]
    low = leading @ leading.T
    expected = np.diag(product**-0.15) @ one_hop @ np.diag(product**0.15) + 0.2 * np.diag(
        product**-0.5
    ) @ low @ np.diag(product**0.5)
    np.fill_diagonal(expected, 0.0)
    for each in range(16):
        near, strength = found.of(each)
        np.testing.assert_allclose(strength, expected[each, near], rtol=1e-4)
        assert len(near) == (expected[each] > 0).sum()
        assert (np.diff(strength) <= 0).all()


def test_of_a_product_only_the_strongest_ties_are_kept() -> None:
    likes = csr_matrix(np.random.default_rng(1).poisson(0.5, (40, 16)).astype(float))
    whole = fit_graph_filter(likes, factors=2, keep=15, seed=1)
    part = fit_graph_filter(likes, factors=2, keep=3, seed=1)
    for each in range(16):
        assert part.of(each)[0].tolist() == whole.of(each)[0][:3].tolist()


def test_older_windows_teach_too_and_one_person_is_always_of_one_half() -> None:
    model = Recommender(factors=4)
    for people, number in ((8, 8), (1000, 24)):
        found = teaching_examples(
            shoppers(), model._learn_sources, window_days=7, windows=2, people=people, seed=1
        )
        assert len(found) == number
    assert {example.fold for example in found} == {0, 1}
    assert [example.fold for example in found[:12]] == [example.fold for example in found[12:]]


def test_nobody_is_shown_what_lasts_and_they_have() -> None:
    rows = [row(f"c{n:02}", "tv", 50 + n / 20, f"tv{n}") for n in range(8)]
    frame = pd.concat([shoppers(), pd.DataFrame(rows)], ignore_index=True)
    frame["category"] = np.where(frame["product_id"] == "tv", "electronics", "food")
    model = Recommender(factors=8).fit(frame)
    assert "tv" not in products(model, "c01", 20)
    assert "tv" in products(model, "c10", 20)
    assert "tea" in products(model, "c01", 3)


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


def test_a_product_added_today_stands_by_the_products_most_like_it() -> None:
    frame = shoppers()
    drinks = frame["product_id"].isin(TEA)
    frame = frame.assign(category=np.where(drinks, "food/drinks", "pets"), brand=None, price=2.0)
    model = Recommender(factors=8).fit(frame)
    new = NewProducts(
        ["pets", "food/drinks", None], ["b", None, None], np.array([9.0, 2.0, np.nan])
    )
    look_alikes = model.look_alikes(new)
    assert set(model.sources.products.text(look_alikes[0][look_alikes[0] >= 0])) == set(PETS)
    assert (look_alikes[2] == -1).all()
    for customer, first in (("c01", 1), ("c07", 0)):
        ranked = model.candidates(model.find_shopper(customer))
        fresh = model.rank_new_products(look_alikes, ranked)
        assert fresh.product[0] == first
        assert ranked.score.min() <= fresh.score.min()
        assert fresh.score.max() <= ranked.score.max()
    assert (
        len(
            model.rank_new_products(
                model.look_alikes(NewProducts([], [], np.empty(0))), ranked
            ).product
        )
        == 0
    )
