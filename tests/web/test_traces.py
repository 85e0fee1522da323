"""Spans of requests and, within them, of statements; none unless asked for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

from tests.conftest import settings_for
from tileserver.web import traces
from tileserver.web.app import create_app

DATED = "/tiles/western-front.control/6/32/22.mvt?datetime=1944-08-25"
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.db
def test_a_request_has_a_span_in_its_callers_trace_and_its_statements_are_within(
    sample_database: str, clock: Callable[[], datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = InMemorySpanExporter()
    monkeypatch.setitem(traces.EXPORTERS, "console", lambda: exporter)
    app = create_app(settings_for(sample_database, TILESERVER_TRACES="console"), clock)
    with TestClient(app) as client:
        assert client.get(DATED, headers={"traceparent": CALLER}).status_code == 200
        assert client.get(f"{DATED}&nonsense=1").status_code == 400
    spans = exporter.get_finished_spans()
    asked = [span for span in spans if span.name == "GET tile"]
    assert [_said(span, "http.response.status_code") for span in asked] == [200, 400]
    assert [_said(span, "tileserver.tier") for span in asked] == ["postgis", "memory"]
    request = asked[0].get_span_context()
    assert request is not None
    assert f"{request.trace_id:032x}" == CALLER.split("-")[1]
    within = [span for span in spans if span.parent and span.parent.span_id == request.span_id]
    assert within
    assert all(span.name == "SQL" for span in within)
    assert any("ST_AsMVT" in str(_said(span, "db.query.text")) for span in within)
    assert all(span.start_time < span.end_time for span in within)  # type: ignore[operator]
    assert not any("1944" in str(value) for span in spans for value in (span.attributes or {}).values())


def _said(span: ReadableSpan, name: str) -> object:
    return (span.attributes or {}).get(name)


def test_the_server_is_imported_without_opentelemetry() -> None:
    # Redis's client takes it up where it is there, so the test is that it need not be.
    code = "import sys; sys.modules['opentelemetry'] = None; import tileserver.web.app"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
