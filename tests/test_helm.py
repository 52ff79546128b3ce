"""The chart of ops/helm: what it renders is valid, safe, and asks for what exists here."""

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import kubernetes_validate
import pytest
import yaml
from typer.main import get_command

from argosy import app
from data.environment import variables
from decisions import schedule
from tests.serving.http.test_faults import free_port

ROOT = Path(__file__).parent.parent
CHART = ROOT / "ops/helm/argosy"
VALUES: Mapping[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
COMPOSE: Mapping[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
KUBERNETES = ("1.28", "1.37")  # the oldest and the newest whose schemas are at hand
BUCKET = ["--set", "home.bucket=s3://shop/argosy"]
VARIANTS: Mapping[str, list[str]] = {
    "as it is": [],
    "in a bucket": BUCKET,
    "all on": ["--set", "serviceMonitor.enabled=true", "--set", "serviceMonitor.labels.team=shop"],
    "least": ["--set", "console.enabled=false", "--set", "schedule.enabled=false"],
    "placed": [
        *("--set", "home.existingClaim=kept", "--set", "server.nodeSelector.disk=fast"),
        *("--set", "image.pullSecrets={registry}", "--set", "image.tag=v7"),
        *("--set-string", "settings.ARGOSY_SECOND_APPROVAL_ABOVE=5000"),
    ],
}
Render = Callable[..., list[dict[str, Any]]]


def helm_or_skip() -> str:
    """Where Helm is: ARGOSY_TEST_HELM, or on the path."""
    found = os.environ.get("ARGOSY_TEST_HELM") or shutil.which("helm")
    if not found:
        pytest.skip("Helm is not here: install it, or name it with ARGOSY_TEST_HELM")
    return found


def run_helm(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([helm_or_skip(), *arguments], capture_output=True, text=True)


@pytest.fixture
def render() -> Render:
    """The manifests of the chart. options: of `helm template`; name: of the release."""

    def rendered(*options: str, name: str = "shop") -> list[dict[str, Any]]:
        done = run_helm("template", name, str(CHART), *options)
        assert done.returncode == 0, done.stderr
        return [each for each in yaml.safe_load_all(done.stdout) if each]

    return rendered


def pods_of(manifests: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and pod of every Deployment and CronJob."""
    for each in manifests:
        spec = each.get("spec", {})
        if each["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if "template" in spec:
            yield each["metadata"]["name"], spec["template"]["spec"]


def args_of(manifests: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    pod = dict(pods_of(manifests))[name]
    return [str(part) for part in pod["containers"][0]["args"]]


# What is written in the chart, without Helm ---------------------------------------------------


def test_it_is_of_this_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert chart["version"] == chart["appVersion"] == version


def test_its_steps_are_those_of_the_schedule() -> None:
    steps = tomllib.loads((ROOT / "ops/schedule.toml").read_text())["step"]
    ours = [{k: v for k, v in each.items() if k != "cron"} for each in VALUES["schedule"]["steps"]]
    assert ours == steps
    for step in VALUES["schedule"]["steps"]:
        minutes = int(schedule.duration(step["after"]).total_seconds()) // 60
        assert step["cron"] == f"{minutes % 60} {minutes // 60} * * *", step["name"]


def test_every_variable_it_speaks_of_exists() -> None:
    texts = [path.read_text() for path in CHART.rglob("*") if path.is_file()]
    named = set(re.findall(r"\bARGOSY_[A-Z_]+[A-Z]\b", " ".join(texts)))
    assert named - {"ARGOSY_SERVER_PORT"} <= set(variables())  # that one is told not to be set


def test_it_asks_for_what_the_set_of_compose_asks_for() -> None:
    told = (CHART / "values.yaml").read_text()
    given = set(COMPOSE["argosy"]["environment"]) - {"ARGOSY_HOME"}
    assert given <= set(re.findall(r"ARGOSY_[A-Z_]+", told))
    assert "ARGOSY_HOME, value: /data" in (CHART / "templates/_pods.tpl").read_text()
    assert COMPOSE["argosy"]["user"] == "10001"
    assert "runAsUser: 10001" in (CHART / "templates/_pods.tpl").read_text()


# What Helm makes of it ------------------------------------------------------------------------


def test_helm_finds_no_fault() -> None:
    done = run_helm("lint", "--strict", str(CHART))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_manifest_is_valid(render: Render, variant: str, version: str) -> None:
    manifests = render(*VARIANTS[variant])
    assert manifests
    for each in manifests:
        if each["kind"] != "ServiceMonitor":  # of the Prometheus operator, not of Kubernetes
            kubernetes_validate.validate(each, version, strict=True)
    names = [(each["kind"], each["metadata"]["name"]) for each in manifests]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_pod_may_more_than_it_needs(render: Render, variant: str) -> None:
    for name, pod in pods_of(render(*VARIANTS[variant])):
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["enableServiceLinks"] is False, "else ARGOSY_… variables of services come in"
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 10001
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "limits" in container["resources"]
        mounted = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
        assert mounted["tmp"] == "/tmp"
        assert set(mounted) == {each["name"] for each in pod["volumes"]}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_pod_runs_a_command_and_settings_that_exist(render: Render, variant: str) -> None:
    commands = get_command(app)
    for name, pod in pods_of(render(*VARIANTS[variant])):
        (container,) = pod["containers"]
        command, arguments = commands, [str(part) for part in container["args"]]
        while hasattr(command, "commands"):
            command = command.commands[arguments.pop(0)]
        command.make_context(name, arguments)  # parses, and runs nothing
        assert {each["name"] for each in container["env"]} <= set(variables())


def test_the_server_is_probed_where_it_answers_and_is_watched(render: Render) -> None:
    manifests = render(*VARIANTS["all on"])
    by_kind = {(each["kind"], each["metadata"]["name"]): each for each in manifests}
    (server,) = dict(pods_of(manifests))["shop-server"]["containers"]
    probes = {
        kind: server[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")
    }
    assert {kind: probe["path"] for kind, probe in probes.items()} == {
        "startup": "/healthz",
        "liveness": "/healthz",
        "readiness": "/readyz",
    }
    assert {each["port"] for each in probes.values()} == {server["ports"][0]["name"]}
    service = by_kind["Service", "shop-server"]
    monitor = by_kind["ServiceMonitor", "shop-server"]["spec"]
    pod = by_kind["Deployment", "shop-server"]["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= pod.items()
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]
    assert monitor["endpoints"][0]["path"] == "/metrics"
    asked = args_of(manifests, "shop-console")
    address = asked[asked.index("--api") + 1]
    assert address == f"http://shop-server:{service['spec']['ports'][0]['port']}"


def test_each_step_has_its_job_and_the_file_it_reads(render: Render, tmp_path: Path) -> None:
    manifests = render()
    (config,) = (each for each in manifests if each["kind"] == "ConfigMap")
    (tmp_path / "schedule.toml").write_text(config["data"]["schedule.toml"])
    steps = schedule.read(tmp_path / "schedule.toml")
    assert steps == schedule.read(ROOT / "ops/schedule.toml")
    jobs = [each for each in manifests if each["kind"] == "CronJob"]
    asked = [args_of(manifests, each["metadata"]["name"])[-1] for each in jobs]
    assert asked == [step.name for step in steps]
    assert {each["spec"]["concurrencyPolicy"] for each in jobs} == {"Forbid"}
    assert {each["spec"]["timeZone"] for each in jobs} == {"Etc/UTC"}  # as windows are counted


def test_secrets_are_named_and_the_console_gets_its_own_alone(render: Render) -> None:
    manifests = render("--set", "secretName=mine")
    assert "Secret" not in {each["kind"] for each in manifests}
    for name, pod in pods_of(manifests):
        (container,) = pod["containers"]
        if name == "shop-console":
            assert "envFrom" not in container
            (secret,) = (each for each in container["env"] if "valueFrom" in each)
            assert secret["name"] == "ARGOSY_OIDC_CLIENT_SECRET"
            assert secret["valueFrom"]["secretKeyRef"]["name"] == "mine"
        else:
            assert container["envFrom"] == [{"secretRef": {"name": "mine"}}]


def test_a_bucket_takes_the_place_of_the_volume(render: Render) -> None:
    kinds = {each["kind"] for each in render(*BUCKET)}
    assert "PersistentVolumeClaim" not in kinds
    (server,) = dict(pods_of(render(*BUCKET)))["shop-server"]["containers"]
    given = {each["name"]: each["value"] for each in server["env"]}
    assert given == {"ARGOSY_HOME": "s3://shop/argosy", "ARGOSY_CACHE": "/data"}
    assert "PersistentVolumeClaim" in {each["kind"] for each in render()}


@pytest.mark.parametrize(
    "wrong",
    [
        "secretName=",
        "settings.BASE_CURRENCY=EUR",
        "server.replica=3",
        "server.replicas=0",
        "home.bucket=shop",
        "consoles.enabled=true",
    ],
)
def test_a_wrong_value_is_refused(wrong: str) -> None:
    done = run_helm("template", "shop", str(CHART), "--set", wrong)
    assert done.returncode != 0
    assert "values" in done.stderr


# The commands of the chart, as processes here -------------------------------------------------


@pytest.mark.slow
def test_what_the_chart_starts_answers_its_probes(render: Render, tmp_path: Path) -> None:
    """Server, console and a step, with the chart's own arguments; hosts and paths as here."""
    manifests = render()
    ports = {"8000": str(free_port()), "8001": str(free_port())}
    (tmp_path / "data/incoming").mkdir(parents=True)
    (tmp_path / "data/incoming/products.csv").write_text("product_id\np1\n")
    (config,) = (each for each in manifests if each["kind"] == "ConfigMap")
    toml = config["data"]["schedule.toml"].replace("/data/", f"{tmp_path}/data/")
    (tmp_path / "schedule.toml").write_text(toml)

    def here(text: str) -> str:
        text = text.replace("shop-server:8000", f"127.0.0.1:{ports['8000']}")
        text = text.replace("/etc/argosy/schedule.toml", str(tmp_path / "schedule.toml"))
        return ports.get(text, text.replace("0.0.0.0", "127.0.0.1"))

    def start(name: str) -> "subprocess.Popen[bytes]":
        kept = {k: v for k, v in os.environ.items() if not k.startswith("ARGOSY_")}
        command = [sys.executable, "-m", "argosy", *map(here, args_of(manifests, name))]
        with (tmp_path / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env={**kept, "ARGOSY_HOME": str(tmp_path / "data")},
                stdout=log,
                stderr=log,
            )

    with ExitStack() as stack:
        step = start("shop-ingest")
        assert step.wait(120) == 0, (tmp_path / "shop-ingest.log").read_text()
        for name in ("shop-server", "shop-console"):
            process = start(name)
            stack.callback(process.wait, 60)
            stack.callback(process.terminate)
        pods = dict(pods_of(manifests))
        for name, port in (("shop-server", "8000"), ("shop-console", "8001")):
            (container,) = pods[name]["containers"]
            for kind in ("startup", "liveness", "readiness"):
                if probe := container.get(f"{kind}Probe"):
                    url = f"http://127.0.0.1:{ports[port]}{probe['httpGet']['path']}"
                    log = tmp_path / f"{name}.log"
                    await_answer(url, log, any_status=kind == "readiness")


def await_answer(url: str, log: Path, *, any_status: bool) -> None:
    """Until 200 is answered; readiness may be 503 where nothing is trained yet."""
    until = time.monotonic() + 150
    while time.monotonic() < until:
        with suppress(httpx.TransportError):
            status = httpx.get(url, timeout=10).status_code
            if status == 200 or (any_status and status == 503):
                return
        time.sleep(0.5)
    raise AssertionError(f"{url}\n{log.read_text()[-2000:]}")
