"""OpenTelemetry: a span for each request and for each step of its work, where the settings ask.

Where spans go is said by OpenTelemetry's own variables, such as OTEL_EXPORTER_OTLP_ENDPOINT and
OTEL_SERVICE_NAME. They bear routes, statuses and request ids, never paths or values.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from data.errors import ArgosyError


class TracesError(ArgosyError):
    """Traces are asked for and cannot be sent."""


class Tracer:
    """Makes the spans. provider: another one than the process's own, for tests.

    Raises TracesError when nothing is there that could send them.
    """

    def __init__(self, provider: Any = None) -> None:
        from opentelemetry import propagate, trace  # not loaded where nobody asks for it

        self._extract = propagate.extract
        self._server = trace.SpanKind.SERVER
        self._tracer = (provider or _provider()).get_tracer("argosy")

    @contextmanager
    def request(self, method: str, headers: Mapping[bytes, bytes]) -> Iterator[Any]:
        """The span of a request, within the caller's trace where its headers name one.

        method: the HTTP method.
        """
        carrier = {name.decode("latin-1"): text.decode("latin-1") for name, text in headers.items()}
        with self._tracer.start_as_current_span(
            method,
            context=self._extract(carrier),
            kind=self._server,
            attributes={"http.request.method": method},
        ) as span:
            yield span

    def step(self, name: str) -> AbstractContextManager[Any]:
        """The span of a step, within that of the request."""
        found: AbstractContextManager[Any] = self._tracer.start_as_current_span(name)
        return found


def _provider() -> Any:
    """The process's provider; made here unless somebody (`opentelemetry-instrument`) did before."""
    from opentelemetry import trace

    if not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return trace.get_tracer_provider()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise TracesError(
            "ARGOSY_TRACES is on, and there is nothing to send traces with: "
            "pip install 'argosy[traces]', or turn it off"
        ) from error
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider
