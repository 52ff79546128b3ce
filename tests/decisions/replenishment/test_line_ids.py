"""The stable id of a line of the plan."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from decisions.replenishment.line_ids import identity

NAMES = ["warehouse_id", "product_id", "supplier_id"]
TEXTS = st.text("a~=te", max_size=4)
LINES = st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=6, unique=True)


@given(LINES)
def test_no_two_lines_share_an_id(rows: list[tuple[str, str, str]]) -> None:
    assert identity(pd.DataFrame(rows, columns=NAMES)).is_unique


def test_a_line_without_a_supplier_has_one_too() -> None:
    frame = pd.DataFrame([("w", "p~q", None)], columns=NAMES)
    assert identity(frame).tolist() == ["w~p=tq~"]
