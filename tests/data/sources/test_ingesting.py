"""A source into the lake, or only looked at."""

from pathlib import Path

from data.lake import Lake
from data.sources.ingesting import ingest_source
from data.sources.locations import parse_address
from tests.data.sources import exports


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    exports.odoo(tmp_path / "in")
    lake = Lake(tmp_path / "lake")
    report = ingest_source(
        lake,
        parse_address(str(tmp_path / "in")),
        mapping="odoo",
        values={},
        base_currency="EUR",
        dry_run=True,
    )
    assert report.ingest.tables["orders"].new == 12
    assert lake.tables()["orders"].rows == 0
