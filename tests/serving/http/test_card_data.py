"""Card numbers are refused at the door, and never repeated."""

import pytest

from serving.http.card_data import refuse_cards
from serving.http.errors import Problem

NUMBER = "4111 1111 1111 1111"


@pytest.mark.parametrize(
    "body",
    [
        {"card_id": NUMBER},
        {"lines": [{"note": f"paid with {NUMBER}"}]},
        {"cvv": "123"},
        {NUMBER: 1},
    ],
)
def test_the_field_is_named_and_not_its_value(body: object) -> None:
    with pytest.raises(Problem) as refused:
        refuse_cards(body)
    assert (refused.value.status, refused.value.code) == (422, "card_data_refused")
    assert refused.value.fields
    assert "4111" not in f"{refused.value} {refused.value.fields}"


def test_a_token_and_an_amount_are_let_through() -> None:
    refuse_cards({"card_id": "tok_4111", "amount": 12.5, "cvv": None})
