"""Each word of an expression does what it says."""

import pandas as pd
import pytest

from data.sources.evaluating import Locale, Rows, evaluate, file_locale, selected
from data.sources.mapping import MappingExpression
from data.tables import Kind

ROWS = Rows(
    pd.DataFrame(
        {
            "name": ["[A1] Chair", "Desk", None],
            "price": ["1.000,50 €", "10,00 €", "bad"],
            "pieces": ["2", "4", "5"],
            "state": ["Storniert", "offen", None],
            "order": ["7", "7", "8"],
        },
        dtype=object,
    ),
    {"currency": "EUR", "empty": ""},
    Locale(mark=","),
)


def values(specification: dict[str, object] | str | list[object], kind: Kind) -> list[object]:
    made = (
        MappingExpression.model_validate(specification)
        if isinstance(specification, dict)
        else specification
    )
    return evaluate(made, ROWS, kind).tolist()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("specification", "kind", "found"),
    [
        ("price", "amount", ["1000.50", "10.00", "bad"]),
        ("missing", "text", [None, None, None]),
        ("$currency", "currency", ["EUR"] * 3),
        ("$empty", "text", [None] * 3),
        (["missing", "name", "$currency"], "text", ["[A1] Chair", "Desk", "EUR"]),
        ({"value": "x"}, "text", ["x"] * 3),
        ({"join": ["order", "name"], "with": "-"}, "text", ["7-[A1] Chair", "7-Desk", "8"]),
        ({"line_of": "order"}, "line", ["1", "2", "1"]),
        ({"from": "name", "pattern": r"^\[(.+)\]"}, "id", ["A1", None, None]),
        ({"from": "name", "split": " ", "part": -1}, "text", ["Chair", "Desk", None]),
        ({"from": "name", "replace": {"Desk": "Table"}}, "text", ["[A1] Chair", "Table", None]),
        ({"from": "state", "map": {"storniert": "cancelled"}, "otherwise": "placed"}, "text",
         ["cancelled", "placed", None]),
        ({"from": "price", "currency": True}, "currency", ["EUR", "EUR", None]),
        ({"from": "price", "over": "pieces"}, "amount", ["500.25", "2.5", "bad"]),
        ({"from": "pieces", "times": ["pieces", 10], "minus": 1}, "amount", ["20", "120", "200"]),
        ({"from": "pieces", "plus": "missing"}, "amount", ["2", "4", "5"]),
    ],
)  # fmt: skip
def test_expressions(specification: dict[str, object], kind: Kind, found: list[object]) -> None:
    assert values(specification, kind) == found


def test_a_hash_is_that_of_the_trimmed_lower_case_text() -> None:
    rows = Rows(pd.DataFrame({"e": ["A@x.com ", "a@x.com"]}, dtype=object))
    made = evaluate(MappingExpression.model_validate({"from": "e", "hash": True}), rows, "id")
    assert made[0] == made[1]
    assert len(made[0]) == 64


def test_conditions() -> None:
    def kept(conditions: dict[str, object]) -> list[bool]:
        return selected(conditions, ROWS, otherwise=True).tolist()  # type: ignore[arg-type]

    assert kept({}) == [True, True, True]
    assert kept({"name": "filled"}) == [True, True, False]
    assert kept({"name": "empty"}) == [False, False, True]
    assert kept({"price": "positive"}) == [True, True, False]
    assert kept({"state": ("STORNIERT",)}) == [True, False, False]
    assert kept({"name": "filled", "state": ("offen",)}) == [False, True, False]


def test_the_locale_is_what_is_said_else_what_the_file_shows() -> None:
    data = pd.DataFrame({"a": ["1,50"], "b": ["1.234"]}, dtype=object)
    assert file_locale(data, {}).mark == ","
    assert file_locale(data, {"decimal": "."}).mark == "."
    assert file_locale(data, {"date_order": "mdy"}).order == "mdy"
