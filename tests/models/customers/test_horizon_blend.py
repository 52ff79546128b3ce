"""One horizon's blend: equal parts give their own answer, and it comes back from JSON."""

import numpy as np
import pytest

from models.customers.horizon_blend import CustomerParts, HorizonBlend

NAMES = ("bg_nbd", "pareto_nbd", "rhythm", "last_year")


def parts(count: int) -> CustomerParts:
    orders = np.random.default_rng(3).gamma(0.5, 2.0, count)
    same = dict.fromkeys(NAMES, orders)
    value = dict.fromkeys(NAMES, 10.0 * orders)
    return CustomerParts(
        same, value, 1 - np.exp(-orders), np.full(count, 0.9), np.full(count, 10.0)
    )


def test_parts_that_agree_are_not_changed_by_blending() -> None:
    known = parts(3000)
    came = np.random.default_rng(1).poisson(known.orders["bg_nbd"]).astype(float)
    blend = HorizonBlend.fit(known, came, 10.0 * came)
    answer = blend.predict(known)
    assert answer["expected_orders"].to_numpy() == pytest.approx(
        known.orders["bg_nbd"] * blend.orders.level
    )
    assert answer["order_probability"].mean() == pytest.approx((came > 0).mean(), abs=0.02)
    again = HorizonBlend.restore(blend.numbers()).predict(known)
    assert again.to_numpy() == pytest.approx(answer.to_numpy())


def test_money_nobody_knows_leaves_the_orders() -> None:
    known = parts(300)
    blend = HorizonBlend.fit(known, known.orders["rhythm"], np.full(300, np.nan))
    assert sum(blend.value.weights.values()) == pytest.approx(1.0)


def test_without_a_past_the_prior_speaks() -> None:
    answer = HorizonBlend.without_past(NAMES).predict(parts(5))
    assert np.isfinite(answer.to_numpy()).all()
