"""Feast is imported as it is written, and type checks of others stay."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

ASKED = """
import features.store.feast_import
import typeguard
from feast import FeatureView

@typeguard.typechecked
def of_others(number: int) -> int:
    return number

names = FeatureView.__init__.__code__.co_names
print("check_argument_types" in names)
try:
    of_others("one")
except typeguard.TypeCheckError:
    print("checked")
"""


def test_feast_is_not_compiled_anew_and_other_checks_stay(tmp_path) -> None:
    script = tmp_path / "asked.py"  # typeguard reads the source of what it checks
    script.write_text(ASKED)

    told = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    )

    assert told.stdout.split() == ["False", "checked"]
