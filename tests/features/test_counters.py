"""The online driver gives what the batch driver gives, whatever the stream does to it."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.counters import Counters, CountersError, RedisCounters, SqliteCounters, open_counters
from features.windows import (
    VelocityEvent,
    states,
    velocity,
)
from tests.features.windows.payment_streams import (
    DAY,
    HOUR,
    PLAN,
    SECOND,
    START,
    event,
    frame,
    payment,
)

Open = Callable[[], Counters]


@pytest.fixture(params=["sqlite", "redis"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Open]:
    """Counters of a name; opened again they hold what they held."""
    if request.param == "sqlite":
        return lambda name: lambda: SqliteCounters(tmp_path / f"{name}.db", PLAN)
    url = request.getfixturevalue("redis_url")
    namespace = request.getfixturevalue("namespace")
    return lambda name: lambda: RedisCounters(url, PLAN, namespace=f"{namespace}_{name}")


GAPS = st.sampled_from(
    [0, 1, 4_999, 5_000, 59_999, 60_000, 300_000, HOUR, DAY, 8 * DAY, 31 * DAY, 91 * DAY]
)


ROWS = st.lists(
    st.tuples(
        GAPS,
        st.sampled_from([0, 0, 0, 0, 30 * SECOND, 2 * DAY, 400 * DAY]),  # how late it arrives
        st.sampled_from([(1, 0, 0), (1, 0, 0), (1, 1, 0), (0, 0, 1), (0, 1, 0)]),
        st.integers(0, 10**7),
        st.sampled_from(["hot", "hot", "hot", "cold", None]),
        st.sampled_from(["i1", "i2", "i3", "i4", None]),
        st.sampled_from(["w1", "w2", "ünï\x00", None]),
    ),
    max_size=30,
)


@st.composite
def streams(draw: st.DrawFn) -> pd.DataFrame:
    now, rows = START, []
    for gap, late, (paid, declined, fraud), cents, *tags in draw(ROWS):
        now += gap
        sums = (paid, paid * cents, declined, fraud, paid * 7, paid * 49)
        rows.append((f"e{len(rows)}", now - late, *sums, *tags))
    return frame(rows)


_names = iter(range(10**9))


_HYPOTHESIS = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@_HYPOTHESIS
@given(stream=streams(), again=st.lists(st.integers(0, 29), max_size=6), data=st.data())
def test_replay_gives_the_batch_answer(
    opener: Callable[[str], Open],
    stream: pd.DataFrame,
    again: list[int],
    data: st.DataObject,
) -> None:
    """Ties, late arrivals, retries, some at once, restarts, and a filled start: all are equal."""
    open_ = opener(f"n{next(_names)}")
    events = [event(row) for _, row in stream.iterrows()]
    filled = data.draw(st.integers(0, len(events)), label="filled from history")
    restart = data.draw(st.integers(0, len(events)), label="restarted before")
    counters = open_()
    past = stream.iloc[:filled]
    counters.load(states(past, PLAN), past["event_id"], "v1")
    answers: dict[int, np.ndarray] = {}
    size = data.draw(st.integers(1, 4), label="observed at once")
    for first in range(filled, len(events), size):
        if first <= restart < first + size:
            counters.close()
            counters = open_()
        answers |= dict(enumerate(counters.observe_all(events[first : first + size]), first))
        place = max(answers)
        for earlier in again:
            if filled <= earlier <= place:
                np.testing.assert_array_equal(
                    counters.observe(events[earlier]), answers[earlier], "a retry"
                )
    assert counters.version() == "v1"
    counters.close()
    expected = velocity(stream, PLAN)
    for place, answer in answers.items():
        np.testing.assert_array_equal(answer, expected.iloc[place].to_numpy(), f"event {place}")


def test_payments_at_once_on_one_card_are_each_counted_once(opener: Callable[[str], Open]) -> None:
    """Eight connections, each payment sent by two of them: every count is seen exactly once."""
    open_ = opener("threads")
    seen: dict[str, set[float]] = {}
    lock = threading.Lock()

    def send(names: list[str]) -> None:
        counters = open_()
        for name in names:
            answer = counters.observe(payment(name, START, card_id="k"))
            with lock:
                seen.setdefault(name, set()).add(float(answer[PLAN.names.index("card_count_1m")]))
        counters.close()

    names = [f"p{place}" for place in range(40)]
    threads = [threading.Thread(target=send, args=(names[k % 4 :: 4],)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(len(values) == 1 for values in seen.values()), "a retry gets the first answer"
    assert sorted(value for values in seen.values() for value in values) == list(range(40))


def test_an_event_filled_in_does_not_count_again(opener: Callable[[str], Open]) -> None:
    counters = opener("filled")()
    stream = frame([("e0", START, 1, 100, 0, 0, 7, 49, "k", None, None)])
    counters.load(states(stream, PLAN), ["e0"], "v1")
    count = PLAN.names.index("card_count_1m")
    counters.observe(event(stream.iloc[0]))
    assert counters.observe(payment("e1", START + SECOND, card_id="k"))[count] == 1
    counters.close()


def test_a_filling_takes_the_place_of_all_there_was(opener: Callable[[str], Open]) -> None:
    counters, other = opener("anew")(), opener("anew")()
    count, cards = PLAN.names.index("card_count_1d"), {"card_id": "k"}
    counters.load((), (), "v1")
    assert [counters.observe(payment(f"a{n}", START + n, **cards))[count] for n in (0, 1)] == [0, 1]
    stream = frame([(f"e{n}", START + n, 1, 100, 0, 0, 7, 49, "k", None, None) for n in range(5)])
    other.load(states(stream, PLAN), stream["event_id"], "v2")
    assert counters.version() == "v2"
    assert counters.observe(payment("a0", START + 9, **cards))[count] == 5  # known before, not now
    assert other.observe(payment("e0", START + 9, **cards))[count] == 6  # known: not counted again
    assert other.observe(payment("a2", START + 9, **cards))[count] == 6
    counters.close()
    other.close()


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    counters = open_counters("redis://127.0.0.1:1/0", tmp_path, PLAN)
    with pytest.raises(CountersError, match="ARGOSY_COUNTERS_URL"):
        counters.observe(payment("e", START))
    counters.close()


def test_a_failure_leaves_the_counters_as_they_were(tmp_path: Path) -> None:
    counters = SqliteCounters(tmp_path / "counters.db", PLAN)
    with pytest.raises(TypeError):
        counters.observe(VelocityEvent("e0", START, (1, "x", 0, 0, 0, 0), {"card_id": "k"}))  # type: ignore[arg-type]
    answer = counters.observe(payment("e1", START, card_id="k"))
    assert answer[PLAN.names.index("card_count_ever")] == 0
    counters.close()
