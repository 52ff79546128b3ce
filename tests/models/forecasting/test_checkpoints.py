"""A fit that was killed goes on from what was done, to the same answer bit for bit."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.forecasting import Baseline, Forecaster
from models.forecasting.checkpoints import Checkpoints

SMALL = {"rows": 3000, "trees": 12, "horizon": 4}
KILLED = """
import json, os, signal, sys
import pandas as pd
from pathlib import Path
from models.forecasting import Forecaster
from models.forecasting.checkpoints import Checkpoints

def hear(text):
    if text == sys.argv[4]:
        os.kill(os.getpid(), signal.SIGKILL)

model = Forecaster(**json.loads(sys.argv[3]))
model.checkpoints = Checkpoints(Path(sys.argv[2]), hear)
model.fit(pd.read_parquet(sys.argv[1]))
"""


def history(level: float = 3.0) -> pd.DataFrame:
    random = np.random.default_rng(3)
    starts = pd.date_range("2024-01-01", periods=40, freq="7D").strftime("%Y-%m-%d")
    parts = [
        pd.DataFrame(
            {
                "warehouse_id": "w",
                "product_id": f"p{n}",
                "period_start": starts,
                "frequency": "week",
                "quantity": random.poisson(level * (1 + n), len(starts)).astype(float),
            }
        )
        for n in range(12)
    ]
    return pd.concat(parts, ignore_index=True)


def resumed(folder: Path, frame: pd.DataFrame, model: Forecaster) -> tuple[list[str], pd.DataFrame]:
    """What a fit said it did, and the answer."""
    heard: list[str] = []
    model.checkpoints = Checkpoints(folder, heard.append)
    return heard, model.fit(frame).predict(frame)


@pytest.mark.slow
def test_a_killed_fit_goes_on_to_the_same_answer(tmp_path: Path) -> None:
    history().to_parquet(tmp_path / "demand.parquet")
    folder = tmp_path / "kept"
    command = [sys.executable, "-c", KILLED, tmp_path / "demand.parquet", folder]
    ended = subprocess.run([*command, json.dumps(SMALL), "back-test 5 of 10"], check=False)
    assert ended.returncode == -signal.SIGKILL

    heard, answer = resumed(folder, history(), Forecaster(**SMALL))
    assert "LightGBM of the back-test, 3: done before" in heard
    assert "back-test 4 of 10: done before" in heard
    assert "back-test 5 of 10" in heard
    plain = Forecaster(**SMALL).fit(history()).predict(history())
    pd.testing.assert_frame_equal(answer, plain, check_exact=True)

    heard, again = resumed(folder, history(), Forecaster(**SMALL))
    assert heard == ["fit: done before"]
    pd.testing.assert_frame_equal(again, plain, check_exact=True)


def test_other_data_settings_and_models_begin_anew(tmp_path: Path) -> None:
    naive = Baseline("naive", horizon=2)
    assert resumed(tmp_path, history(), naive)[0][0] == "fit"
    assert resumed(tmp_path, history(), Baseline("naive", horizon=2))[0] == ["fit: done before"]
    assert resumed(tmp_path, history(4.0), Baseline("naive", horizon=2))[0][0] == "fit"
    assert resumed(tmp_path, history(), Baseline("naive", horizon=3))[0][0] == "fit"
    assert resumed(tmp_path, history(), Forecaster(horizon=2, methods="naive"))[0][0] == "fit"
