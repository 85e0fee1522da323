"""A real server under hostile bodies, and under many cold tiles at once."""

from __future__ import annotations

import socket
import threading
import time
from urllib.parse import urlsplit

import numpy as np
import pytest

from tests.bench.client import BROWSER, Connection, ask_all, request_bytes

pytestmark = pytest.mark.db

TILE = "/tiles/western-front/{z}/{x}/{y}.mvt?datetime=1944-{month:02}-{day:02}"
COLD = [
    TILE.format(z=8, x=x, y=y, month=month, day=day)
    for month in (7, 8, 9, 10)
    for day in (3, 9, 15, 21, 27)
    for x in range(127, 133)
    for y in range(85, 89)
]
HEALTHY_S = 1.0  # generous: two processors have the server, PostgreSQL, this client and other tests


def test_health_is_answered_while_many_cold_tiles_are_drawn(server_url: str) -> None:
    port = urlsplit(server_url).port or 0
    requests = [request_bytes(path, BROWSER) for path in COLD]
    load = threading.Thread(target=ask_all, args=(port, requests, 32))
    load.start()
    health, seconds = Connection(port), []
    while load.is_alive():
        seconds.append(health.get("/healthz").seconds)
        time.sleep(0.01)
    load.join()
    health.close()
    assert len(seconds) > 20
    assert np.percentile(seconds, 95) < HEALTHY_S


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 44\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 44\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding : chunked\r\nContent-Length: 44\r\n",
    ],
)
def test_a_body_is_never_taken_for_the_next_request(server_url: str, head: str) -> None:
    hidden = "GET /tilesets/hidden HTTP/1.1\r\nHost: hidden\r\n\r\n"
    request = f"GET /healthz HTTP/1.1\r\nHost: x\r\n{head}\r\n{hidden}".encode()
    answer = _all_of(server_url, request)
    assert answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 400"))
    assert b"HTTP/1.1 404" not in answer, "the body was answered as a request"


def _all_of(url: str, request: bytes) -> bytes:
    where = urlsplit(url)
    with socket.create_connection((where.hostname or "", where.port or 80), timeout=1) as wire:
        wire.sendall(request)
        answer = b""
        try:
            while part := wire.recv(65536):
                answer += part
        except TimeoutError:
            pass  # it was kept open, for the rest of a body or for another request
    return answer
