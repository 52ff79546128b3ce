"""Spans bear routes and steps, never a path; without the setting nothing of OpenTelemetry loads."""

import subprocess
import sys
from collections.abc import Sequence

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.concurrency import run_in_threadpool

from decisions.micro_batcher import MicroBatcher
from decisions.telemetry import Telemetry
from decisions.tracing import Tracer, TracesError
from serving.http.request_guard import RequestGuard


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def telemetry(spans: InMemorySpanExporter) -> Telemetry:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return Telemetry(Tracer(provider))


def client_of(telemetry: Telemetry) -> TestClient:
    def doubled(asked: Sequence[int]) -> list[int]:
        with telemetry.step("fraud", "model"):
            return [2 * number for number in asked]

    app, together = FastAPI(), MicroBatcher(doubled)

    @app.get("/v1/people/{name}")
    async def greet(name: str) -> int:
        return await run_in_threadpool(lambda: together.ask(21).result())

    app.add_middleware(RequestGuard, telemetry=telemetry)
    return TestClient(app)


def test_a_request_and_its_steps_are_one_trace_within_the_callers(
    telemetry: Telemetry, spans: InMemorySpanExporter
) -> None:
    caller = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "X-Request-Id": "r1"}
    answer = client_of(telemetry).get("/v1/people/ann", headers=caller)
    assert answer.json() == 42
    step, request = spans.get_finished_spans()
    assert (request.name, step.name) == ("GET /v1/people/{name}", "fraud model")
    assert request.context is not None
    assert step.parent is not None
    assert step.parent.span_id == request.context.span_id
    assert f"{request.context.trace_id:x}" == "a" * 32
    assert dict(request.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/v1/people/{name}",
        "http.response.status_code": 200,
        "argosy.request_id": "r1",
    }
    assert "ann" not in request.to_json()


def test_a_step_is_timed_with_traces_and_without(telemetry: Telemetry) -> None:
    for each in (telemetry, Telemetry()):
        with pytest.raises(ValueError, match="late"), each.step("fraud", "model"):
            raise ValueError("late")
        asked = {"use_case": "fraud", "step": "model"}
        assert each.registry.get_sample_value("argosy_step_seconds_count", asked) == 1.0


def test_traces_without_a_way_to_send_them_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter", None)
    with pytest.raises(TracesError, match=r"pip install 'argosy\[traces\]'"):
        Tracer()


def test_nothing_is_loaded_where_nobody_asks() -> None:
    loads = "any(name.startswith('opentelemetry') for name in sys.modules)"
    code = f"import sys, decisions.tracing; print({loads})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
