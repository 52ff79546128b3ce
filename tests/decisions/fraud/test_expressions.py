import pytest

from decisions.fraud.expressions import ExpressionError, compiled

TYPES = {"amount_base": "float", "channel": "str"}


@pytest.mark.parametrize("macro", ["all", "exists", "exists_one", "map", "filter"])
def test_no_rule_goes_through_a_list(macro: str) -> None:
    text = f"[1, 2].{macro}(a, [1, 2].{macro}(b, a > b))"
    with pytest.raises(ExpressionError, match="goes through a list"):
        compiled(text, TYPES)


def test_a_text_may_look_like_a_loop() -> None:
    assert compiled('channel == ".all(x)"', TYPES).holds({"channel": ".all(x)"})


def test_what_cannot_be_evaluated_does_not_hold() -> None:
    assert not compiled("x_score > 3.0", TYPES).holds({"x_score": "a text"})
    assert not compiled("x_never_sent > 3.0", TYPES).holds({})
