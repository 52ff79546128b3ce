"""What a use case lacks is said with the tables and their columns."""

from pathlib import Path

import pandas as pd
import pytest

from data.lake import Lake
from data.lake.needs import missing_tables
from data.tables import TABLES
from data.use_cases import USE_CASES, needs_of


def test_a_need_is_met_by_any_of_its_tables(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    needs = ("products|prices", "orders")
    first, second = missing_tables(lake, needs)
    assert first.startswith("`products` (product_id) or `prices` (product_id, valid_from")
    assert second.startswith("`orders` (order_id, line_no, ordered_at")
    lake.append("products", pd.DataFrame({"product_id": ["a"]}))
    assert missing_tables(lake, needs) == [second]


@pytest.mark.parametrize("use_case", USE_CASES)
def test_every_use_case_names_tables_that_there_are(use_case: str) -> None:
    needs = needs_of(use_case)
    assert needs
    assert {name for need in needs for name in need.split("|")} <= set(TABLES)
