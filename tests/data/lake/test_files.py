"""CSV and Parquet files."""

import time
from pathlib import Path

import pytest

from data.lake import Lake, RefusedError
from tests.data.lake.order_files import HEADER, line, refused, write


@pytest.mark.parametrize("size", [200, 300_000, 3_000_000])
def test_a_huge_column_name_is_told_but_not_printed(lake: Lake, tmp_path: Path, size: int) -> None:
    source = write(tmp_path / "in", line() + ",1", header=HEADER + "," + "n" * size)
    said = refused(lake, source)
    assert "a column name of" in said
    assert len(said) < 2000


def test_many_columns_take_no_time(lake: Lake, tmp_path: Path) -> None:
    wide = ",".join(f"c{number}" for number in range(50_000))
    source = write(tmp_path / "in", "1", header=wide)
    start = time.perf_counter()
    assert "order_id is missing" in refused(lake, source)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x1f\x8b\x08\x00", "compressed"),
        (
            HEADER.replace("order_id", "Ordér_id").encode("latin-1"),
            "rename 'Ordér_id' to 'order_id'",
        ),
        (b"\n\n", "no column names"),
        ((HEADER + ",currency").encode(), "column currency stands there 2 times"),
    ],
)
def test_files_that_are_no_such_csv(lake: Lake, tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "orders.csv").write_bytes(content + b"\n1\n")
    assert said in refused(lake, tmp_path / "in")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_common_encoding_and_separator(
    lake: Lake, tmp_path: Path, encoding: str, separator: str
) -> None:
    (tmp_path / "in").mkdir()
    text = "\n".join([HEADER, line(customer_id="Zoë")]).replace(",", separator)
    name = "orders.csv" if separator in ",;" else "orders.txt"
    (tmp_path / "in" / name).write_bytes(text.encode(encoding))
    lake.ingest(tmp_path / "in")
    assert lake.read("orders")["customer_id"].tolist() == ["Zoë"]


def test_a_file_that_breaks_off_is_refused(lake: Lake, tmp_path: Path) -> None:
    source = write(tmp_path / "in", line())
    with (source / "orders.csv").open("ab") as file:
        file.write(line(order_id="2", customer_id="Zoë-Zoë-X").encode().replace(b"X", b"\xff"))
    with pytest.raises(RefusedError, match=r"orders.csv cannot be read to its end"):
        lake.ingest(source)
    assert lake.tables()["orders"].rows == 0


def test_lines_with_too_few_or_many_fields(lake: Lake, tmp_path: Path) -> None:
    rows = [line(), line(order_id="2") + ",more", "3,1", line(order_id="4", quantity="-1")]
    lake.max_bad_share = 0.8
    report = lake.ingest(write(tmp_path / "in", *rows, line(order_id="5")))
    places = {fault.reason: [found.row for found in fault.examples] for fault in report.faults}
    assert places == {"not above 0": [4], "more or fewer fields than the header": [2, 3]}
    orders = report.tables["orders"]
    assert (orders.read, orders.new, orders.quarantined) == (5, 2, 3)
    assert '{"line":"3,1"}' in lake.quarantine("orders")["record"].tolist()


def test_a_mark_at_the_start_quotes_and_line_ends(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    text = "\r\n".join([HEADER, line(customer_id='"c,1"'), line(order_id="2"), ""])
    (tmp_path / "in" / "orders.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert lake.ingest(tmp_path / "in").ok
    assert lake.read("orders")["customer_id"].tolist() == ["c,1", "c1"]
