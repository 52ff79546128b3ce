"""What the shops share: the empty databases, which take seconds to make."""

from pathlib import Path

import pytest

from tests.merchants.shops import Shop
from tests.merchants.visiting import Home


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a merchant that has asked for its status, and has nothing yet."""
    folder = tmp_path_factory.mktemp("empty")
    answer = Home(Shop("empty", tables=()), folder, {}).argosy("status")
    assert answer.code == 0, answer.err
    return folder / "home"
