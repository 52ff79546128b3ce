"""What a source does not say is told."""

from pathlib import Path

import pytest

from data.lake import Lake
from tests.data.sources import exports
from tests.data.sources.taking import take


def test_what_was_taken_instead_is_told_with_the_remedy(tmp_path: Path) -> None:
    exports.magento(tmp_path / "in")
    report = take(Lake(tmp_path / "lake"), tmp_path / "in", "magento", country="DE")
    (told,) = [text for text in report.assumed if "times without a zone" in text][:1]
    assert "taken as UTC (say --set time_zone=Europe/Berlin" in told


@pytest.mark.parametrize(("header", "hint"), [("Phase", ""), ("Stutus", "; is it 'Stutus'?")])
def test_states_that_no_column_says_are_told(tmp_path: Path, header: str, hint: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "orders.csv").write_text(
        f"Order Reference,Order Date,Customer,Product,Quantity,Unit Price,{header}\n"
        "S1,2024-05-01 10:00:00,Anna,Lamp,2,12.5,Peruttu\n"
    )
    report = take(Lake(tmp_path / "lake"), folder, "odoo", country="DE")
    told = f"orders.status is placed in all of orders.csv: it has no column Status{hint}"
    assert told in report.assumed


def test_a_state_that_a_column_says_is_not_told(tmp_path: Path) -> None:
    for name, write in exports.SYSTEMS.items():
        write(tmp_path / name)
        report = take(Lake(tmp_path / "lake" / name), tmp_path / name, name, country="DE")
        assert not any("in all of" in text for text in report.assumed), name


def test_of_columns_of_one_name_the_first_is_read_and_told(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "orders.csv").write_text(
        "Order Reference,Order Date,Customer,Product,Quantity,Unit Price,State,Quantity,Note,Note\n"
        "S1,2024-05-01 10:00:00,Anna,Lamp,2,12.5,sale,9,a,b\n"
    )
    lake = Lake(tmp_path / "lake")
    report = take(lake, folder, "odoo", country="DE")
    assert lake.read("orders")["quantity"].tolist() == [2]
    (told,) = [text for text in report.assumed if "several columns" in text]
    assert told == "orders.csv has several columns 'Quantity': the first is read"
