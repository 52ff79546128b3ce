"""Small data for the tests beside."""

from pathlib import Path

from data.lake import Lake
from data.sources.ingesting import SourceReport, ingest_source
from data.sources.locations import parse_address


def take(lake: Lake, folder: Path, mapping: str, **values: str) -> SourceReport:
    return ingest_source(
        lake,
        parse_address(str(folder)),
        mapping=mapping,
        values=values,
        base_currency="EUR",
    )
