"""A release as a folder: release.json, model/, sample.parquet, expected.parquet."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data.views import fingerprint
from models.base import Model, ModelError, Release

Models = Mapping[str, type[Model]]

# Of the folder and of what models keep in it; raised whenever older ones cannot be read as meant.
FORMAT = 3

_DESCRIPTION, _MANIFEST = "release.json", "manifest.json"


class BrokenReleaseError(ModelError):
    """A release folder does not hold what it should."""


def write(release: Release, folder: Path, models: Models) -> None:
    """Write a release to an existing, empty folder. Its version is the registry's to give.

    models: the use case's model classes by name.
    """
    description = {
        "format": FORMAT,
        "use_case": release.use_case,
        "model": name_of(release.model, models, release.use_case),
        "features": dict(release.features),
        "contract": release.contract,
        "cut_off": release.cut_off.isoformat(),
        "metrics": dict(release.metrics),
        "policy": dict(release.policy),
        "headline": release.headline,
        "better": release.better,
    }
    (folder / _DESCRIPTION).write_text(json.dumps(description, indent=1))
    (folder / "model").mkdir()
    release.model.save(folder / "model")
    release.sample.to_parquet(folder / "sample.parquet", engine="pyarrow")
    release.expected.to_parquet(folder / "expected.parquet", engine="pyarrow")
    (folder / _MANIFEST).write_text(json.dumps(_digests(folder), indent=1))


def read(folder: Path, version: str, models_of: Mapping[str, Callable[[], Models]]) -> Release:
    """Read what `write` wrote; `models_of` gives a use case's MODELS when called.

    Raises BrokenReleaseError for a missing or damaged file, an unknown model, a changed contract.

    folder: the folder.

    version: the version it is registered as.
    """
    if not (folder / _DESCRIPTION).is_file():
        raise BrokenReleaseError(f"{folder} has no {_DESCRIPTION}")
    try:
        return _read(folder, version, models_of)
    except BrokenReleaseError:
        raise
    except Exception as error:  # any library's complaint about its own damaged file
        raise BrokenReleaseError(f"{folder} cannot be read: {error!r}") from error


def seal(folder: Path) -> str:
    """SHA-256 of a written release's manifest: it changes when any file of the release does."""
    return _digest(folder / _MANIFEST)


def check_files(folder: Path, sealed: str | None = None) -> None:
    """Raise BrokenReleaseError unless every file is as it was written; none is parsed for it.

    folder: of the release; sealed: what `seal` gave when it was registered, None where only the
    folder's own manifest is there to compare with.
    """
    manifest = folder / _MANIFEST
    if not manifest.is_file():
        raise BrokenReleaseError(f"{folder} has no {_MANIFEST}")
    if sealed is not None and seal(folder) != sealed:
        raise BrokenReleaseError(f"{_MANIFEST} changed since the release was registered")
    try:
        wanted: Mapping[str, str] = json.loads(manifest.read_text())
    except ValueError as error:
        raise BrokenReleaseError(f"{_MANIFEST} cannot be read") from error
    found = _digests(folder)
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            raise BrokenReleaseError(f"{name} is missing")
        if wanted.get(name) != found[name]:
            raise BrokenReleaseError(f"{name} changed since the release was registered")


def _digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a release but the manifest, by its path in the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: _digest(path) for name, path in names.items() if name != _MANIFEST}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def name_of(model: Model, models: Models, use_case: str) -> str:
    """The name under which a model's class stands in its use case's MODELS.

    models: the use case's model classes by name; use_case: a name of USE_CASES.
    """
    for name, kind in models.items():
        if kind is type(model):
            return name
    raise BrokenReleaseError(
        f"{type(model).__name__} is not in MODELS of models/{use_case}; put it there, so that it "
        "can be loaded again"
    )


def _read(folder: Path, version: str, models_of: Mapping[str, Callable[[], Models]]) -> Release:
    description = json.loads((folder / _DESCRIPTION).read_text())
    if (written := description.get("format", 1)) != FORMAT:
        raise BrokenReleaseError(
            f"it is of format {written}, this version of Argosy reads format {FORMAT}"
        )
    use_case, name = description["use_case"], description["model"]
    models: Models = models_of[use_case]()
    if name not in models:
        raise BrokenReleaseError(
            f"{folder} holds a {name!r}, which MODELS of models/{use_case} does not have; "
            f"it has {', '.join(models)}"
        )
    features = description["features"]
    if fingerprint(features) != description["contract"]:
        raise BrokenReleaseError(f"{folder}: the features do not fit their contract hash")
    return Release(
        use_case=use_case,
        version=version,
        model=models[name].load(folder / "model"),
        features=features,
        contract=description["contract"],
        cut_off=datetime.fromisoformat(description["cut_off"]),
        metrics=description["metrics"],
        policy=description["policy"],
        sample=_frame(folder / "sample.parquet"),
        expected=_frame(folder / "expected.parquet"),
        headline=description["headline"],
        better=description["better"],
    )


def _frame(path: Path) -> pd.DataFrame:
    """A frame as it was written; lists come back as lists, not as arrays."""
    table = pq.read_table(path)
    frame: pd.DataFrame = table.to_pandas()
    for column in table.schema:
        if pa.types.is_list(column.type) and column.name in frame:
            values = table.column(column.name).to_pylist()
            frame[column.name] = pd.Series(values, index=frame.index, dtype=object)
    return frame
