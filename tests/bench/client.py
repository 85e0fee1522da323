"""Load clients: the same bytes for every server, with the request headers of a browser.

One connection is a plain socket that waits for each answer (`Connection`). Many connections are one thread
over `selectors` (`ask_all`): each sends its next request as soon as it is answered. Both check each answer's
status, read each body to its end and count its bytes; they decode none. `wrk` does the same in C, for
rates that Python cannot send (`tests.bench.load`).
"""

from __future__ import annotations

import re
import select
import selectors
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

GZIP = {"Accept-Encoding": "gzip"}  # a form that every server here knows
BROWSER = {  # Chromium's, of a fetch from a page of the same site
    "Connection": "keep-alive",
    "sec-ch-ua-platform": '"Linux"',
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0.0.0 Safari/537.36",
    "sec-ch-ua": '"Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"',
    "sec-ch-ua-mobile": "?0",
    "Accept": "*/*",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Dest": "empty",
    "Referer": "http://127.0.0.1/",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-GB,en;q=0.9,uk;q=0.8",
}
TILE = (200, 204)
_PATIENCE_S = 60
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: its status, header lines, bytes of its body, seconds from first to last."""

    status: int
    head: bytes
    size: int
    seconds: float
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return a header's value, empty where it is absent."""
        for line in self.head.split(b"\r\n"):
            key, _, value = line.partition(b":")
            if key.lower() == name.encode():
                return value.strip().decode()
        return ""


class WrongAnswer(Exception):
    """A server answered something else than a tile: its figures would mean nothing."""


class Connection:
    """One kept-alive connection to this machine's *port*: a blocking socket, the least a client costs."""

    def __init__(self, port: int, headers: dict[str, str] = GZIP) -> None:
        self._socket = _connected(port)
        self._headers = headers

    def get(
        self, path: str, *, expected: Sequence[int] = TILE, more: Mapping[str, str] = MappingProxyType({})
    ) -> Reply:
        """Ask for *path*, with *more* headers; `WrongAnswer` unless the status is one of *expected*."""
        request = request_bytes(path, {**self._headers, **more})
        started = time.perf_counter()
        self._socket.sendall(request)
        data = bytearray()
        while (size := answer_bytes(data)) is None or len(data) < size:
            part = self._socket.recv(_CHUNK)
            if not part:
                raise WrongAnswer(f"{path}: the connection was closed after {len(data)} bytes")
            data += part
        took = time.perf_counter() - started
        head, _, body = bytes(data).partition(b"\r\n\r\n")
        if _CHUNKED.search(head):
            body = _without_chunks(body)
        status = int(head[9:12])
        if status not in expected:
            raise WrongAnswer(f"{path} was answered with {status}, not {expected}: {body[:200]!r}")
        return Reply(status, head, len(body), took, body)

    @property
    def is_closed(self) -> bool:
        """Whether the server has closed it; nothing else comes unasked."""
        readable, _, _ = select.select([self._socket], [], [], 0)
        return bool(readable)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


@dataclass(slots=True)
class Load:
    """What was got done: answers by status, bytes of bodies, seconds of each answer, seconds in all."""

    statuses: dict[int, int] = field(default_factory=dict)
    size: int = 0
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def answers(self) -> int:
        """How many there were."""
        return len(self.latencies)

    @property
    def refused(self) -> int:
        """How many of them were no tile."""
        return sum(number for status, number in self.statuses.items() if status not in TILE)


def ask_all(port: int, requests: Sequence[bytes], connections: int, until_s: float | None = None) -> Load:
    """Send *requests* over *connections*, each once; round and round for *until_s* seconds where given."""
    load, started = Load(), time.perf_counter()
    waiting = _rounds(requests, started, until_s)
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            _send_next(selector, _Open(_connected(port)), waiting)
        while selector.get_map():
            if not (events := selector.select(_PATIENCE_S)):
                raise WrongAnswer(f"no answer within {_PATIENCE_S} s")
            for key, _ in events:
                if key.data.read(load):
                    selector.unregister(key.fileobj)
                    _send_next(selector, key.data, waiting)
    load.seconds = time.perf_counter() - started
    return load


def request_bytes(path: str, headers: Mapping[str, str]) -> bytes:
    """Return a GET of *path* as it is sent."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode()


def answer_bytes(data: bytes | bytearray) -> int | None:
    """Return how long the answer that begins *data* is, head and body; None before that can be told."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    if data[9:12] in (b"204", b"304"):
        return end + 4
    length = _LENGTH.search(data, 0, end)
    if _CHUNKED.search(data, 0, end + 2):
        return _chunked_bytes(data, end + 4)
    if length is None:
        raise WrongAnswer("an answer with neither Content-Length nor chunks, which this client does not read")
    return end + 4 + int(length[1])


def _chunked_bytes(data: bytes | bytearray, start: int) -> int | None:
    """Return where the chunks that begin at *start* end (RFC 9112); None before their end is there."""
    while (end := data.find(b"\r\n", start)) >= 0:
        size = int(data[start:end].partition(b";")[0], 16)
        start = end + 2 + size + 2
        if not size:
            return start
    return None


def _without_chunks(data: bytes) -> bytes:
    body, start = bytearray(), 0
    while size := int(data[start : (end := data.index(b"\r\n", start))].partition(b";")[0], 16):
        body += data[end + 2 : end + 2 + size]
        start = end + 2 + size + 2
    return bytes(body)


@dataclass(slots=True)
class _Open:
    """A connection and what has come of the answer that it waits for."""

    socket: socket.socket
    data: bytearray = field(default_factory=bytearray)
    sent: float = 0.0

    def read(self, load: Load) -> bool:
        """Take what is there; whether the answer is whole, and then counted."""
        part = self.socket.recv(_CHUNK)
        if not part:
            raise WrongAnswer("the server closed a connection that waited for an answer")
        self.data += part
        size = answer_bytes(self.data)
        if size is None or len(self.data) < size:
            return False
        load.latencies.append(time.perf_counter() - self.sent)
        status = int(self.data[9:12])
        load.statuses[status] = load.statuses.get(status, 0) + 1
        load.size += size - self.data.find(b"\r\n\r\n") - 4
        return True


def _send_next(selector: selectors.BaseSelector, opened: _Open, waiting: Iterator[bytes]) -> None:
    request = next(waiting, None)
    if request is None:
        opened.socket.close()
        return
    opened.data.clear()
    opened.sent = time.perf_counter()
    opened.socket.sendall(request)
    selector.register(opened.socket, selectors.EVENT_READ, opened)


def _rounds(requests: Sequence[bytes], started: float, until_s: float | None) -> Iterator[bytes]:
    yield from requests
    while until_s is not None:
        for request in requests:
            if time.perf_counter() - started > until_s:
                return
            yield request


def _connected(port: int) -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened
