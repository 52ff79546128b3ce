"""A mapping: which columns it reads, and what is none."""

import pytest
from pydantic import ValidationError

from data.sources.mapping import (
    Into,
    Join,
    MappingExpression,
    Sheet,
    alternatives,
    headers_of,
    joined_columns,
)


def test_a_specification_reads_every_column_it_names_and_no_constant() -> None:
    inner = MappingExpression.model_validate({"from": ["Net", "$currency"], "plus": ["Tax", 2]})
    outer = MappingExpression(join=("Name", inner), line_of="Order")
    assert list(headers_of(outer)) == ["Name", "Net", "Tax", "Order"]
    assert list(headers_of(["SKU", "$shop", inner])) == ["SKU", "Net", "Tax"]
    assert list(headers_of("$shop")) == []


def test_a_sheet_reads_each_column_once() -> None:
    sheet = Sheet(
        name="orders",
        has=("SKU | Name",),
        fill_down=("Order",),
        within="Order",
        joins=(Join(sheet="items", left="Id", right="Order Id"),),
        into=(Into(table="orders", columns={"product_id": "SKU", "price": "items.Price"}),),
    )
    assert sheet.headers == ("SKU", "Name", "Order", "Id", "items.Price")
    assert joined_columns([sheet], "items") == ["Order Id", "Price"]
    assert joined_columns([sheet], "customers") == []


def test_one_of_several_columns_is_enough() -> None:
    assert alternatives("SKU | Name") == ["SKU", "Name"]
    assert alternatives("SKU") == ["SKU"]


@pytest.mark.parametrize("part", [Sheet, MappingExpression])
def test_a_misspelt_word_is_no_mapping(part: type) -> None:
    with pytest.raises(ValidationError, match="colums"):
        part(name="x", colums=[])
