"""Partitions: cut between keys, answered in order of keys; engines that are not there."""

import pickle
from functools import partial

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from data import engine
from data.engine import EngineError, engine_state, map_partitions
from data.errors import ArgosyError

SCHEMA = {"shop": "object", "rank": "int64", "total": "float64"}
SALES = pd.DataFrame({"shop": ["b", "a", "b", "c", "a"], "sold": [1.0, 2.0, 3.0, 4.0, 5.0]})


def running_totals(sales: pd.DataFrame) -> pd.DataFrame:
    """What each shop had sold after each sale, the shops sorted by name."""
    by = sales.groupby("shop")["sold"]
    found = sales.assign(rank=by.cumcount() + 1, total=by.cumsum())
    return found.sort_values("shop", kind="stable")


def refuse(sales: pd.DataFrame) -> pd.DataFrame:
    raise ArgosyError(f"no shop sells {len(sales)} things")


def test_keys_come_in_order_of_the_frame_and_rows_in_order_of_the_function() -> None:
    found = map_partitions(SALES, running_totals, by=["shop"], schema=SCHEMA)
    assert found["shop"].tolist() == ["b", "b", "a", "a", "c"]
    assert found["total"].tolist() == [1.0, 4.0, 2.0, 7.0, 4.0]
    assert list(found.columns) == list(SCHEMA)
    assert found.dtypes.astype(str).to_dict() == SCHEMA


def test_no_rows_have_no_answers() -> None:
    found = map_partitions(SALES.head(0), running_totals, by=["shop"], schema=SCHEMA)
    assert found.dtypes.astype(str).to_dict() == SCHEMA
    assert found.empty


def test_an_answer_for_nobody_is_a_fault() -> None:
    def wrong(sales: pd.DataFrame) -> pd.DataFrame:
        return running_totals(sales).replace({"shop": {"a": "z"}})

    with pytest.raises(EngineError, match="a key that it was not given, by shop"):
        map_partitions(SALES, wrong, by=["shop"], schema=SCHEMA)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1), st.integers(1, 9))
def test_pieces_hold_each_row_once_and_never_part_of_a_key(
    keys: list[tuple[int, int]], most: int
) -> None:
    frame = pd.DataFrame(keys, columns=["shop", "day"]).assign(row=range(len(keys)))
    place, _ = engine._numbered(frame, ["shop", "day"])
    pieces = engine._cut(frame, place, most)
    assert 1 <= len(pieces) <= most
    assert sorted(row for piece in pieces for row in piece["row"]) == list(range(len(keys)))
    owners = [set(zip(piece["shop"], piece["day"], strict=True)) for piece in pieces]
    assert sum(map(len, owners)) == len(set(keys))
    assert all(piece["row"].is_monotonic_increasing for piece in pieces)


def test_pieces_answered_apart_are_the_whole() -> None:
    place, keys = engine._numbered(SALES, ["shop"])
    work = partial(
        engine._answer, function=running_totals, schema=SCHEMA, ours=engine.version("argosy")
    )
    answers = [pickle.loads(work(pickle.dumps(piece))) for piece in engine._cut(SALES, place, 3)]
    assert len(answers) > 1
    apart = engine._in_order_of_keys(pd.concat(answers), ["shop"], keys)[list(SCHEMA)]
    assert_frame_equal(apart, map_partitions(SALES, running_totals, by=["shop"], schema=SCHEMA))


def test_a_refusal_comes_back_from_a_worker_as_it_is() -> None:
    sealed = engine._answer(
        pickle.dumps(SALES), function=refuse, schema=SCHEMA, ours=engine.version("argosy")
    )
    answer = pickle.loads(sealed)
    assert isinstance(answer, ArgosyError)
    assert str(answer) == "no shop sells 5 things"


def test_a_worker_of_another_version_is_told() -> None:
    sealed = engine._answer(
        pickle.dumps(SALES), function=running_totals, schema=SCHEMA, ours="0.0.1"
    )
    assert "this is 0.0.1; install one version on all machines" in str(pickle.loads(sealed))


def test_this_machine_is_always_there() -> None:
    assert engine_state("local") == engine.EngineState("this machine")


def test_a_missing_library_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find_spec", lambda name: None if name == "pyspark" else "there")
    with pytest.raises(EngineError, match=r"pyspark: not installed; pip install 'argosy\[spark\]'"):
        map_partitions(
            SALES, running_totals, by=["shop"], schema=SCHEMA, engine="spark://127.0.0.1:9"
        )
    state = engine_state("spark://127.0.0.1:9")
    assert state.found == "pyspark: not installed"
    assert state.remedy.startswith("pip install 'argosy[spark]'")


def test_missing_java_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find_spec", lambda name: "there")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "")
    assert "Java 17" in engine_state("spark://127.0.0.1:9").remedy


def test_a_master_that_is_away_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_require_spark", lambda: None)
    state = engine_state("spark://127.0.0.1:9,127.0.0.1:19")
    assert state.found == "spark://127.0.0.1:9,127.0.0.1:19: no Spark master answers there"
    assert state.remedy == "start one, or unset ARGOSY_ENGINE"


def test_the_cause_is_found_in_a_long_message() -> None:
    told = "An exception was thrown from the Python worker\nTraceback\n  ValueError: odd\nat x.y"
    assert engine._cause(Exception(told)) == "ValueError: odd"
    assert engine._cause(Exception("Connection refused\nat java.net")) == "Connection refused"
