"""Files of the lake prove themselves: what is not as it was written is not read."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from data.lake import DamagedFileError, Lake


def products(*names: str) -> pd.DataFrame:
    return pd.DataFrame({"product_id": list(names)})


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    lake.append("products", products("a", "b"))
    lake.append("warehouses", pd.DataFrame({"warehouse_id": ["w"], "country": ["DE"]}))
    return lake


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(bytes(content))


def swap(path: Path) -> None:
    """Another whole Parquet file of the same columns."""
    frame = pd.read_parquet(path)
    frame["product_id"] = ["c", "d"]
    frame.to_parquet(path)


DAMAGES = [truncate, alter, Path.unlink, lambda path: path.write_bytes(b""), swap]


@pytest.mark.parametrize(
    "damage", DAMAGES, ids=["truncated", "altered", "missing", "empty", "swap"]
)
def test_a_damaged_file_is_named_with_its_remedy_and_not_read(
    lake: Lake, damage: Callable[[Path], None]
) -> None:
    (file,) = lake.files("products")
    damage(file)
    for lately in (lake, Lake(lake.folder)):
        for look in (lately.read, lately.files):
            with pytest.raises(DamagedFileError, match=r"products: .*argosy restore BACKUP"):
                look("products")
        with pytest.raises(DamagedFileError):  # nothing is built upon it either
            lately.append("products", products("e"))
        assert lately.read("warehouses")["warehouse_id"].tolist() == ["w"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"tables": {"products": {}}}'])
def test_a_damaged_manifest_is_told(lake: Lake, text: str) -> None:
    (lake.folder / "manifest.json").write_text(text)
    with pytest.raises(DamagedFileError, match=r"manifest\.json cannot be read"):
        lake.read("products")


def test_a_lake_of_before_digests_is_read_and_gets_them(lake: Lake) -> None:
    file = lake.folder / "manifest.json"
    content = json.loads(file.read_text())
    del content["digests"]
    file.write_text(json.dumps(content))
    assert len(lake.read("products")) == 2
    lake.append("products", products("c"))
    assert len(json.loads(file.read_text())["digests"]) == 3


def test_a_lake_may_lie_anywhere(lake: Lake, tmp_path: Path) -> None:
    moved = shutil.move(lake.folder, tmp_path / "elsewhere")
    assert len(Lake(Path(moved)).read("products")) == 2
