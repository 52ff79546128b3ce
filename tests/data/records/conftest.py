"""Fixtures of the tests beside."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from data.records import (
    Records,
)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'home' / 'records.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def records(url: str, namespace: str) -> Iterator[Records]:
    made = Records(url, namespace)
    made.migrate()
    yield made
    made.close()
