"""The value model: sensible answers on small shops, the same after saving."""

from pathlib import Path

import numpy as np
import pytest

from models.base import ModelError, TooLittleDataError
from models.customers import ANSWER_COLUMNS, CustomerValueModel
from models.customers.boosted_hurdle import BoostedHurdle
from tests.models.customers.rows import history, rows


@pytest.fixture(scope="module")
def fitted() -> CustomerValueModel:
    return CustomerValueModel(rounds=15).fit(history())


def test_answers_are_in_order_and_in_range(fitted: CustomerValueModel) -> None:
    answer = fitted.predict(rows(200, horizon=365, seed=9))
    assert list(answer.columns) == list(ANSWER_COLUMNS)
    assert np.isfinite(answer.to_numpy()).all()
    assert (answer["expected_orders_q10"] <= answer["expected_orders_q90"]).all()
    assert answer["order_probability"].between(0, 1).all()
    assert answer["alive_probability"].between(0, 1).all()


def test_the_sum_is_what_comes(fitted: CustomerValueModel) -> None:
    test = rows(400, seed=11)
    answer = fitted.predict(test)
    assert answer["expected_orders"].sum() == pytest.approx(test["target_orders"].sum(), rel=0.25)
    assert answer["expected_margin"].sum() == pytest.approx(test["target_margin"].sum(), rel=0.3)


def test_a_row_alone_is_answered_as_among_others(fitted: CustomerValueModel) -> None:
    test = rows(50).assign(horizon_days=[30, 365] * 25)
    whole = fitted.predict(test)
    assert fitted.predict(test.iloc[[7]]).to_numpy() == pytest.approx(whole.iloc[[7]].to_numpy())


def test_it_comes_back_from_its_folder(fitted: CustomerValueModel, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    again = CustomerValueModel.load(tmp_path)
    test = rows(20)
    assert again.predict(test).to_numpy() == pytest.approx(fitted.predict(test).to_numpy())
    assert again.weights().equals(fitted.weights())
    assert again.basis == "margin"


@pytest.mark.slow
def test_trees_need_enough_and_then_have_a_say() -> None:
    assert not BoostedHurdle.has_enough(np.ones(100))
    many = CustomerValueModel(rounds=5).fit(history(2200))
    assert set(many.weights()["part"]) == {"bg_nbd", "pareto_nbd", "rhythm", "last_year", "trees"}


def test_money_that_nobody_knows_is_no_obstacle() -> None:
    frame = history()
    frame[["ordered_revenue", "revenue", "costed_revenue", "margin", "priced_orders"]] = 0.0
    frame["mean_repeat_revenue"] = np.nan
    answer = CustomerValueModel(rounds=5).fit(frame).predict(frame)
    assert np.isfinite(answer["expected_orders"]).all()
    assert answer["expected_margin"].isna().all()


def test_nobody_who_came_back_is_told() -> None:
    frame = history().assign(repeat_orders=0.0, active_days=0.0)
    with pytest.raises(TooLittleDataError, match="ordered again"):
        CustomerValueModel().fit(frame)


def test_before_fit_there_is_no_answer() -> None:
    with pytest.raises(ModelError, match="call fit first"):
        CustomerValueModel().predict(rows(3))
