"""A registry with tiny models in every row, quick to make: an empty database is copied."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import pandas as pd
import pytest

from features.contracts import fingerprint
from features.settings import Settings
from models.base import Release
from models.registry import ROWS, Registry, Run

FEATURES = {"x": "float"}
SAMPLE = pd.DataFrame({"x": [1.0, 2.0]})


class Constant:
    """Answers the same number, whatever it is asked."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = value

    def fit(self, frame: pd.DataFrame) -> Self:
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"answer": self.value}, index=frame.index)

    def save(self, folder: Path) -> None:
        (folder / "value.json").write_text(json.dumps(self.value))

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls(json.loads((folder / "value.json").read_text()))


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("mlflow")
    Registry(f"sqlite:///{home}/mlflow.db", home / "artifacts").champion_version("fraud")
    return home / "mlflow.db"


@pytest.fixture
def registry(settings: Settings, empty_database: Path) -> Registry:
    """An empty registry under the settings' home; `Constant` is the only model of every row."""
    settings.home.mkdir(exist_ok=True)
    with (
        closing(sqlite3.connect(empty_database)) as source,
        closing(sqlite3.connect(settings.home / "mlflow.db")) as target,
    ):
        source.backup(target)
    rows = {row: lambda: {"constant": Constant} for row in ROWS}
    return Registry(settings.mlflow, settings.artifacts, rows=rows)


@pytest.fixture
def promoted(registry: Registry) -> Callable[..., str]:
    """Register a Constant for a row and make it the champion; `expected` tells its sample's."""

    def promote(row: str, value: float = 0.0, expected: float | None = None) -> str:
        answer = Constant(value if expected is None else expected).predict(SAMPLE)
        run_id = registry.log(Run(row, row, {"value": value}, {"error": 0.5}, {}))
        version = registry.register(
            run_id,
            Release(
                row=row,
                version="",
                model=Constant(value),
                features=FEATURES,
                contract=fingerprint(FEATURES),
                cut_off=datetime(2026, 1, 1, tzinfo=UTC),
                metrics={"error": 0.5},
                policy={},
                sample=SAMPLE,
                expected=answer,
            ),
        )
        registry.promote(row, version)
        return version

    return promote
