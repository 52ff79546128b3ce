"""A release as a folder: whole, unchanged, and of a format that can be read."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import pandas as pd
import pytest

from data.views import fingerprint
from models.base import Release
from models.release import BrokenReleaseError, check_files, name_of, read, seal, write

FEATURES = {"x": "float", "xs": "float[]"}


class Twice:
    """Doubles what it is shown."""

    def fit(self, frame: pd.DataFrame) -> Self:
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"answer": frame["x"] * 2})

    def save(self, folder: Path) -> None:
        (folder / "note").write_text("twice")

    @classmethod
    def load(cls, folder: Path) -> Self:
        assert (folder / "note").read_text() == "twice"
        return cls()


MODELS = {"Twice": Twice}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sample = pd.DataFrame({"x": [1.0, 2.0], "xs": [[1.0], None]})
    release = Release(
        use_case="fraud",
        version="",
        model=Twice(),
        features=FEATURES,
        contract=fingerprint(FEATURES),
        cut_off=datetime(2024, 1, 1, tzinfo=UTC),
        metrics={"loss": 0.5},
        policy={"a": 1.0},
        sample=sample,
        expected=Twice().predict(sample),
        headline="loss",
        better="lower",
    )
    write(release, tmp_path, MODELS)
    return tmp_path


def opened(folder: Path) -> Release:
    return read(folder, "3", {"fraud": lambda: MODELS})


def test_what_was_written_is_read_again_lists_as_lists(folder: Path) -> None:
    check_files(folder, seal(folder))
    found = opened(folder)
    found.trial()
    assert (found.version, found.metrics, found.better) == ("3", {"loss": 0.5}, "lower")
    assert found.sample["xs"].tolist() == [[1.0], None]
    assert list(found.features) == list(FEATURES)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda f: (f / "model" / "note").write_text("thrice"), "model/note changed"),
        (lambda f: (f / "sample.parquet").unlink(), "sample.parquet is missing"),
        (lambda f: (f / "model" / "extra").touch(), "model/extra changed"),
        (lambda f: (f / "manifest.json").unlink(), "has no manifest.json"),
        (lambda f: (f / "manifest.json").write_text("{"), "manifest.json cannot be read"),
    ],
)
def test_a_file_that_is_not_as_it_was_is_named(
    folder: Path, damage: Callable[[Path], object], said: str
) -> None:
    damage(folder)
    with pytest.raises(BrokenReleaseError, match=said):
        check_files(folder)


def test_a_manifest_made_anew_does_not_fit_its_seal(folder: Path) -> None:
    sealed = seal(folder)
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(BrokenReleaseError, match=r"manifest\.json changed"):
        check_files(folder, sealed)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": 1}, "format 1, this version of Argosy reads format"),
        ({"model": "Thrice"}, "'Thrice', which MODELS of models/fraud does not have"),
        ({"contract": "0"}, "do not fit their contract hash"),
        ({"cut_off": "yesterday"}, "cannot be read"),
    ],
)
def test_what_cannot_be_served_is_told(folder: Path, changes: dict[str, object], said: str) -> None:
    description = json.loads((folder / "release.json").read_text())
    (folder / "release.json").write_text(json.dumps(description | changes))
    with pytest.raises(BrokenReleaseError, match=said):
        opened(folder)


def test_a_model_that_could_not_be_loaded_again_is_not_written() -> None:
    with pytest.raises(BrokenReleaseError, match="put it there"):
        name_of(Twice(), {}, "fraud")
