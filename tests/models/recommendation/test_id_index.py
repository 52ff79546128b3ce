"""Ids and their positions."""

import pandas as pd

from models.recommendation.id_index import IdIndex


def test_ids_are_found_and_what_is_unknown_is_not() -> None:
    ids = IdIndex.of(pd.Series(["b", None, "a", "b"]))
    assert len(ids) == 2
    assert ids.find(["a", "b", "c", ""]).tolist() == [0, 1, -1, -1]
    assert ids.encode(pd.Series(["b", None, "c"])).tolist() == [1, -1, -1]
    assert ids.text(ids.find(["b", "a"])) == ["b", "a"]
    assert IdIndex.of(pd.Series([], dtype=object)).find(["a"]).tolist() == [-1]
