"""Pages of a list: together they are the list, and a cursor of another one is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.http.errors import Problem
from serving.http.paging import cut_page, page_start


@given(st.lists(st.integers(), max_size=30), st.integers(1, 7), st.text("ab", max_size=3))
def test_the_pages_are_the_list(items: list[int], limit: int, stamp: str) -> None:
    found: list[int] = []
    cursor = None
    while True:
        page = cut_page(items, limit, cursor, stamp=stamp)
        assert len(page["data"]) <= limit
        found += page["data"]
        assert page["has_more"] is (page["next_cursor"] is not None)
        if not page["has_more"]:
            break
        cursor = page["next_cursor"]
    assert found == items


@pytest.mark.parametrize("cursor", ["", "x", "!!!!", "LTEg", "OTk5OTk5OTk5OTk5OTk5OTk5IA=="])
def test_a_cursor_that_was_never_given_is_refused(cursor: str) -> None:
    with pytest.raises(Problem) as refused:
        page_start(cursor)
    assert (refused.value.status, refused.value.code) == (422, "invalid_cursor")


def test_a_list_made_anew_refuses_the_cursors_of_before() -> None:
    cursor = cut_page([1, 2, 3], 1, None, stamp="monday")["next_cursor"]
    assert cut_page([1, 2, 3], 1, cursor, stamp="monday")["data"] == [2]
    with pytest.raises(Problem, match="made anew"):
        cut_page([1, 2, 3], 1, cursor, stamp="tuesday")
