"""Lists as files: the Accept header chooses, formulas stay text, workbooks open."""

import io

import pandas as pd
import pytest

from data.table_files import table_bytes
from serving.http.table_answers import FILE_SUFFIXES, file_type_of, table_answer

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TABLE = pd.DataFrame({"product_id": ["p1", "=1+1"], "units": [3.0, None]})


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        ("", None),
        ("*/*", None),
        ("application/json", None),
        ("text/csv", "text/csv"),
        (f"{XLSX}, application/json;q=0.5", XLSX),
    ],
)
def test_file_type_of(accept, found):
    assert file_type_of(accept) == found


def test_a_csv_keeps_a_formula_as_text_and_a_gap_empty():
    answer = table_answer(TABLE, "text/csv", {"X-Of": "plan"})
    assert answer.body.decode().splitlines() == ["product_id,units", "p1,3.0", "'=1+1,"]
    assert answer.headers["x-of"] == "plan"


def test_a_workbook_holds_the_rows():
    answer = table_answer(TABLE, XLSX)
    assert answer.media_type == XLSX
    found = pd.read_excel(io.BytesIO(answer.body), engine="calamine")
    assert found["product_id"].tolist() == ["p1", "=1+1"]
    assert found["units"].isna().tolist() == [False, True]


def test_every_type_can_be_written():
    assert all(table_bytes(TABLE, suffix) for suffix in FILE_SUFFIXES.values())
