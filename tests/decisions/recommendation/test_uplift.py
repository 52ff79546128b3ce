"""Intervals of shares: published numbers, symmetry, coverage."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions.recommendation.uplift import (
    difference,
    difference_at_any_time,
    relative,
    sample_ratio,
    share,
)

COUNTS = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("ours", "theirs", "low", "high"),
    [  # Newcombe (1998), table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0000),
        ((5, 56), (0, 29), -0.0381, 0.1926),
    ],
)
def test_the_published_intervals(
    ours: tuple[int, int], theirs: tuple[int, int], low: float, high: float
) -> None:
    found = difference(share(*ours), share(*theirs))
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(ours=COUNTS, theirs=COUNTS)
def test_an_interval_holds_its_value_and_turns_with_the_sides(
    ours: tuple[int, int], theirs: tuple[int, int]
) -> None:
    a, b = share(*ours), share(*theirs)
    there, back = difference(a, b), difference(b, a)
    assert -1 <= there.low <= there.value <= there.high <= 1
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    ratio = relative(a, b)
    assert ratio.low <= ratio.value + 1e-9
    assert ratio.value <= ratio.high + 1e-9
    assert ratio.low >= -1
    if b.did and there.low > 1e-9:
        assert ratio.low > -1e-9, "an uplift that is clear is clear both ways"


@given(counts=COUNTS)
def test_the_same_on_both_sides_is_no_uplift(counts: tuple[int, int]) -> None:
    one = share(*counts)
    assert difference(one, one).covers(0.0)
    assert relative(one, one).covers(0.0) or one.did == 0


def test_nobody_is_no_evidence() -> None:
    nobody, some = share(0, 0), share(5, 10)
    assert difference(nobody, some).covers(0.0)
    assert relative(some, share(0, 10)).value == inf


def test_an_a_a_test_rings_false_about_one_time_in_twenty() -> None:
    random = np.random.default_rng(7)
    for people, rate in ((400, 0.2), (3000, 0.02)):
        did = random.binomial(people, rate, (1000, 2))
        pairs = [(share(int(a), people), share(int(b), people)) for a, b in did]
        for interval in (difference, relative):
            covered = np.mean([interval(a, b).covers(0.0) for a, b in pairs])
            assert 0.93 <= covered <= 0.98


def test_arms_that_do_not_have_their_share_of_people_are_told() -> None:
    assert sample_ratio([0, 0], [0.5, 0.5]) is None
    for counts, shares, likely in (
        ([198, 202], [0.5, 0.5], True),
        ([98, 302], [0.25, 0.75], True),
        ([150, 250], [0.5, 0.5], False),
    ):
        found = sample_ratio(counts, shares)
        assert found is not None
        assert (found > 0.001) == likely


def test_looking_often_does_not_find_what_is_not_there() -> None:
    random = np.random.default_rng(3)
    peeks = range(400, 4001, 400)
    misses = usual = 0
    for _ in range(100):
        did = random.random((2, 4000)) < 0.1
        looks = [tuple(share(int(one[:n].sum()), n) for one in did) for n in peeks]
        misses += any(not difference_at_any_time(*both).covers(0.0) for both in looks)
        usual += any(not difference(*both).covers(0.0) for both in looks)
    assert misses / 100 < 0.05 < usual / 100


def test_a_true_difference_is_found_by_looking_often() -> None:
    found = difference_at_any_time(share(600, 4000), share(400, 4000))
    assert 0 < found.low < 0.05 < found.high
    nobody = difference_at_any_time(share(0, 0), share(3, 10))
    assert (nobody.low, nobody.high) == (-1.0, 1.0)
