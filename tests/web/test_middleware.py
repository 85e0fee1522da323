"""The law: whatever fails inside, the caller gets a problem with the request's id, on any map."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from tileserver.web.middleware import Envelope


async def _fail(request: Request) -> Response:
    raise RuntimeError("SELECT secret FROM /var/lib/place")


async def _fail_halfway(request: Request) -> Response:
    async def body() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("the rest")

    return StreamingResponse(body())


@pytest.fixture
def client() -> TestClient:
    routes = [Route("/tiles/fail", _fail), Route("/tiles/half", _fail_halfway)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Envelope)]))


def test_an_unforeseen_error_is_a_problem_with_the_id_alone(client: TestClient) -> None:
    answer = client.get("/tiles/fail")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "secret" not in answer.text
    assert "/var" not in answer.text


def test_half_an_answer_is_broken_off_and_never_completed_with_a_problem(client: TestClient) -> None:
    with pytest.raises(RuntimeError, match="the rest"):
        client.get("/tiles/half")
