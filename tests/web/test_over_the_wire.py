"""What holds inside holds through a real socket: conditions, bodies, forwarded headers, broken requests."""

from __future__ import annotations

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest

TILE = "/tiles/ukraine-sample.control/6/38/22.mvt?datetime=2023-11-09"

pytestmark = pytest.mark.db


def _get(
    url: str, path: str, headers: dict[str, str] | None = None, method: str = "GET"
) -> tuple[int, dict[str, str], bytes]:
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
    connection.request(method, path, headers=headers or {})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def _raw(url: str, request: bytes) -> bytes:
    where = urlsplit(url)
    with socket.create_connection((where.hostname or "", where.port or 80), timeout=10) as wire:
        wire.sendall(request)
        wire.shutdown(socket.SHUT_WR)
        answer = b""
        while part := wire.recv(65536):
            answer += part
    return answer


def test_a_tile_that_is_held_already_is_not_sent_again(server_url: str) -> None:
    status, headers, body = _get(server_url, TILE, {"Accept-Encoding": "br"})
    assert status == 200
    assert len(body) == int(headers["content-length"])
    again, kept, nothing = _get(server_url, TILE, {"Accept-Encoding": "br", "If-None-Match": headers["etag"]})
    assert (again, nothing) == (304, b"")
    for name in ("etag", "vary", "cache-control", "content-location"):
        assert kept[name] == headers[name]


def test_head_sends_the_length_and_no_body(server_url: str) -> None:
    _, get, body = _get(server_url, TILE)
    status, head, nothing = _get(server_url, TILE, method="HEAD")
    assert (status, nothing) == (200, b"")
    assert int(head["content-length"]) == len(body) == int(get["content-length"])


def test_an_empty_tile_has_no_length_and_no_body(server_url: str) -> None:
    status, headers, body = _get(server_url, "/tiles/ukraine-sample.control/6/0/0.mvt")
    assert (status, body) == (204, b"")
    assert "content-length" not in headers
    assert "vary" in headers


def test_what_a_proxy_might_say_is_not_believed(server_url: str) -> None:
    forwarded = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-For": "203.0.113.9",
    }
    _, _, body = _get(server_url, "/tilesets/ukraine-sample", forwarded)
    assert json.loads(body)["tiles"][0].startswith(f"{server_url}/tiles/")


def test_nobody_is_told_what_the_server_is_made_of(server_url: str) -> None:
    for path in (TILE, "/nothing", "/tiles/x/0/0/0.mvt"):
        assert "server" not in _get(server_url, path)[1]


@pytest.mark.parametrize(
    "line",
    [
        b"GET /tiles/ukraine-sample/6/38/22.mvt%00 HTTP/1.1",
        b"GET /tiles/\xff\xfe/6/38/22.mvt HTTP/1.1",
        b"GET /tiles/ukraine-sample/../../etc/passwd HTTP/1.1",
        b"GET //evil.example/tilesets/ HTTP/1.1",
        b"GET /tilesets/ HTTP/1.1",
        b"GET http://evil.example/nothing HTTP/1.1",
        b"GET /tiles/ukraine-sample/6/38/22.mvt?datetime=" + b"9" * 20_000 + b" HTTP/1.1",
        b"GET /static/..%2f..%2fapp.py HTTP/1.1",
        b"GET tiles HTTP/1.1",
        b"GET  HTTP/1.1",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
    ],
    ids=lambda line: repr(line[:40]),
)
def test_a_broken_request_is_refused_and_the_server_lives(server_url: str, line: bytes) -> None:
    answer = _raw(server_url, line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert not answer or answer.split(b" ", 2)[1] in (b"400", b"404", b"414")
    assert b"Traceback" not in answer
    assert _get(server_url, "/healthz")[0] == 200


@pytest.mark.parametrize("path", ["/static/basemap/world.pmtiles"])  # texts go out whole, whatever is asked
def test_a_range_that_is_not_there_is_refused_as_all_else_is(server_url: str, path: str) -> None:
    status, headers, body = _get(server_url, path, {"Range": "bytes=99999999-"})
    assert (status, headers["content-type"]) == (416, "application/problem+json")
    assert headers["content-range"].startswith("bytes */")
    assert json.loads(body)["status"] == 416
    assert int(headers["content-length"]) == len(body)
    assert _get(server_url, path, {"Range": "bytes=x"})[0] in (200, 400)


@pytest.mark.parametrize("wish", ["websocket", "h2c"])
def test_a_wish_for_another_protocol_is_passed_over(server_url: str, wish: str) -> None:
    wished = {"Connection": "Upgrade", "Upgrade": wish, "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    assert _get(server_url, TILE, {**wished, **key})[0] == 200


def test_a_request_with_two_lengths_is_refused(server_url: str) -> None:
    answer = _raw(
        server_url,
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 7\r\n\r\nabcd",
    )
    assert not answer.startswith(b"HTTP/1.1 200")
