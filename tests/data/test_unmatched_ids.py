"""Ids and categories of one table that no row of another table has are told, with what they do."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from data.lake import Lake
from data.unmatched_ids import unmatched_ids

MAY = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def products(lake: Lake, **category: str) -> None:
    frame = pd.DataFrame({"product_id": list(category), "category": list(category.values())})
    lake.append("products", frame)


def promote(lake: Lake, **columns: list[str]) -> None:
    number = range(len(next(iter(columns.values()))))
    frame = pd.DataFrame({"promotion_id": [f"x{one}" for one in number], **columns})
    lake.append("promotions", frame.assign(starts_on="2024-05-01", ends_on="2024-05-02"))


def test_a_promotion_of_a_category_that_was_renamed_is_told(lake: Lake) -> None:
    products(lake, p1="Teas/Green", p2="Cups")
    promote(lake, category=["Tea", "Tea", "Teas", "Cups"])
    (found,) = unmatched_ids(lake)
    assert str(found) == (
        "promotions: the category of 2 of 4 rows is of no product (Tea), and they change nothing; "
        "correct it, or the categories of products"
    )


def test_ids_that_no_table_of_their_own_has_are_told(lake: Lake) -> None:
    products(lake, p1="Cups")
    promote(lake, product_id=["p1", "ghost"])
    lake.append("warehouses", pd.DataFrame({"warehouse_id": ["DE1"], "country": ["DE"]}))
    lake.append(
        "supply_terms",
        pd.DataFrame(
            {"warehouse_id": ["DE1", "de1"], "product_id": "p1", "supplier_id": "S",
             "lead_time_days": 7.0}
        ),
    )  # fmt: skip
    told = [str(one) for one in unmatched_ids(lake)]
    assert [text.partition(";")[0] for text in told] == [
        "promotions: the product_id of 1 of 2 rows is in no row of products (ghost)",
        "supply_terms: the warehouse_id of 1 of 2 rows is in no row of warehouses (de1)",
    ]


def test_what_was_sold_once_is_known_and_tables_that_are_not_there_ask_for_nothing(
    lake: Lake,
) -> None:
    promote(lake, product_id=["p1"])
    assert unmatched_ids(lake) == []
    products(lake, p1="Cups")
    order = {"order_id": ["o"], "line_no": [1], "customer_id": ["c"], "product_id": ["sold"]}
    more = {"warehouse_id": ["w"], "quantity": [1.0], "unit_price": [1.0], "currency": ["EUR"]}
    lake.append("orders", pd.DataFrame({**order, **more, "ordered_at": [MAY]}))
    promote(lake, product_id=["sold"])
    (found,) = unmatched_ids(lake)
    assert found.found.startswith("orders: the product_id of 1 of 1 rows is in no row of products")
