"""How surely a product is bought again: by everybody, and by one person."""

import numpy as np
import pandas as pd
import pytest

from models.recommendation.candidate_features import FEATURES, candidate_features
from models.recommendation.candidates import Shopper, gather_candidates
from models.recommendation.purchase_history import describe_history, encode_interactions
from models.recommendation.returning import Returning, measure_returning, share_within
from models.recommendation.sources import Sources, learn_sources

START = pd.Timestamp("2024-01-01", tz="UTC")


def purchases(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "product_id", "day"])
    return frame.assign(
        occurred_at=START + pd.to_timedelta(frame["day"], unit="D"),
        kind="purchase",
        weight=1.0,
        order_id=frame["customer_id"] + frame["day"].astype(str),
        market="DE",
        category=frame["product_id"].map({"tea": "food/hot", "milk": "food/cold"}),
    ).sort_values("occurred_at", ignore_index=True)


def measured(rows: list[tuple[str, str, float]], category: list[int]) -> Returning:
    log = encode_interactions(purchases(rows))
    return measure_returning(log, describe_history(log), np.array(category))


def learned(rows: list[tuple[str, str, float]]) -> Sources:
    return learn_sources(purchases(rows), factors=2, ties=10, neighbours=10, damping=0.5, seed=1)


def described(sources: Sources, person: str) -> pd.DataFrame:
    """Products × FEATURES of a person."""
    place = int(sources.people.find([person])[0])
    shopper = Shopper(place, 0, sources.history.of_person(place))
    pool = gather_candidates(sources, shopper, None)
    named = sources.products.text(pool.product)
    return pd.DataFrame(
        candidate_features(pool, sources, shopper), index=named, columns=list(FEATURES)
    )


# Anna keeps to tea in three periods of four weeks; ben buys a pan once, and tea after.
KEEPS = [("anna", "tea", day) for day in (1.0, 30.0, 60.0)]
KEEPS += [("ben", "pan", 2.0), ("ben", "tea", 40.0), ("ben", "tea", 61.0)]


def test_who_bought_in_one_period_is_met_again_in_the_next() -> None:
    pan, tea = 0, 1
    found = measured(KEEPS, [0, 1])
    # Counted back from day 61. Anna: two of two; ben: none of one, all his tea is of the newest.
    overall = 2 / 3
    tea_kind, pan_kind = (2 + 10 * overall) / 12, (0 + 10 * overall) / 11
    assert found.kept_alike[[tea, pan]] == pytest.approx([tea_kind, pan_kind])
    assert found.kept[tea] == pytest.approx((2 + 10 * tea_kind) / 12)
    assert found.kept[pan] == pytest.approx(10 * pan_kind / 11)
    # Later baskets: anna two, ben one after tea, ben two after the pan; tea is in three.
    assert found.rate[tea] > 3 / 5 > found.rate[pan]


def test_what_nobody_bought_of_is_worth_what_its_category_is() -> None:
    own, group = share_within(
        np.array([2.0, 0.0]), np.array([4.0, 0.0]), np.array([-1, -1]), prior=4.0
    )
    assert own.tolist() == [0.5, 0.5]
    assert group.tolist() == [0.5, 0.5]


def test_rates_count_the_orders_of_the_person() -> None:
    rows = [("anna", "tea", day) for day in (0.0, 10.0, 20.0, 30.0)]
    rows += [("anna", "milk", 0.0), ("ben", "pan", 30.0)]
    sources = learned(rows)
    anna = described(sources, "anna")
    assert anna.loc["tea", "weeks"] == 4
    assert anna.loc["milk", "weeks"] == 1
    # In every order, so as often as the person orders; in none, hardly ever.
    assert np.exp(anna.loc["tea", "rate_90d"]) == pytest.approx(1.0, abs=0.02)
    assert np.exp(anna.loc["pan", "rate_90d"]) < 0.01
    # Four orders in thirty days: about four to come.
    assert np.exp(anna.loc["tea", "expected"]) == pytest.approx(4.0, abs=0.3)
    prior = 5 * float(sources.returning.rate[sources.products.find(["tea"])[0]])
    assert np.exp(anna.loc["tea", "likely"]) == pytest.approx((3 + prior) / (3 + 5), rel=1e-3)
    assert anna.loc["pan", "likely"] == anna.loc["pan", "likely_now"] == -8
    assert anna.loc["tea", "own_rank"] == 0 == anna.loc["tea", "to_the_most"]
    assert anna.loc["milk", "own_rank"] == pytest.approx(np.log(2))
    assert anna.loc["milk", "behind"] == pytest.approx(np.log1p(30))


def test_a_category_is_due_by_its_own_rhythm() -> None:
    rows = [("anna", "tea", 0.0), ("anna", "tea", 10.0), ("anna", "pan", 50.0)]
    anna = described(learned([*rows, ("ben", "milk", 0.0)]), "anna")
    # Forty days since; ten days between two purchases, thirty more and one more added.
    assert anna.loc["tea", "category_due"] == pytest.approx(40 / (40 / 3), rel=1e-3)
    # Of a category nobody named, and of one the person never bought, nothing is known.
    assert anna.loc["pan", "category_due"] == 0 == anna.loc["milk", "category_due"]


def test_signals_are_finite_where_nobody_bought_anything_again() -> None:
    sources = learned([("anna", "tea", 0.0), ("ben", "milk", 1.0)])
    assert np.isfinite(described(sources, "anna").to_numpy()).all()
