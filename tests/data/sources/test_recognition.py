"""Which system a file is of."""

from pathlib import Path

import pytest

from data.lake import Lake, StructureError
from data.sources.ingesting import ingest_source
from data.sources.locations import parse_address
from tests.data.sources import exports


def test_without_a_preset_the_right_one_is_named(tmp_path: Path) -> None:
    exports.amazon(tmp_path / "in")
    with pytest.raises(StructureError, match="--map amazon"):
        ingest_source(
            Lake(tmp_path / "lake"),
            parse_address(str(tmp_path / "in")),
            mapping=None,
            values={},
            base_currency="EUR",
        )
