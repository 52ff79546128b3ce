"""What the lake raises when nothing was put in."""

from pathlib import Path

import pandas as pd
import pytest

from data.lake import Lake, RefusedError, StructureError
from tests.data.lake.order_files import line, write


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
