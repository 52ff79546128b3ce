"""Amounts of any locale are read as what they say; what could be read in two ways is not read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.sources.numbers import bare_number, canonical_number, decimal_mark


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1.234,56 €", "1234.56"),
        ("£1,234.50", "1234.50"),
        ("1 234,56", "1234.56"),
        ("1\u202f234,56 €", "1234.56"),
        ("1'234.50", "1234.50"),
        ("₹1,23,456.78", "123456.78"),
        ("(12.00)", "-12.00"),
        ("12.00-", "-12.00"),
        ("−5", "-5"),
        ("R$ 1.234,00", "1234.00"),
        ("EUR 5", "5"),
        ("Rs. 12", "12"),
        ("٢٥٫٥", "25.5"),
        ("12 Stück", "12"),
        ("1e5", "1e5"),
    ],
)
def test_amounts_of_many_locales(text: str, number: str) -> None:
    assert canonical_number(text, None) == number


@pytest.mark.parametrize("text", ["", "abc", "12 13", "n/a", "1.2.3,4,5"])
def test_what_is_no_number_is_not_read(text: str) -> None:
    assert canonical_number(text, None) is None


def test_a_lone_group_of_three_needs_the_mark_of_its_file() -> None:
    assert canonical_number("1,234", None) is None
    assert canonical_number("1,234", ".") == "1234"
    assert canonical_number("1,234", ",") == "1.234"
    assert canonical_number("1.234", ",") == "1234"
    assert canonical_number("1.234", None) == "1.234"


def test_the_mark_is_found_from_all_amounts_of_a_file() -> None:
    assert decimal_mark(["1.234", "12,50"]) == ","
    assert decimal_mark(["1,234", "12.50"]) == "."
    assert decimal_mark(["1", "1,234"]) is None
    assert decimal_mark(["1,5", "1.5"]) is None


@given(st.integers(-(10**9), 10**9), st.sampled_from([",", "."]))
def test_a_grouped_amount_is_read_back(cents: int, mark: str) -> None:
    plain = f"{abs(cents) / 100:,.2f}"
    written = plain if mark == "." else plain.translate(str.maketrans(",.", ".,"))
    text = ("-" if cents < 0 else "") + written
    found = canonical_number(text, None)
    assert found is not None
    assert round(float(found) * 100) == cents


@given(st.text(max_size=30))
def test_any_text_is_read_or_not_and_never_fails(text: str) -> None:
    bare = bare_number(text)
    found = canonical_number(text, ".")
    assert (found is None) or float(found) is not None
    assert bare is not None or found is None
