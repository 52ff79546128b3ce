"""The monitor's page: figures by use case, how they went, and files that are whole."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from decisions.monitor import MonitorReport, Watch
from decisions.monitor_page import write

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def report(days: int, degraded: float) -> MonitorReport:
    watches = (
        Watch("fraud", "decisions degraded, share", degraded, 0.05),
        Watch("data", "features behind, <days>", 0.0, 2.0),
    )
    drifted = (("amount", np.arange(50.0), np.arange(50.0) + 10),)
    return MonitorReport(NOW + timedelta(days=days), watches, drifted)


def test_figures_stand_by_use_case_with_their_limits(tmp_path: Path) -> None:
    write(report(0, 0.2), tmp_path / "out" / "monitor.html")
    page = (tmp_path / "out" / "monitor.html").read_text()
    assert re.findall(r"<h2>(\w+)</h2>", page) == ["data", "fraud"]
    assert "past limits" in page
    assert "<td>0.2</td><td>0.05</td><td>past its limit</td><td></td>" in page
    assert "features behind, &lt;days&gt;" in page
    assert "alt='amount' src='data:image/png;base64," in page


def test_runs_are_kept_once_and_drawn(tmp_path: Path) -> None:
    out, past = tmp_path / "monitor.html", tmp_path / "monitor.jsonl"
    for day, value in ((0, 0.01), (1, 0.02), (1, 0.03)):
        write(report(day, value), out)
    runs = [json.loads(line) for line in past.read_text().splitlines()]
    assert [run["figures"]["fraud: decisions degraded, share"] for run in runs] == [0.01, 0.03]
    assert "0.01 to 0.03 in 2 runs" in out.read_text()
    assert not list(tmp_path.glob(".*"))


def test_a_line_that_is_no_run_is_left_out(tmp_path: Path) -> None:
    past = tmp_path / "monitor.jsonl"
    write(report(0, 0.01), tmp_path / "monitor.html")
    past.write_text(past.read_text() + '{"as_of": "2026-03\n[]\n{"as_of": 1, "figures": 2}\n')
    write(report(1, 0.02), tmp_path / "monitor.html")
    assert len(past.read_text().splitlines()) == 2
