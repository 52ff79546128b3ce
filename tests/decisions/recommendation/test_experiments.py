"""Sticky arms with their shares."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.storefront import HOLDOUT, Arm, Experiment
from decisions.recommendation.experiments import assigned, shares
from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.query import ProductQuery
from decisions.recommendation.visits import read_visit
from decisions.runtime import Runtime
from tests.decisions.recommendation.trials import AA


def test_an_arm_stays_over_a_login_and_one_person_is_one_unit(
    small_shop: Runtime, index: ProductIndex
) -> None:
    records = small_shop.records.storefront
    trial = Experiment("live", "home", (Arm("a"), Arm("b")))
    units = set()
    for n in range(40):
        before = ProductQuery(visitor_id=f"arm-v{n}")
        first = assigned(trial, before, read_visit(index, before, records).unit)
        records.link(f"arm-v{n}", f"arm-c{n}")
        assert first is not None
        for query in (before, ProductQuery(customer_id=f"arm-c{n}")):
            later = assigned(trial, query, read_visit(index, query, records).unit)
            assert later is not None
            assert (later.arm.name, later.unit) == (first.arm.name, first.unit)
        units.add(first.unit)
    assert len(units) == 40


@given(unit=st.text(min_size=1, max_size=40), name=st.text(min_size=1, max_size=20))
def test_an_arm_sticks_to_a_person(unit: str, name: str) -> None:
    experiment = Experiment(name, "home", AA.arms, AA.holdout)
    first = assigned(experiment, ProductQuery(customer_id=unit))
    assert first is not None
    assert first == assigned(
        experiment, ProductQuery(customer_id=unit, visitor_id="another device")
    )
    assert (first.arm, first.propensity) in shares(experiment)


def test_who_is_not_named_takes_no_part() -> None:
    assert assigned(AA, ProductQuery()) is None


def test_arms_get_their_shares_and_experiments_do_not_follow_each_other() -> None:
    people = [ProductQuery(visitor_id=f"v{i}") for i in range(20_000)]
    arms = [assigned(AA, query).arm.name for query in people]
    for name, share in ((HOLDOUT, 0.2), ("one", 0.2), ("two", 0.6)):
        assert arms.count(name) / len(arms) == pytest.approx(share, abs=0.012)
    other = Experiment("b-b", "home", (Arm("x"), Arm("y")))
    x = np.array([assigned(other, query).arm.name == "x" for query in people])
    one = np.array([arm == "one" for arm in arms])
    assert (x & one).mean() == pytest.approx(x.mean() * one.mean(), abs=0.006)
