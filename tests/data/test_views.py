"""The fingerprint of a feature list."""

from hypothesis import given
from hypothesis import strategies as st

from data.views import Terms, fingerprint

LISTS = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.sampled_from(["float", "str"]))


@given(LISTS, LISTS)
def test_two_lists_have_one_fingerprint_only_when_they_are_equal_in_order(
    one: dict[str, str], other: dict[str, str]
) -> None:
    same = list(one.items()) == list(other.items())
    assert (fingerprint(one) == fingerprint(other)) is same


def test_another_order_or_type_is_another_contract() -> None:
    assert fingerprint({"a": "float", "b": "str"}) != fingerprint({"b": "str", "a": "float"})
    assert fingerprint({"a": "float"}) != fingerprint({"a": "int"})
    assert len(fingerprint({})) == 16


def test_without_a_setting_the_frequency_is_found_and_not_guessed() -> None:
    assert Terms().frequency is None
