"""Frames as rows of a view: every fault told, types kept both ways."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from data.views import View
from features.store.columns import ViewError, micros, schema, to_arrow, to_pandas

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
VIEW = View("v", ("k",), {"x": "float", "n": "int", "s": "str", "b": "bool", "xs": "float[]"})


def frame(**changes: object) -> pd.DataFrame:
    given: dict[str, object] = {
        "k": ["a", "b"],
        "event_timestamp": pd.Timestamp(NOON),
        "x": [1.5, np.nan],
        "n": [7, None],
        "s": ["t", None],
        "b": [True, None],
        "xs": [[1.0, 2.0], None],
    }
    return pd.DataFrame(given | changes)


def test_what_is_unknown_stays_unknown_in_every_type() -> None:
    table = to_arrow(VIEW, frame())
    assert table.schema == schema(VIEW)
    for name, kind in VIEW.features.items():
        back = pd.Series(to_pandas(table[name], kind))
        assert not pd.api.types.is_scalar(back[0]) or back[0] == frame()[name][0]
        assert back.isna().tolist() == [False, True], name


def test_the_last_row_of_a_key_and_time_counts() -> None:
    found = to_arrow(VIEW, frame(k="a", x=[1.0, 2.0]))
    assert found["x"].to_pylist() == [2.0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"k": ["a", None]}, "key k is empty in 1 rows"),
        ({"event_timestamp": pd.Timestamp("2024-05-01")}, "expected a time with zone"),
        ({"event_timestamp": [pd.Timestamp(NOON), pd.NaT]}, "empty in 1 rows"),
        ({"event_timestamp": pd.Timestamp("2024-05-02", tz="UTC")}, "2 rows are later than"),
        ({"n": ["seven", None]}, "column n: not int"),
        ({"xs": ["no list", None]}, r"column xs: not float\[\]"),
    ],
)
def test_rows_that_do_not_fit_are_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ViewError, match=said):
        to_arrow(VIEW, frame(**changes), NOON)


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(ViewError, match="lacks the columns s, xs"):
        to_arrow(VIEW, frame().drop(columns=["s", "xs"]))


def test_no_rows_are_rows_of_the_view() -> None:
    assert to_arrow(VIEW, frame().head(0)).schema == schema(VIEW)


def test_times_are_whole_microseconds() -> None:
    assert micros(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC)) == 1_000_005
