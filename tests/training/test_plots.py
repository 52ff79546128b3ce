"""Pictures are drawn as PNG, whatever the titles hold."""

from pathlib import Path

import pytest

from training.plots import comparison, drawing, line

PNG = b"\x89PNG"


def test_bars_and_lines_are_written(tmp_path: Path) -> None:
    comparison(tmp_path / "bars.png", "Loss", {"ours": 1.0, "naive": 2.0}, ours="ours")
    line(tmp_path / "line.png", "Recall", [1, 2], {"recall": [0.1, 0.2]})
    for name in ("bars.png", "line.png"):
        assert (tmp_path / name).read_bytes().startswith(PNG)


def test_ours_stands_out(tmp_path: Path) -> None:
    with drawing(tmp_path / "one.png", "日本 🫖") as axes:
        axes.bar(["a"], [1.0])
        assert axes.get_title(loc="left") == "日本 🫖"
    assert (tmp_path / "one.png").read_bytes().startswith(PNG)


def test_a_picture_that_fails_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(KeyError), drawing(tmp_path / "one.png", "x"):
        raise KeyError("column")
    assert not (tmp_path / "one.png").exists()
