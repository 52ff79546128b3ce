"""Imports that are done again."""

from pathlib import Path

import pytest

from data.lake import Lake
from tests.data.sources import exports
from tests.data.sources.taking import take


@pytest.mark.parametrize("system", ["shopify", "erpnext"])
def test_the_same_again_changes_nothing(tmp_path: Path, system: str) -> None:
    exports.SYSTEMS[system](tmp_path / "in")
    lake = Lake(tmp_path / "lake")
    take(lake, tmp_path / "in", system)
    before = lake.version()
    take(lake, tmp_path / "in", system)
    assert lake.version() == before


def test_what_only_stands_in_never_replaces_what_is_known(tmp_path: Path) -> None:
    exports.shopify(tmp_path / "in")
    lake = Lake(tmp_path / "lake")
    take(lake, tmp_path / "in", "shopify")
    (tmp_path / "in" / "products_export_1.csv").unlink()
    take(lake, tmp_path / "in", "shopify")
    assert set(lake.read("products")["category"]) == {"Küche"}
