"""Scorecards of returns and orders: more signs, more risk; the unknown says nothing."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions.fraud.request_scorecards import ORDERS, RETURNS, Scorecard

CARDS = st.sampled_from([RETURNS, ORDERS])


@given(CARDS, st.data())
def test_reasons_are_the_weightiest_first_and_the_score_is_a_probability(
    card: Scorecard, data: st.DataObject
) -> None:
    values = st.sampled_from([0.0, 0.5, 1.0, 40.0, 900.0, math.nan, None])
    facts = {term.fact: data.draw(values) for term in card.terms if term.fact != "payment_log_odds"}
    score, reasons = card.judge(facts)
    assert 0 < score <= 1
    weights = [each.contribution for each in reasons]
    assert weights == sorted(weights, reverse=True)
    assert all(weight > 0 for weight in weights)


@pytest.mark.parametrize("card", [RETURNS, ORDERS])
def test_of_nothing_known_the_base_is_left(card: Scorecard) -> None:
    unknown = {term.fact: math.nan for term in card.terms}
    assert card.judge({}) == card.judge(unknown) == (1 / (1 + math.exp(-card.base)), ())


def test_a_customer_who_gives_everything_back_is_riskier_and_told_so() -> None:
    rarely, often = (RETURNS.judge({"return_share": share}) for share in (0.1, 0.7))
    assert often[0] > rarely[0]
    assert [each.text for each in often[1]] == ["70.0% of the customer's lines came back"]
    assert rarely[1] == ()


def test_an_order_is_as_risky_as_its_payment_where_nothing_else_is_known() -> None:
    assert ORDERS.judge({"payment_log_odds": math.log(3)})[0] == pytest.approx(0.75)
