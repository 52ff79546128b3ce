"""Where the steps of a review lead, and what an undo takes back."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from data.review_steps import ReviewState, after_steps, standing_steps

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
FIRST = ReviewState("p", NOON, 0.5, 10.0, "open", None, None)
STEPS = st.lists(
    st.sampled_from(
        [
            {"step": "assign", "assignee": "ann"},
            {"step": "approve"},
            {"step": "reject"},
            {"step": "snooze", "until": "2024-05-02T12:00:00+00:00"},
            {"step": "reopen"},
            {"step": "undo"},
        ]
    )
)


def test_each_step_changes_its_own_part() -> None:
    state = after_steps(
        FIRST,
        [
            {"step": "assign", "assignee": "ann"},
            {"step": "snooze", "until": "2024-05-02T12:00:00+00:00"},
            {"step": "reject"},
        ],
    )
    assert (state.assignee, state.status) == ("ann", "rejected")
    assert state.snoozed_until == datetime(2024, 5, 2, 12, tzinfo=UTC)
    assert after_steps(state, [{"step": "reopen"}]).status == "open"


def test_an_undo_of_nothing_is_nothing() -> None:
    assert after_steps(FIRST, [{"step": "undo"}, {"step": "undo"}]) == FIRST


@given(STEPS)
def test_what_stands_leads_to_the_same_state(steps: list[dict[str, str]]) -> None:
    standing = standing_steps(steps)
    assert all(step["step"] != "undo" for step in standing)
    assert after_steps(FIRST, standing) == after_steps(FIRST, steps)


@given(STEPS)
def test_a_step_and_its_undo_change_nothing(steps: list[dict[str, str]]) -> None:
    both = [*steps, {"step": "approve"}, {"step": "undo"}]
    assert after_steps(FIRST, both) == after_steps(FIRST, steps)
