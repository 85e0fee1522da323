"""Nobody can hold the server up: with heads that do not end, requests that do not come, idle connections."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from itertools import repeat

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.conftest import Databases, settings_for
from tests.web.wires import Line, listening, request
from tileserver.web.app import create_app
from tileserver.web.doors import Doors

pytestmark = pytest.mark.db

PLAIN = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def server(databases: Databases) -> Iterator[int]:
    """The port of a server whose doors are narrow and quick to close."""
    doors = Doors(
        24,
        12,
        first_s=2.0,
        head_s=1.0,
        idle_s=2.0,
        stalled_s=2.0,
        head_bytes=4096,
        headers=20,
        body_bytes=1000,
    )
    with listening(create_app(settings_for(databases.new()), doors=doors)) as port:
        yield port


def alive(port: int) -> bool:
    """Whether a stranger is answered at once."""
    started = time.monotonic()
    with Line(port) as line:
        return line.ask("/healthz").status == 200 and time.monotonic() - started < 3


def ended(line: Line, within_s: float) -> bool:
    """Whether the server closes a connection in time."""
    line.socket.settimeout(within_s)
    try:
        while line.socket.recv(65536):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def pour(line: Line, parts: Iterable[bytes], every_s: float) -> None:
    """Send one part after the other, until there are no more or the other side has gone."""
    for part in parts:
        line.send(part)
        time.sleep(every_s)


def test_a_head_that_never_ends_is_refused_while_others_are_answered(server: int) -> None:
    lines = [Line(server) for _ in range(4)]
    for line in lines:
        line.send(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
    for line in lines:
        with pytest.raises(ConnectionError):
            pour(line, repeat(b"a" * 1024, 1000), 0.001)
        line.close()
    assert alive(server)


def test_too_large_a_head_is_told_so(server: int) -> None:
    with Line(server) as line:
        line.send(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 5000)
        reply = line.read()
        assert (reply.status, reply.header("content-type")) == (431, "application/problem+json")
        assert b"4096" in reply.body
        assert ended(line, 2)


def test_too_many_headers_are_told_so(server: int) -> None:
    with Line(server) as line:
        line.send(b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 30 + b"\r\n")
        assert line.read().status == 431
        assert ended(line, 2)


def test_a_byte_a_moment_does_not_keep_a_connection_open(server: int) -> None:
    started = time.monotonic()
    with Line(server) as line, pytest.raises(ConnectionError):
        pour(line, (bytes([byte]) for byte in b"GET /healthz HTTP/1.1\r\nX-Slow: " + b"a" * 200), 0.1)
    assert time.monotonic() - started < 8


def test_half_a_request_is_given_up_with_408(server: int) -> None:
    with Line(server) as line:
        line.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        assert line.read().status == 408
        assert ended(line, 1)


def test_a_connection_that_says_nothing_is_closed(server: int) -> None:
    with Line(server) as fresh, Line(server) as used:
        assert used.ask("/healthz").status == 200
        assert ended(fresh, 5)
        assert ended(used, 5)


def test_a_connection_is_kept_between_requests_that_come_in_time(server: int) -> None:
    with Line(server) as line:
        for _ in range(4):
            assert line.ask("/healthz").status == 200
            time.sleep(0.7)


def test_one_address_has_so_many_connections_and_no_more(server: int) -> None:
    with ExitStack() as stack:
        for _ in range(12):
            stack.enter_context(Line(server))
        reply = stack.enter_context(Line(server)).read()
        assert (reply.status, reply.header("connection")) == (503, "close")
    time.sleep(0.1)
    assert alive(server)


def test_where_room_is_needed_who_has_been_idle_for_longest_goes(databases: Databases) -> None:
    app = create_app(settings_for(databases.new()), doors=Doors(5, 100))
    with listening(app) as port, ExitStack() as stack:
        lines = []
        for _ in range(40):
            line = stack.enter_context(Line(port))
            assert line.ask("/healthz").status == 200
            lines.append(line)
        assert lines[-1].ask("/healthz").status == 200
        with pytest.raises(ConnectionError):
            lines[0].ask("/healthz")


def test_thousands_of_idle_connections_leave_room_for_a_reader(databases: Databases) -> None:
    app = create_app(settings_for(databases.new()), doors=Doors(200, 10_000))
    with listening(app) as port, ExitStack() as stack:
        for _ in range(1500):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        assert alive(port)


def test_a_connection_on_which_nothing_ever_comes_is_closed_sooner(databases: Databases) -> None:
    app = create_app(settings_for(databases.new()), doors=Doors(24, 12, first_s=0.5, idle_s=60))
    with listening(app) as port, Line(port) as silent, Line(port) as used:
        assert used.ask("/healthz").status == 200
        assert ended(silent, 4)
        assert used.ask("/healthz").status == 200


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: user@a\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: \xd1\x8f\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: map_server.lan:8000\r\n\r\n", 200),
        (b"GET /healthz HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n", 200),
        (b"GET /healthz HTTP/1.1\r\nHost:\r\n\r\n", 200),
        (b"GET /healthz HTTP/1.0\r\n\r\n", 200),
        (b"GET /healthz?" + b"a" * 3000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (b"GET /healthz?" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 5000 + b"\r\n\r\n", 431),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 200),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n", 413),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\nhello", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\nhello", 400),
        (PLAIN + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (PLAIN + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
        (PLAIN + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200),
    ],
    ids=range(20),
)
def test_requests_that_are_none_and_too_large_ones(server: int, head: bytes, status: int) -> None:
    with Line(server) as line:
        line.send(head)
        reply = line.read()
        assert reply.status == status
        if status >= 400:
            assert reply.header("content-type") == "application/problem+json"
            assert reply.header("cache-control") == "no-store"
            assert ended(line, 2)
        elif b"HTTP/1.1" in head:
            assert line.ask("/healthz").status == 200
    assert alive(server)


def test_a_body_without_end_ends_the_connection(server: int) -> None:
    with Line(server) as line:
        line.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(ConnectionError):
            pour(line, repeat(b"64\r\n" + b"a" * 100 + b"\r\n", 10_000), 0.001)


@pytest.mark.parametrize(
    ("begun", "endless"),
    [
        (b"0\r\n", b"X-More: " + b"a" * 1000 + b"\r\n"),
        (b"0\r\nX-Long: ", b"a" * 1000),
        (b"1;", b"a=b;" * 250),
    ],
    ids=["trailers", "a trailer", "extensions of a chunk"],
)
@pytest.mark.parametrize("path", [b"/healthz", b"/static/basemap/world.pmtiles"])
def test_what_follows_a_head_without_end_is_not_taken_up(
    databases: Databases, path: bytes, begun: bytes, endless: bytes
) -> None:
    app = create_app(settings_for(databases.new()))
    with listening(app) as port, Line(port) as line:
        line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.send(b"GET %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%s" % (path, begun))
        line.socket.settimeout(3)
        with pytest.raises((ConnectionError, TimeoutError)):
            pour(line, repeat(endless * 64, 500), 0)  # 32 MB, far more than sockets hold
        assert alive(port)


def test_trailers_are_no_headers_of_the_request(databases: Databases) -> None:
    async def names(asked: Request) -> JSONResponse:
        await asked.body()
        return JSONResponse([*asked.headers])

    app = create_app(settings_for(databases.new()))
    app.router.routes.insert(0, Route("/names", names))
    with listening(app) as port, Line(port) as line:
        line.send(b"GET /names HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        line.send(b"5\r\nhello\r\n0\r\nIf-None-Match: *\r\nHost: y\r\n\r\n")
        assert line.read().body == b'["host","transfer-encoding"]'
        assert line.ask("/healthz").status == 200


def test_line_ends_without_a_request_end_the_connection(server: int) -> None:
    with Line(server) as line, pytest.raises(ConnectionError):
        pour(line, repeat(b"\r\n" * 500, 1000), 0.001)


def test_nothing_follows_a_smuggled_body(server: int) -> None:
    with Line(server) as line:
        line.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 38\r\n\r\n")
        line.send(b"GET /tilesets HTTP/1.1\r\nHost: evil\r\n\r\n")
        assert line.read().body == b'{"status":"ok"}'
        assert line.ask("/healthz").body == b'{"status":"ok"}'


def test_a_reader_that_takes_up_nothing_is_let_go(databases: Databases) -> None:
    doors = Doors(24, 12, stalled_s=1.0)
    app = create_app(settings_for(databases.new()), doors=doors)
    with listening(app) as port, Line(port) as line:
        line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.send(request("/nothing") * 60)
        line.send(request("/static/basemap/world.pmtiles") * 60)
        time.sleep(0.5)
        deadline = time.monotonic() + 8
        while doors.inside and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not doors.inside


def test_a_flood_of_requests_in_one_piece_is_answered_in_part_and_ended(server: int) -> None:
    with Line(server) as line:
        line.send(request("/healthz") * 3000)
        answered = 0
        with suppress(ConnectionError):
            while True:
                assert line.read().status == 200
                answered += 1
        assert 10 <= answered < 3000
    assert alive(server)
