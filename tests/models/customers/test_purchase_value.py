"""Orders and money by the purchase process alone."""

import numpy as np
import pytest

from models.customers.purchase_value import PROCESSES, PurchaseValue
from tests.models.customers.rows import history, rows


@pytest.fixture(scope="module")
def fitted() -> PurchaseValue:
    return PurchaseValue.fit(history(), most_customers=1000, seed=1)


def test_recent_orders_raise_the_rate_of_the_rhythm(fitted: PurchaseValue) -> None:
    calm, busy = rows(5).assign(repeats_210d=0.1), rows(5).assign(repeats_210d=20.0)
    low, high = (fitted.expected_orders(frame)["rhythm"] for frame in (calm, busy))
    assert (low < high).all()
    assert set(fitted.expected_orders(calm)) == set(PROCESSES)


def test_an_order_brings_the_share_of_its_revenue(fitted: PurchaseValue) -> None:
    frame = rows(100)
    worth = fitted.value_of_order(frame)
    assert fitted.share.share == pytest.approx(0.4)
    assert worth.mean() == pytest.approx(0.4 * 20, rel=0.25)


def test_it_comes_back_from_its_numbers(fitted: PurchaseValue) -> None:
    again = PurchaseValue.restore(fitted.numbers())
    frame = rows(10)
    assert again.value_of_order(frame) == pytest.approx(fitted.value_of_order(frame))
    assert again.alive(frame) == pytest.approx(fitted.alive(frame))
    assert np.isfinite(again.expectation(frame).value).all()
