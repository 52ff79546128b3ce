"""Which system a file is of."""

import sys
from pathlib import Path

import exports
import pytest

from data.lake import Lake, StructureError
from data.sources.ingesting import ingest_source
from data.sources.locations import parse_address

sys.path.insert(0, str(Path(__file__).parent))


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
