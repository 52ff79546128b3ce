"""States of a purchase line."""

from hypothesis import given
from hypothesis import strategies as st

from data.purchasing import TRANSITIONS, State, allowed


@given(st.sampled_from(list(TRANSITIONS)), st.sampled_from(list(TRANSITIONS)))
def test_nothing_comes_back_from_an_order(before: State, after: State) -> None:
    if before in {"exported", "partially_received", "received", "cancelled"}:
        assert not allowed(before, after) or after in {
            "cancelled",
            "partially_received",
            "received",
        }
