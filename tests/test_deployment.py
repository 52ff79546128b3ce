"""The deployment files hold what they promise, and speak of metrics and commands that exist."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from data.settings import Settings
from decisions.kpis.catalogue import KPIS
from decisions.kpis.metrics import KpiMetrics
from decisions.telemetry import Telemetry

ROOT = Path(__file__).parent.parent
BOARDS = ("ops/grafana/argosy.json", "ops/grafana/argosy-business.json")


def names() -> set[str]:
    made = set()
    telemetry = Telemetry()
    telemetry.of_use_case(KpiMetrics)
    for metric in telemetry.registry.collect():
        kinds = ("_total",) if metric.type == "counter" else ("", "_bucket", "_count", "_sum")
        made |= {f"{metric.name}{kind}" for kind in kinds}
    return made


@pytest.mark.parametrize("file", ["ops/prometheus/alerts.yml", *BOARDS])
def test_every_metric_they_ask_for_exists(file: str) -> None:
    text = (ROOT / file).read_text()
    asked = set(re.findall(r"\bargosy_[a-z_]+", text))
    assert asked
    assert asked <= names()


def test_every_alert_says_what_is_wrong() -> None:
    (group,) = yaml.safe_load((ROOT / "ops/prometheus/alerts.yml").read_text())["groups"]
    for rule in group["rules"]:
        assert {"alert", "expr", "for", "labels", "annotations"} <= rule.keys()
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["labels"]["severity"] in {"page", "ticket"}


def test_every_kpi_of_the_business_dashboard_exists() -> None:
    text = (ROOT / "ops/grafana/argosy-business.json").read_text()
    asked = {name for each in re.findall(r'kpi=~\\"([^"\\]+)', text) for name in each.split("|")}
    assert asked
    assert asked <= KPIS.keys()


@pytest.mark.parametrize("file", BOARDS)
def test_every_panel_of_the_dashboard_has_a_query(file: str) -> None:
    board = json.loads((ROOT / file).read_text())
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert all(target["expr"] for panel in board["panels"] for target in panel["targets"])


def test_the_set_runs_without_root_on_a_read_only_root() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for name in ("argosy", "schedule"):
        service = services[name]
        assert service["user"] == "10001"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        given = {key.removeprefix("ARGOSY_").lower() for key in service["environment"]}
        assert given <= set(Settings.model_fields)
    for name in ("redis", "postgres"):
        assert services[name]["healthcheck"]["test"]


def test_the_image_has_a_user_and_a_health_check() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER 10001$", text, flags=re.MULTILINE)
    assert "HEALTHCHECK" in text
    for source in re.findall(r"^COPY ([^-].*) \S+$", text, flags=re.MULTILINE):
        assert all((ROOT / part).exists() for part in source.split())


def test_the_schedule_names_commands_that_exist() -> None:
    from argosy import app

    known = {(command.name or command.callback.__name__,) for command in app.registered_commands}
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    for name, group in groups.items():
        known |= {(name, command.name) for command in group.registered_commands}
    steps = tomllib.loads((ROOT / "ops/schedule.toml").read_text())["step"]
    words = [step["command"].split() for step in steps]
    assert {tuple(w[: 2 if w[0] in groups else 1]) for w in words} <= known


def test_the_image_holds_every_column() -> None:
    copied = set(re.findall(r"^COPY (\w+) /src/", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    assert copied == {"data", "features", "models", "training", "decisions", "serving"}
