"""What is measured and logged while it serves."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from decisions.telemetry import TOGETHER, Telemetry

NEWEST = datetime(2026, 1, 2, tzinfo=UTC)


def test_answers_are_counted_by_what_made_them_and_why_they_are_poor() -> None:
    telemetry = Telemetry()
    telemetry.counted("fraud", "model")
    telemetry.counted("fraud", "rules", degraded="store")
    telemetry.counted("fraud", "rules", degraded="store")
    page = telemetry.page().decode()
    assert 'argosy_served_total{served_by="model",use_case="fraud"} 1.0' in page
    assert 'argosy_served_total{served_by="rules",use_case="fraud"} 2.0' in page
    assert 'argosy_degraded_total{reason="store",use_case="fraud"} 2.0' in page


def test_latency_is_by_route_and_status() -> None:
    telemetry = Telemetry()
    telemetry.answered("GET", "/v1/products/{product_id}/similar", 200, 0.004)
    value = telemetry.registry.get_sample_value(
        "argosy_request_seconds_bucket",
        {
            "method": "GET",
            "route": "/v1/products/{product_id}/similar",
            "status": "200",
            "le": "0.005",
        },
    )
    assert value == 1.0


def test_freshness_is_a_time_not_an_age() -> None:
    telemetry = Telemetry()
    telemetry.facts(NEWEST, None)
    page = telemetry.page().decode()
    assert f"argosy_newest_fact_timestamp_seconds {NEWEST.timestamp():.8g}"[:45] in page
    assert "argosy_features_as_of_timestamp_seconds 0.0" in page


def test_two_apps_do_not_share_their_metrics() -> None:
    first, second = Telemetry(), Telemetry()
    first.counted("fraud", "model")
    assert b"argosy_served_total{" not in second.page()


WORKER = """
import sys
from prometheus_client import Counter
from decisions.telemetry import Telemetry
Counter("feast_reads", "Not ours.").inc()
telemetry = Telemetry()
telemetry.counted("fraud", "model")
telemetry.told("fraud", problem=True)
sys.stdout.buffer.write(telemetry.page())
"""


def test_one_worker_answers_for_all(tmp_path: Path) -> None:
    folder = str(tmp_path)
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": folder, TOGETHER: folder}
    pages = [
        subprocess.run(
            [sys.executable, "-c", WORKER], env=environment, capture_output=True, check=True
        ).stdout.decode()
        for _ in range(2)
    ]
    assert 'argosy_served_total{served_by="model",use_case="fraud"} 2.0' in pages[1]
    assert 'argosy_release_problem{use_case="fraud"} 1.0' in pages[1]
    assert "feast_reads" not in pages[1]


@pytest.mark.parametrize("name", ["argosy_served", "argosy_degraded", "argosy_request_seconds"])
def test_the_metrics_have_their_help(name: str) -> None:
    assert f"# HELP {name}" in Telemetry().page().decode()
