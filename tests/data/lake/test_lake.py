"""The lake: what goes in comes out, by key, as of any time, and once."""

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

from data.lake import Lake, LakeError, UnknownTableError
from data.tables import TABLES
from tests.data.lake.small_tables import MAY, orders


def folder(path: Path, **tables: pd.DataFrame) -> Path:
    """A folder with one Parquet file a table."""
    path.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.to_parquet(path / f"{name}.parquet")
    return path


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def test_an_absent_table_reads_as_an_empty_one_with_all_columns(lake: Lake) -> None:
    for name, table in TABLES.items():
        frame = lake.read(name)
        assert list(frame.columns) == list(table.names)
        assert frame.empty
    dtypes = lake.read("payments").dtypes.astype(str).to_dict()
    assert dtypes["payment_id"] == "object"
    assert dtypes["attempted_at"] == "datetime64[ns, UTC]"
    assert dtypes["amount"] == "float64"
    assert dtypes["address_match"] == "boolean"
    assert lake.read("orders").dtypes["line_no"] == "int64"
    assert lake.clock() is None
    assert lake.tables()["orders"].rows == 0


def test_types_are_the_same_with_rows_and_without(lake: Lake) -> None:
    empty = {name: lake.read(name).dtypes for name in TABLES}
    lake.append("orders", orders(("1", 1)))
    payment = {"payment_id": ["a"], "attempted_at": [MAY], "customer_id": ["c"]}
    lake.append("payments", pd.DataFrame({**payment, "amount": [1], "currency": ["EUR"]}))
    for name in ("orders", "payments"):
        assert lake.read(name).dtypes.equals(empty[name])


def test_what_goes_in_comes_out_the_same_from_csv_and_parquet(tmp_path: Path) -> None:
    frame = orders(("2", 1), ("1", 2), ("1", 1)).assign(discount=[0.1, None, 0.3], market="DE")
    source = folder(tmp_path / "parquet", orders=frame)
    (tmp_path / "csv").mkdir()
    frame.assign(ordered_at="2024-05-01T02:00:00+02:00").to_csv(
        tmp_path / "csv" / "orders.csv", index=False
    )
    read = []
    for place in (source, tmp_path / "csv"):
        lake = Lake(tmp_path / f"lake of {place.name}")
        report = lake.ingest(place)
        assert report.ok
        assert report.tables["orders"].new == 3
        read.append(lake.read("orders"))
    assert_frame_equal(*read)
    assert read[0]["order_id"].tolist() == ["1", "1", "2"]
    assert read[0]["line_no"].tolist() == [1, 2, 1]
    assert read[0]["discount"].tolist() == [0.3, 0.0, 0.1]
    assert read[0]["ordered_at"].tolist() == [pd.Timestamp(MAY)] * 3


def test_the_same_folder_twice_changes_nothing(lake: Lake, tmp_path: Path) -> None:
    source = folder(tmp_path / "in", orders=orders(("1", 1), ("2", 1)))
    lake.ingest(source)
    before = {path: path.stat().st_mtime_ns for path in lake.folder.rglob("*") if path.is_file()}
    version = lake.version()
    report = lake.ingest(source).tables["orders"]
    assert (report.new, report.replaced, report.unchanged, report.rows) == (0, 0, 2, 2)
    assert lake.version() == version
    after = {path: path.stat().st_mtime_ns for path in lake.folder.rglob("*") if path.is_file()}
    del before[lake.folder / ".lock"], after[lake.folder / ".lock"]
    assert after == before


def test_files_of_a_table_folder_are_taken_in_name_order(lake: Lake, tmp_path: Path) -> None:
    for part, price in (("2024-05-02", 7.0), ("2024-05-01", 5.0)):
        place = tmp_path / "in" / "orders"
        place.mkdir(parents=True, exist_ok=True)
        orders(("1", 1), (part, 1), price=price).to_parquet(place / f"{part}.parquet")
    report = lake.ingest(tmp_path / "in").tables["orders"]
    assert (report.read, report.new, report.repeated) == (4, 3, 1)
    frame = lake.read("orders").set_index("order_id")
    assert frame.loc["1", "unit_price"] == 7.0


def test_all_tables_of_a_folder_come_in_together(lake: Lake, tmp_path: Path) -> None:
    rates = pd.DataFrame({"rate_date": ["2024-05-01"], "currency": ["USD"], "rate": [0.9]})
    heard: list[tuple[str, float]] = []
    report = lake.ingest(
        folder(tmp_path / "in", orders=orders(("1", 1)), fx_rates=rates),
        progress=lambda table, share: heard.append((table, share)),
    )
    assert set(report.tables) == {"orders", "fx_rates"}
    assert heard == [("orders", 1.0), ("fx_rates", 1.0)]
    status = lake.tables()
    assert (status["orders"].rows, status["fx_rates"].rows, status["stock"].rows) == (1, 1, 0)
    assert status["orders"].newest == MAY
    assert status["orders"].ingested_at is not None
    assert status["stock"].ingested_at is None


def test_extra_columns_and_files_are_ignored_and_reported(lake: Lake, tmp_path: Path) -> None:
    source = folder(tmp_path / "in", orders=orders(("1", 1)).assign(colour="red", x_size=1))
    (source / "notes.txt").write_text("hello")
    (source / "custmers.csv").write_text("customer_id\nc1\n")
    report = lake.ingest(source)
    assert report.ok
    assert report.tables["orders"].ignored_columns == ("colour", "x_size")
    assert report.ignored == ("custmers.csv (did you mean customers?)", "notes.txt")
    assert "colour" not in lake.read("orders")


def test_texts_may_stay_arrows(lake: Lake) -> None:
    lake.append("products", pd.DataFrame({"product_id": ["p1", "p2"], "title": ["tea", None]}))
    plain, arrow = lake.read("products"), lake.read("products", arrow_text=True)
    assert arrow.dtypes["title"] == pd.ArrowDtype(pa.string())
    assert arrow.dtypes["price"] == "float64"
    back = {name: arrow[name].to_numpy(dtype=object, na_value=None) for name in ("title", "brand")}
    assert_frame_equal(arrow.assign(**back)[["title", "brand"]], plain[["title", "brand"]])


def test_reading_some_columns(lake: Lake) -> None:
    lake.append("orders", orders(("2", 1)))
    lake.append("orders", orders(("1", 1)))
    frame = lake.read("orders", columns=["unit_price", "order_id"])
    assert list(frame.columns) == ["unit_price", "order_id"]
    assert frame["order_id"].tolist() == ["1", "2"]
    with pytest.raises(LakeError, match="orders has no column colour"):
        lake.read("orders", columns=["colour"])


def test_reading_some_rows(lake: Lake) -> None:
    lake.append("orders", orders(("1", 1), ("2", 1), ("3", 1)))
    lake.append("orders", orders(("2", 2), ("4", 1), day=1))

    def asked(*names: str, as_of: datetime | None = None) -> list[str]:
        found = lake.read("orders", columns=["line_no"], as_of=as_of, where={"order_id": names})
        return [f"{line:g}" for line in found["line_no"]]

    assert asked("2") == ["1", "2"]
    assert asked("1", "4", "9") == ["1", "1"]
    assert asked("2", as_of=MAY) == ["1"]
    assert asked() == []
    with pytest.raises(LakeError, match="orders has no column colour"):
        lake.read("orders", where={"colour": ["red"]})


def test_unknown_tables_are_named(lake: Lake) -> None:
    with pytest.raises(UnknownTableError, match="no table 'order'; there are products"):
        lake.read("order")
    with pytest.raises(UnknownTableError):
        lake.append("order", pd.DataFrame())


def test_rows_not_known_yet_are_hidden(lake: Lake) -> None:
    lake.append("orders", orders(("1", 1)))
    lake.append("orders", orders(("2", 1), day=1))
    just_before = MAY + timedelta(days=1, microseconds=-1)
    assert lake.read("orders", as_of=just_before)["order_id"].tolist() == ["1"]
    assert len(lake.read("orders", as_of=MAY + timedelta(days=1))) == 2
    assert lake.read("orders", as_of=pd.Timestamp(just_before), columns=["order_id"]).size == 1
    with pytest.raises(LakeError, match="no zone"):
        lake.read("orders", as_of=datetime(2024, 5, 1))  # noqa: DTZ001


def test_a_row_without_its_time_was_known_from_the_start(lake: Lake) -> None:
    customers = {"customer_id": ["a", "b"], "signed_up_at": [None, pd.Timestamp(MAY)]}
    lake.append("customers", pd.DataFrame(customers))
    found = lake.read("customers", as_of=MAY - timedelta(days=1))
    assert found["customer_id"].tolist() == ["a"]


def test_what_became_known_later_is_empty_before(lake: Lake) -> None:
    received = MAY + timedelta(days=10)
    purchase = pd.DataFrame(
        {
            "po_id": ["1"],
            "line_no": [1],
            "warehouse_id": ["w1"],
            "product_id": ["p1"],
            "supplier_id": ["s1"],
            "ordered_at": [pd.Timestamp(MAY)],
            "quantity": [5],
            "expected_at": [pd.Timestamp(received)],
            "received_at": [pd.Timestamp(received)],
            "received_quantity": [4],
        }
    )
    lake.append("purchase_orders", purchase)
    before = lake.read("purchase_orders", as_of=received - timedelta(seconds=1)).iloc[0]
    assert pd.isna(before["received_at"])
    assert pd.isna(before["received_quantity"])
    assert before["expected_at"] == received
    only = lake.read("purchase_orders", as_of=MAY, columns=["received_quantity"])
    assert only["received_quantity"].isna().all()
    after = lake.read("purchase_orders", as_of=received).iloc[0]
    assert (after["received_at"], after["received_quantity"]) == (received, 4)


def test_an_order_without_market_is_of_its_warehouse_s_country(lake: Lake) -> None:
    lake.append("warehouses", pd.DataFrame({"warehouse_id": ["w1"], "country": ["FR"]}))
    lines = orders(("1", 1), ("2", 1), ("3", 1)).assign(
        market=[None, "DE", None], warehouse_id=["w1", "w1", "unknown"]
    )
    lake.append("orders", lines)
    assert lake.read("orders")["market"].tolist() == ["FR", "DE", None]
    assert lake.read("orders", columns=["market"])["market"].tolist() == ["FR", "DE", None]


def test_defaults(lake: Lake) -> None:
    lake.append("orders", orders(("1", 1), ("2", 1)).assign(status=[None, "cancelled"]))
    frame = lake.read("orders")
    assert frame["status"].tolist() == ["placed", "cancelled"]
    assert frame["discount"].tolist() == [0.0, 0.0]
    terms = {"warehouse_id": ["w"], "product_id": ["p"], "supplier_id": ["s"]}
    lake.append("supply_terms", pd.DataFrame({**terms, "lead_time_days": [14]}))
    row = lake.read("supply_terms", as_of=MAY).iloc[0]
    assert row["valid_from"] == pd.Timestamp("1970-01-01", tz="UTC")
    assert row[["pack_size", "min_order_quantity", "lead_time_sd"]].tolist() == [1, 0, 0]
    assert row["freight_per_unit"] == 0
    # What a supplier or a tariff may say instead stays unknown.
    assert row[["unit_cost", "duty_rate", "review_period_days"]].isna().all()


def payments(name: str, **signals: object) -> pd.DataFrame:
    base = {"payment_id": [name], "attempted_at": [MAY], "customer_id": ["c"], "amount": [1.0]}
    return pd.DataFrame({**base, "currency": ["EUR"], **{k: [v] for k, v in signals.items()}})


def test_own_signals_of_payments_are_kept_as_found(lake: Lake) -> None:
    lake.append("payments", payments("a", x_score=3, x_shop="A7", x_bot=True, other=1))
    lake.append("payments", payments("b", x_score=0.5, x_new="z"))
    frame = lake.read("payments")
    kept = [name for name in frame if name.startswith("x_")]
    assert kept == ["x_bot", "x_new", "x_score", "x_shop"]
    assert frame["x_score"].tolist() == [3.0, 0.5]
    assert frame["x_shop"].tolist() == ["A7", None]
    assert frame["x_new"].tolist() == [None, "z"]
    assert frame["x_bot"].tolist()[0] == 1.0
    assert lake.append("payments", payments("a", x_score=3, x_shop="A7", x_bot=True)).unchanged == 1


def test_a_signal_keeps_its_kind(lake: Lake) -> None:
    lake.append("payments", payments("a", x_score=3, x_shop="A7"))
    report = lake.append("payments", payments("b", x_score="high"))
    assert (report.new, report.quarantined) == (0, 1)
    assert "x_score: not a number (row 1: 'high')" in str(report.faults[0])
    lake.append("payments", payments("c", x_shop=7))
    assert lake.read("payments")["x_shop"].tolist() == ["A7", "7"]


def test_a_signal_without_values_yet_is_left_out(lake: Lake) -> None:
    lake.append("payments", payments("a", x_score=None))
    assert "x_score" not in lake.read("payments")
    lake.append("payments", payments("b", x_score="high"))
    assert lake.read("payments")["x_score"].tolist() == [None, "high"]


def test_terms_of_supply_are_plans_and_no_news(lake: Lake, tmp_path: Path) -> None:
    terms = {"warehouse_id": ["w1"], "product_id": "p1", "supplier_id": "s1", "lead_time_days": 7.0}
    lake.ingest(folder(tmp_path / "in", supply_terms=pd.DataFrame(terms)))
    assert lake.tables()["supply_terms"].newest is None
    later = pd.DataFrame({**terms, "valid_from": "2024-05-01"})
    lake.ingest(folder(tmp_path / "again", supply_terms=later))
    assert lake.tables()["supply_terms"].newest is None
