"""Traces by OpenTelemetry, down to the SQL: an extra, imported only where `TILESERVER_TRACES` is set.

A request has a span, in the trace of its caller (W3C Trace Context), and each statement that is run for the
request a span within. Answers from before the framework have none. Where spans go the environment says, by
names that OpenTelemetry gives them: ``OTEL_EXPORTER_OTLP_ENDPOINT``, ``OTEL_TRACES_SAMPLER`` and so on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.trace import Span, SpanKind
from starlette.types import Scope

from tileserver.times import system_clock
from tileserver.web.keys_text import without_keys
from tileserver.web.kinds import kind_of

_NS = 1_000_000_000
EXPORTERS = {"otlp": OTLPSpanExporter, "console": ConsoleSpanExporter}


class Traces:
    """Spans of requests and statements, given to *exporter* a few seconds later; `close` gives the last."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._provider = TracerProvider(resource=Resource.create({"service.name": "tileserver"}))
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("tileserver")

    @contextmanager
    def request(self, scope: Scope) -> Iterator[Span]:
        """Be in the span of a request."""
        path, kind = scope["path"], kind_of(scope["path"])
        sent = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        said = {
            "http.request.method": scope["method"],
            "url.path": without_keys(path)[:200],
            "tileserver.kind": kind.kind,
        }
        name = f"{scope['method']} {kind.kind}"
        with self._tracer.start_as_current_span(name, extract(sent), SpanKind.SERVER, said) as span:
            yield span

    def answered(self, span: Span, status: int, tier: str) -> None:
        """Say in *span* how the request was answered."""
        span.set_attribute("http.response.status_code", status)
        span.set_attribute("tileserver.tier", tier)

    def ran(self, query: Any) -> None:
        """Add a span for a statement that has just ended, from asyncpg's record *query*; no arguments."""
        end = int(system_clock().timestamp() * _NS)
        said = {"db.system.name": "postgresql", "db.query.text": query.query}
        start = end - int(query.elapsed * _NS)
        span = self._tracer.start_span("SQL", kind=SpanKind.CLIENT, attributes=said, start_time=start)
        if query.exception is not None:
            span.set_attribute("error.type", type(query.exception).__name__)
        span.end(end)

    def close(self) -> None:
        """Give the last spans to the exporter."""
        self._provider.shutdown()
