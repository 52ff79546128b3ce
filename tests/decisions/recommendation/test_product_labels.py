"""Labels of products in codes."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from decisions.recommendation.product_labels import labels

PATHS = st.lists(st.sampled_from(["a", "a/b", "a/b/c", "ab", "b", None]), max_size=8)


def test_a_path_stands_for_all_below_it_and_a_name_for_itself() -> None:
    values = pa.array(["food/tea", "food", None, "foods"])
    assert labels(values, path=True).among(["food"]).tolist() == [True, True, False, False]
    assert labels(values).among(["food"]).tolist() == [False, True, False, False]
    assert labels(values).among([]).tolist() == [False] * 4
    assert labels(values).among(["nothing", "foods"]).tolist() == [False, False, False, True]


@given(PATHS, st.sampled_from(["a", "a/b", "b", "c"]))
def test_as_each_product_alone(paths: list[str | None], label: str) -> None:
    found = labels(pa.array(paths, pa.string()), path=True).among([label])
    expected = [p is not None and (p == label or p.startswith(f"{label}/")) for p in paths]
    assert found.tolist() == expected


def test_equal_labels_are_kept_as_one_object() -> None:
    first, same, other = (labels(pa.array(each)) for each in (["a", "b"], ["a", "b"], ["b", "a"]))
    assert same.reusing(first) is first
    assert other.reusing(first) is other
    assert np.array_equal(other.code, [0, 1])
