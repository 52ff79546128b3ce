from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.counters import Counters, RedisCounters, SqliteCounters
from features.windows import (
    Key,
    Streak,
    Velocity,
    VelocityEvent,
    VelocityPlan,
    states,
    velocity,
)

CARD = Key("card", ("card_id",))
PLAN = VelocityPlan((CARD,), (Velocity("n", "card", "count"),), Streak("run", "card_id"))


def event(place: int, card: str | None, ends: bool, paid: int = 1) -> VelocityEvent:
    tags = {} if card is None else {"card_id": card}
    return VelocityEvent(f"e{place}", place, (paid, 150 * paid, 0, 0, 0, 0), tags, ends)


def frame(events: list[VelocityEvent]) -> pd.DataFrame:
    rows = [
        (each.id, each.at, *each.measures, each.ends, each.tags.get("card_id")) for each in events
    ]
    names = ["event_id", "at", "payments", "cents", "declines", "frauds", "logs", "squares"]
    return pd.DataFrame(rows, columns=[*names, "ends", "card_id"])


@pytest.fixture(params=["sqlite", "redis"])
def counters(request: pytest.FixtureRequest, tmp_path: Path, namespace: str) -> Any:
    if request.param == "redis":
        made: Counters = RedisCounters(
            request.getfixturevalue("redis_url"), PLAN, namespace=namespace
        )
    else:
        made = SqliteCounters(tmp_path / "counters.db", PLAN)
    yield made
    made.close()


STREAM = [
    event(0, "a", False),
    event(1, "a", False),
    event(2, "b", True),
    event(3, "a", True),
    event(4, None, False),
    event(5, "a", False),
    event(6, "a", True, paid=0),
    event(7, "a", False),
    event(8, "b", False),
]
COUNTS = [0, 1, 0, 2, np.nan, 0, 1, 0, 0]


def test_a_streak_begins_anew_after_the_event_that_ends_it(counters: Counters) -> None:
    live = [counters.observe(each)[1:] for each in STREAM]
    np.testing.assert_array_equal([count for count, _ in live], COUNTS)
    np.testing.assert_array_equal([money for _, money in live], np.array(COUNTS) * 1.5)
    again = counters.observe(STREAM[1])  # sent once more: the first answer, and not counted
    assert again[1:].tolist() == [1.0, 1.5]
    assert counters.observe(event(9, "a", False))[1:].tolist() == [1.0, 1.5]


def test_streaks_in_batch_are_those_of_the_counters() -> None:
    found = velocity(frame(STREAM), PLAN)
    np.testing.assert_array_equal(found["run_count"], COUNTS)
    np.testing.assert_array_equal(found["run_amount"], np.array(COUNTS) * 1.5)


def test_counters_filled_from_history_carry_on(counters: Counters) -> None:
    counters.load(states(frame(STREAM), PLAN), [each.id for each in STREAM], "v")
    assert counters.observe(event(9, "a", False))[1:].tolist() == [1.0, 1.5]
    assert counters.observe(event(10, "b", False))[1:].tolist() == [1.0, 1.5]
    assert counters.observe(STREAM[1])[1] == 2.0  # known, and not counted again
    assert counters.observe(event(11, "a", False))[1:].tolist() == [2.0, 3.0]


EVENTS = st.lists(
    st.tuples(st.sampled_from(["a", "b", None]), st.booleans(), st.integers(0, 1)), max_size=12
)


@given(EVENTS)
@settings(deadline=None, max_examples=80)
def test_any_stream_counts_alike(given_events: list[tuple[str | None, bool, int]]) -> None:
    stream = [event(place, *each) for place, each in enumerate(given_events)]
    counters = SqliteCounters(":memory:", PLAN)
    live = [counters.observe(each).tolist() for each in stream]
    counters.close()
    if stream:
        np.testing.assert_array_equal(velocity(frame(stream), PLAN).to_numpy(), live)


def test_a_plan_without_the_column_has_no_streak() -> None:
    assert PLAN.names == ("n", "run_count", "run_amount")
    assert PLAN.only(["device_id"]).streak is None
    assert PLAN.only(["card_id"]).streak == PLAN.streak
