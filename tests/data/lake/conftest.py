"""Fixtures of the tests beside."""

from pathlib import Path

import pytest

from data.lake import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake that takes files with one bad row of two."""
    return Lake(tmp_path / "lake", max_bad_share=0.5)
