"""Bad input: every fault at once, each with place, value and remedy; nothing half done."""

import math
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.lake import Lake, RefusedError, StructureError

HEADER = (
    "order_id,line_no,ordered_at,customer_id,product_id,warehouse_id,quantity,unit_price,currency"
)
GOOD = ("1", "1", "2024-05-01T12:00:00Z", "c1", "p1", "w1", "2", "9.50", "EUR")
NAMES = HEADER.split(",")


def line(**changed: str) -> str:
    row = dict(zip(NAMES, GOOD, strict=True)) | changed
    return ",".join(row[name] for name in NAMES)


def write(folder: Path, *lines: str, name: str = "orders.csv", header: str = HEADER) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join([header, *lines]) + "\n")
    return folder


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake that takes files with one bad row of two."""
    return Lake(tmp_path / "lake", max_bad_share=0.5)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("ordered_at", "2024-05-01T12:00:00", "a time with no zone"),
        ("ordered_at", "2024-05-01", "a time with no zone"),
        ("ordered_at", "yesterday", "not a time"),
        ("ordered_at", "2024-13-01T12:00:00Z", "not a time"),
        ("ordered_at", "2199-01-01T00:00:00Z", "in the future"),
        ("ordered_at", "1066-10-14T09:00:00Z", "outside 1900 to 2261"),
        ("quantity", "-2", "not above 0"),
        ("quantity", "0", "not above 0"),
        ("quantity", "two", "not a number"),
        ("quantity", "nan", "not a number"),
        ("quantity", "inf", "not a number"),
        ("quantity", '"2,5"', "a decimal comma"),
        ("quantity", "", "missing"),
        ("unit_price", "-0.01", "below 0"),
        ("currency", "EUX", "an unknown currency"),
        ("currency", "€", "an unknown currency"),
        ("line_no", "1.5", "not a whole number from 0"),
        ("line_no", "-1", "not a whole number from 0"),
        ("customer_id", "", "missing"),
        ("customer_id", "  ", "missing"),
        ("customer_id", "c" * 129, "an id longer than 128 characters"),
        ("customer_id", "c\x07", "an id with control characters"),
    ],
)
def test_a_bad_value_is_told_with_its_place(
    lake: Lake, tmp_path: Path, column: str, value: str, said: str
) -> None:
    source = write(tmp_path / "in", line(), line(order_id="2", **{column: value}))
    report = lake.ingest(source)
    assert not report.ok
    (fault,) = report.faults
    assert (fault.table, fault.file, fault.column) == ("orders", "orders.csv", column)
    assert fault.reason == said
    assert fault.remedy
    assert fault.examples[0].row == 2
    assert fault.examples[0].value.startswith(value.strip('"')[:20])
    assert lake.read("orders")["order_id"].tolist() == ["1"]
    assert lake.tables()["orders"].quarantined == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("ordered_at", "2024-05-01T14:00:00+02:00"),
        ("ordered_at", "2024-05-01 12:00:00Z"),
        ("ordered_at", "2024-05-01T12:00:00.123456789Z"),
        ("currency", "eur"),
        ("quantity", "0.001"),
        ("unit_price", "0"),
        ("unit_price", "1e3"),
        ("line_no", "0"),
        ("line_no", "2.0"),
        ("customer_id", "c" * 128),
        ("customer_id", "客户-7"),
    ],
)
def test_unusual_but_good_values(lake: Lake, tmp_path: Path, column: str, value: str) -> None:
    assert lake.ingest(write(tmp_path / "in", line(**{column: value}))).ok


def test_all_faults_of_a_row_are_told_and_the_row_counts_once(lake: Lake, tmp_path: Path) -> None:
    bad = line(order_id="2", quantity="-1", currency="EUX", ordered_at="soon")
    report = lake.ingest(write(tmp_path / "in", line(), bad)).tables["orders"]
    assert {fault.column for fault in report.faults} == {"quantity", "currency", "ordered_at"}
    assert report.quarantined == 1


def test_the_quarantine_tells_what_and_why(lake: Lake, tmp_path: Path) -> None:
    source = write(tmp_path / "in", line(), line(order_id="2", quantity="-1"))
    for _ in range(2):  # the same file again does not double them
        lake.ingest(source)
    kept = lake.quarantine("orders")
    assert len(kept) == 1
    assert kept.loc[0, ["file", "row", "column", "value"]].tolist() == [
        "orders.csv",
        2,
        "quantity",
        "-1",
    ]
    assert '"order_id":"2"' in kept.loc[0, "record"]
    assert kept.loc[0, "remedy"].startswith("write a positive number")
    (file,) = (lake.folder / "quarantine" / "orders").glob("*.csv")
    file.unlink()  # settled
    assert lake.tables()["orders"].quarantined == 0
    assert lake.quarantine("orders").empty


def test_a_correction_comes_in_and_the_quarantine_stays(lake: Lake, tmp_path: Path) -> None:
    lake.ingest(write(tmp_path / "in", line(), line(order_id="2", quantity="-1")))
    report = lake.ingest(write(tmp_path / "in", line(), line(order_id="2", quantity="1")))
    assert report.ok
    assert len(lake.read("orders")) == 2
    assert lake.tables()["orders"].quarantined == 1


def test_too_many_bad_rows_refuse_the_whole_folder(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", max_bad_share=0.2)
    lake.ingest(write(tmp_path / "first", line()))
    version = lake.version()
    source = write(tmp_path / "in", line(quantity="-1"), line(order_id="2"), line(order_id="3"))
    write(source, "w1,DE", name="warehouses.csv", header="warehouse_id,country")
    with pytest.raises(RefusedError) as refused:
        lake.ingest(source)
    assert "1 of 3 rows of orders.csv are bad" in str(refused.value)
    assert "quantity: not above 0 (row 1: '-1')" in str(refused.value)
    assert refused.value.report.refused == ("orders",)
    assert lake.version() == version
    assert lake.tables()["warehouses"].rows == 0
    assert lake.tables()["orders"].quarantined == 0
    lake.max_bad_share = 0.34
    lake.ingest(source)
    assert lake.tables()["warehouses"].rows == 1


def test_append_never_refuses(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", max_bad_share=0.0)
    event = {"event_id": ["a", "b"], "occurred_at": pd.Timestamp("2024-05-01", tz="UTC")}
    report = lake.append(
        "events",
        pd.DataFrame({**event, "kind": ["view", "stare"], "product_id": "p", "visitor_id": "v"}),
    )
    assert (report.new, report.quarantined) == (1, 1)
    assert "write one of impression, click, view, cart" in str(report.faults[0])


# Keys -----------------------------------------------------------------------------------------


def test_equal_rows_of_one_file_count_once(lake: Lake, tmp_path: Path) -> None:
    report = lake.ingest(write(tmp_path / "in", line(), line(), line(order_id="2")))
    assert report.ok
    orders = report.tables["orders"]
    assert (orders.read, orders.new, orders.repeated) == (3, 2, 1)


def test_different_rows_with_one_key_are_both_faults(lake: Lake, tmp_path: Path) -> None:
    lake.ingest(write(tmp_path / "first", line(quantity="7")))
    rows = [line(order_id="2"), line(quantity="1"), line(order_id="3"), line(quantity="2")]
    report = lake.ingest(write(tmp_path / "in", *rows))
    (fault,) = report.faults
    assert fault.count == 2
    assert fault.column == "order_id + line_no"
    assert [(found.row, found.value) for found in fault.examples] == [
        (2, "1 1 (also in row 4)"),
        (4, "1 1 (also in row 2)"),
    ]
    frame = lake.read("orders").set_index("order_id")
    assert frame["quantity"].to_dict() == {"1": 7, "2": 2, "3": 2}  # the older row stays
    orders = report.tables["orders"]
    assert orders.read == orders.new + orders.quarantined == 4


# Files and folders ----------------------------------------------------------------------------


def refused(lake: Lake, source: Path) -> str:
    with pytest.raises(StructureError) as error:
        lake.ingest(source)
    assert not lake.folder.exists() or lake.version() == Lake(lake.folder / "none").version()
    return str(error.value)


def test_structural_faults_are_told_together(lake: Lake, tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "orders.csv").touch()
    (source / "products.csv").write_text("sku,title\n1,a\n")
    (source / "stock.parquet").write_text("not parquet")
    (source / "customers.csv").write_text("customer_id\nc1\n")
    (source / "customers.parquet").touch()
    (source / "events").mkdir()
    said = refused(lake, source).splitlines()
    assert len(said) == 5
    assert any("orders.csv: the file is empty" in text for text in said)
    assert any("products.csv: the required column product_id is missing" in text for text in said)
    assert any("stock.parquet: cannot be read" in text for text in said)
    assert any("both customers.csv and customers.parquet are here" in text for text in said)
    assert any("events/: no .csv, .xlsx or .parquet file inside" in text for text in said)


def test_all_missing_columns_are_told_with_a_hint(lake: Lake, tmp_path: Path) -> None:
    source = write(tmp_path / "in", "1,w", name="stock.csv", header="On_Hand,warehouse")
    said = refused(lake, source)
    assert "column observed_at is missing" in said
    assert "column on_hand is missing; rename 'On_Hand' to 'on_hand'" in said
    assert "column product_id is missing" in said


def test_events_need_somebody(lake: Lake, tmp_path: Path) -> None:
    header = "event_id,occurred_at,kind,product_id"
    row = "e1,2024-05-01T12:00:00Z,view,p1"
    source = write(tmp_path / "in", row, name="events.csv", header=header)
    assert "needs one of the columns visitor_id or customer_id" in refused(lake, source)
    rows = [f"{row},v1", row.replace("e1", "e2") + ","]
    write(tmp_path / "in", *rows, name="events.csv", header=f"{header},visitor_id")
    (fault,) = lake.ingest(tmp_path / "in").faults
    assert fault.reason == "neither visitor_id nor customer_id"
    assert fault.examples[0].row == 2


def test_a_promotion_ends_after_it_starts(lake: Lake, tmp_path: Path) -> None:
    header = "promotion_id,product_id,starts_on,ends_on"
    rows = ["1,p,2024-05-01,2024-05-01", "2,p,2024-05-02,2024-05-01"]
    source = write(tmp_path / "in", *rows, name="promotions.csv", header=header)
    (fault,) = lake.ingest(source).faults
    assert (fault.reason, fault.examples[0].row) == ("ends_on before starts_on", 2)


def test_a_folder_without_tables(lake: Lake, tmp_path: Path) -> None:
    assert "is not there" in refused(lake, tmp_path / "nowhere")
    (tmp_path / "in").mkdir()
    assert "holds no table. It is empty" in refused(lake, tmp_path / "in")
    (tmp_path / "in" / "order.csv").touch()
    assert "order.csv (did you mean orders?)" in refused(lake, tmp_path / "in")


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


@pytest.mark.parametrize("name", ["x_Größe", "x_A", 'x_a"b', "x_"])
def test_own_signals_need_plain_names(lake: Lake, tmp_path: Path, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    header = f"payment_id,attempted_at,customer_id,amount,currency,{quoted}"
    source = write(tmp_path / "in", "1", name="payments.csv", header=header)
    assert "rename it" in refused(lake, source)


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


def test_an_empty_table_is_no_fault(lake: Lake, tmp_path: Path) -> None:
    report = lake.ingest(write(tmp_path / "in"))
    assert report.ok
    assert report.tables["orders"].read == 0


# Parquet types --------------------------------------------------------------------------------


def products(**columns: pa.Array) -> pa.Table:
    return pa.table(columns)


def ingest_products(lake: Lake, tmp_path: Path, table: pa.Table) -> None:
    (tmp_path / "in").mkdir(exist_ok=True)
    pq.write_table(table, tmp_path / "in" / "products.parquet")
    lake.ingest(tmp_path / "in")


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([7, 8], pa.int32()),
        pa.array([7, 8], pa.uint64()),
        pa.array([7.0, 8.0]),
        pa.array(["7", "8"]).dictionary_encode(),
        pa.array(["7", "8"], pa.large_string()),
        pa.array([b"7", b"8"]),
    ],
    ids=lambda ids: str(ids.type),
)
def test_ids_become_text(lake: Lake, tmp_path: Path, ids: pa.Array) -> None:
    ingest_products(lake, tmp_path, products(product_id=ids))
    assert lake.read("products")["product_id"].tolist() == ["7", "8"]


def test_columns_of_other_types(lake: Lake, tmp_path: Path) -> None:
    import decimal

    ingest_products(
        lake,
        tmp_path,
        products(
            product_id=pa.array(["a", "b"]),
            price=pa.array([decimal.Decimal("1.25"), None]),
            weight_kg=pa.array([1, math.nan]),
            launched_on=pa.array([datetime(2024, 5, 1, 7), None], pa.timestamp("ns")),  # noqa: DTZ001
            discontinued_on=pa.array([date(2024, 5, 1), None]),
            hs_code=pa.array([1234, None]),
        ),
    )
    row, empty = lake.read("products").to_dict("records")
    assert (row["price"], row["weight_kg"], row["hs_code"]) == (1.25, 1, "1234")
    assert row["launched_on"] == row["discontinued_on"] == datetime(2024, 5, 1, tzinfo=UTC)
    assert empty["hs_code"] is None
    assert math.isnan(empty["weight_kg"])


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("product_id", pa.array([7.5, 8.0]), "a broken number is no id"),
        ("price", pa.array([math.inf, 1.0]), "not a finite number"),
        ("price", pa.array([[1.0], None]), "not a number"),
        ("title", pa.array([b"\xff", None]), "not text"),
        ("launched_on", pa.array([20240501, None]), "not a date"),
        ("launched_on", pa.array(["9999-12-31", None]), "not a date between 1900 and 2261"),
        ("discontinued_on", pa.array([datetime(9999, 1, 1), None]), "outside 1900 to 2261"),  # noqa: DTZ001
    ],
)
def test_values_a_type_cannot_save(
    lake: Lake, tmp_path: Path, column: str, values: pa.Array, said: str
) -> None:
    columns = {"product_id": pa.array(["a", "b"])} | {column: values}
    ingest_products(lake, tmp_path, products(**columns))
    assert len(lake.read("products")) == 1
    assert lake.quarantine("products")["reason"].tolist() == [said]


def test_local_times_in_parquet_have_no_zone(lake: Lake) -> None:
    stock = {"observed_at": [datetime(2024, 5, 1)], "warehouse_id": ["w"], "product_id": ["p"]}  # noqa: DTZ001
    report = lake.append("stock", pd.DataFrame({**stock, "on_hand": [1]}))
    assert report.faults[0].reason == "a time with no zone"


def test_plans_may_lie_in_the_future_but_facts_not(lake: Lake) -> None:
    soon = pd.Timestamp(datetime.now(UTC) + timedelta(days=30))
    purchase = {
        "po_id": ["1"],
        "line_no": [1],
        "warehouse_id": ["w"],
        "product_id": ["p"],
        "supplier_id": ["s"],
        "ordered_at": [pd.Timestamp("2024-05-01", tz="UTC")],
        "quantity": [1],
        "expected_at": [soon],
    }
    assert lake.append("purchase_orders", pd.DataFrame(purchase)).new == 1
    late = pd.DataFrame({**purchase, "received_at": [soon]})
    (fault,) = lake.append("purchase_orders", late).faults
    assert (fault.column, fault.reason) == ("received_at", "in the future")


@pytest.mark.parametrize("answer", ["true", "FALSE", "1", "0", "Yes", "maybe"])
def test_flags(lake: Lake, answer: str) -> None:
    label = {"payment_id": ["p"], "reported_at": [pd.Timestamp("2024-05-01", tz="UTC")]}
    report = lake.append("chargebacks", pd.DataFrame({**label, "is_fraud": [answer]}))
    if answer == "maybe":
        assert report.faults[0].reason == "neither true nor false"
    else:
        assert lake.read("chargebacks")["is_fraud"].tolist() == [answer in {"true", "1", "Yes"}]


def test_columns_of_mixed_values_are_read_as_text(lake: Lake) -> None:
    products = pd.DataFrame({"product_id": [7, "b", "c"], "price": [1, "2.5", "x"]})
    report = lake.append("products", products)
    assert lake.read("products")["product_id"].tolist() == ["7", "b"]
    assert report.faults[0].examples[0].row == 3


# Size -----------------------------------------------------------------------------------------


def test_a_wrong_type_in_row_one_million_is_found(lake: Lake, tmp_path: Path) -> None:
    rows = [f"p{number},{number % 50}.5" for number in range(1, 1_000_101)]
    rows[999_999] = "p1000000,cheap"
    source = write(tmp_path / "in", *rows, name="products.csv", header="product_id,price")
    start = time.perf_counter()
    report = lake.ingest(source)
    seconds = time.perf_counter() - start
    (fault,) = report.faults
    assert str(fault) == (
        "products.csv: price: not a number (row 1000000: 'cheap'); write a number such as 12.50"
    )
    assert report.tables["products"].new == 1_000_099
    assert seconds < 30


def test_one_key_on_every_row_is_told_in_no_time(lake: Lake, tmp_path: Path) -> None:
    rows = [f"same,{number}" for number in range(30_000)]
    source = write(tmp_path / "in", *rows, name="products.csv", header="product_id,price")
    start = time.perf_counter()
    with pytest.raises(RefusedError, match=r"different rows with one key .* and 29997 more"):
        lake.ingest(source)
    assert time.perf_counter() - start < 15


def test_what_a_shop_does_not_have_is_told_how_to_write(lake: Lake, tmp_path: Path) -> None:
    """Shops with one warehouse, and guests: the newcomer's first two refusals."""
    told = "order_id,line_no,ordered_at,customer_id,product_id,quantity,unit_price,currency\n"
    source = tmp_path / "in"
    source.mkdir()
    (source / "orders.csv").write_text(told + "o,1,2024-05-01T10:00:00Z,,p,1,2.5,EUR\n")
    with pytest.raises(StructureError, match=r"warehouse_id is missing.* such as main, in"):
        lake.ingest(source)
    whole = told.replace("product_id", "product_id,warehouse_id")
    (source / "orders.csv").write_text(whole + "o,1,2024-05-01T10:00:00Z,,p,main,1,2.5,EUR\n")
    with pytest.raises(RefusedError, match="a guest gets an id of the order's own") as refusal:
        lake.ingest(source)
    assert "ARGOSY_MAX_BAD_SHARE" in str(refusal.value)
