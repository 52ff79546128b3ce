"""A folder of raw exports of each system, ingested by its preset, trains without editing a file."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.merchants.contract import check_words
from tests.merchants.shops import Shop
from tests.merchants.visiting import Home

sys.path.insert(0, str(Path(__file__).parents[1] / "data" / "sources"))
import exports


@pytest.mark.slow
@pytest.mark.parametrize("system", exports.SYSTEMS)
def test_raw_exports_train_as_they_are(system: str, tmp_path: Path, empty_home: Path) -> None:
    home = Home(Shop(system, tables=()), tmp_path, {})
    shutil.copytree(empty_home, tmp_path / "home")
    exports.SYSTEMS[system](tmp_path / "in", 100)
    dry = home.argosy("ingest", str(tmp_path / "in"), "--map", system, "--dry-run")
    assert dry.code == 0, dry.err
    assert "nothing was changed" in dry.out
    taken = home.argosy("ingest", str(tmp_path / "in"), "--map", system)
    assert taken.code == 0, taken.err
    trained = home.argosy("train", "all", "--json")
    check_words(trained)
    told = json.loads(trained.out)
    serving = {each["use_case"] for each in told["trained"] if each["version"]}
    # Amazon names no customer: each order is a guest's, and nobody comes back.
    personal = set() if system == "amazon" else {"recommendation", "customers"}
    assert serving >= {"forecasting"} | personal, (told["lacking"], trained.err)
    for name in ("forecasting", *sorted(personal)):
        scored = home.argosy("score", name, "--out", str(tmp_path / f"{name}.csv"))
        assert scored.code == 0, scored.err
        assert len((tmp_path / f"{name}.csv").read_text().splitlines()) > 1
