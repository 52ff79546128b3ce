"""Marks come back as what they were."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from data.lake import Lake
from data.sources.locations import SourceError
from data.sources.watermarks import Watermarks


@pytest.mark.parametrize(
    "mark", [7, 1.5, "b7", date(2024, 5, 1), datetime(2024, 5, 1, 10, tzinfo=UTC)]
)
def test_a_mark_is_kept_as_it_was(tmp_path: Path, mark: object) -> None:
    marks = Watermarks(Lake(tmp_path))
    assert marks.last("a") is None
    marks.keep({"a": mark, "b": None})
    assert marks.last("a") == mark
    assert marks.last("b") is None
    marks.keep({"c": 1})
    assert marks.last("a") == mark


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "watermarks.json").write_text("{")
    with pytest.raises(SourceError, match="remove it"):
        Watermarks(Lake(tmp_path)).last("a")
