import time

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


@pytest.mark.parametrize(
    "text",
    [
        "[1].//\nall(a, a > 0)",
        "'''a'b''' == 'a' || [1].all(a, a > 0) || 'b' == 'a'",
        '"""a"b""" == "a" || [1].exists(a, a > 0) || "b" == "a"',
        r"r'\' == channel || [1].all(a, a > 0) || '' == ''",
        "[1]. /**/ all(a, a > 0)",
    ],
)
def test_no_spelling_hides_a_loop(text: str) -> None:
    with pytest.raises(ExpressionError):
        compiled(text, TYPES)


def test_a_text_may_hold_what_a_comment_begins_with() -> None:
    assert compiled('channel == "http://x"', TYPES).holds({"channel": "http://x"})


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("1 / 0 > 0", {}),
        ("x_score > 3.0", {"x_score": "a text"}),
        ('channel.matches("(")', {"channel": "web"}),
        ("9223372036854775807 + int(amount_base) > 0", {"amount_base": 1.0}),
        ("int(amount_base) > 0", {"amount_base": 1e300}),
        ("timestamp(channel) > timestamp(channel)", {"channel": "web"}),
    ],
)
def test_what_raises_does_not_hold_and_is_told(text: str, facts: dict[str, object]) -> None:
    made = compiled(text, TYPES)
    assert not made.holds(facts)
    assert made.raises(facts)


def test_a_signal_that_was_not_sent_is_unknown_and_no_failure() -> None:
    assert not compiled("x_never_sent > 3.0", TYPES).raises({})


def test_the_longest_rule_stays_within_a_budget_of_time() -> None:
    parts = "x_a + x_a + x_a + x_a + x_a + x_a"
    for _ in range(6):
        parts = f"({parts}) + ({parts})"
        if len(parts) > 900:
            break
    made = compiled(f'({parts}).matches("((a*)*)*b$")', TYPES)
    started = time.perf_counter()
    made.holds({"x_a": "a" * 512})
    assert time.perf_counter() - started < 0.25
