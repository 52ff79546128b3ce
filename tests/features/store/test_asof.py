"""The join as of a moment, against brute force."""

from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.store.asof import AsofPart, AsofSource, join
from features.store.columns import StoreError
from tests.features.store.asof_files import asked, part, values, write


def test_each_row_gets_the_newest_value_at_or_before_its_time(tmp_path):
    path = write(tmp_path / "rows.parquet", [("a", 1, 1, 10), ("a", 3, 3, 30), ("b", 2, 2, 20)])
    rows = asked(("a", 3), ("a", 2.9), ("a", 0.5), ("b", 9), ("c", 9), (None, 9), ("a", 3))
    assert values(rows, part(path)) == [30, 10, None, 20, None, None, 30]


def test_a_value_expires_when_it_is_older_than_the_ttl(tmp_path):
    path = write(tmp_path / "rows.parquet", [("a", 1, 1, 10)])
    rows = asked(("a", 3), ("a", 3.001))
    assert values(rows, part(path, timedelta(days=2))) == [10, None]


def test_of_equal_times_the_newest_created_wins_then_the_last_written(tmp_path):
    path = write(
        tmp_path / "rows.parquet",
        [("a", 1, 5, 1), ("a", 1, 4, 2), ("b", 1, 5, 3), ("b", 1, 5, 4), ("c", 1, None, 5)],
    )
    assert values(asked(("a", 2), ("b", 2), ("c", 2)), part(path)) == [1, 4, 5]
    assert values(asked(("a", 2)), part(path, created=None)) == [2]


def test_several_sources_join_in_one_pass_and_keep_the_order(tmp_path):
    first = write(tmp_path / "first.parquet", [("a", 1, 1, 1)])
    second = write(tmp_path / "second.parquet", [("b", 1, 1, 2)])
    other = AsofPart(AsofSource(second, "at"), {"key": "who"}, {"value": 'an "odd" name'})
    found = join(asked(("b", 2), ("a", 2)), "when", [part(first), other])
    assert found.to_pydict() == {"value": [None, 1], 'an "odd" name': [2, None]}


def test_no_entity_rows_give_no_rows(tmp_path):
    path = write(tmp_path / "rows.parquet", [("a", 1, 1, 1)])
    assert values(asked(), part(path)) == []


def test_a_source_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"gone\.parquet is missing"):
        values(asked(("a", 1)), part(tmp_path / "gone.parquet"))


KEYS = st.sampled_from(["a", "b", None])


DAYS = st.integers(0, 6)


ROWS = st.lists(
    st.tuples(KEYS, DAYS, st.none() | DAYS, st.none() | st.integers(0, 99)), max_size=12
)


def brute_force(rows, key, moment, ttl):
    """The rule in words: the newest not later, of those the newest created, of those the last."""
    if key is None:
        return None
    fitting = [
        (at, -1 if created is None else created, place, value)
        for place, (owner, at, created, value) in enumerate(rows)
        if owner == key and at <= moment and (ttl is None or moment - at <= ttl)
    ]
    return max(fitting)[3] if fitting else None


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=ROWS, entities=st.lists(st.tuples(KEYS, DAYS), max_size=8), ttl=st.none() | DAYS)
def test_the_join_is_the_brute_force_join(tmp_path, rows, entities, ttl):
    path = write(tmp_path / "rows.parquet", rows)
    ttl = ttl or None  # none and zero both mean: never expires
    limit = None if ttl is None else timedelta(days=ttl)
    found = values(asked(*entities), part(path, limit))
    assert found == [brute_force(rows, key, moment, ttl) for key, moment in entities]


def test_times_of_any_kind_are_utc(tmp_path):
    times = pd.to_datetime(["2024-01-02"])
    for name, at in {
        "naive": times,
        "zoned": times.tz_localize("UTC").tz_convert("Asia/Tokyo"),
    }.items():
        path = tmp_path / f"{name}.parquet"
        pd.DataFrame({"key": ["a"], "at": at, "value": [1]}).to_parquet(path)
        rows = asked(("a", 1), ("a", 0.99))
        assert values(rows, part(path, created=None)) == [1, None]
