"""A server in a thread, over a real socket, and a client that sends what it likes and reads every byte."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette


@contextmanager
def listening(
    app: Starlette, http: str = "tileserver.web.wire:Wire", host: str = "127.0.0.1"
) -> Iterator[int]:
    """Serve *app* with the protocol *http* at the address *host*, and yield the port."""
    config = uvicorn.Config(
        app,
        http=http,
        log_config=None,
        server_header=False,
        ws="none",
        timeout_keep_alive=60,
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family, backlog=1024) as door:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([door])), daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        try:
            yield door.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(30)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; header names in lower case, in the order in which they came."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header, empty where there is none."""
        return dict(self.headers).get(name, "")


class Line:
    """One connection that is kept."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection((host, port), timeout=20)
        self._left = b""

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, path: str, headers: dict[str, str] | None = None, method: str = "GET") -> Reply:
        """Send one request, and read its answer."""
        self.send(request(path, headers, method))
        return self.read(has_body=method != "HEAD")

    def send(self, text: bytes) -> None:
        """Send *text* as it is."""
        self.socket.sendall(text)

    def read(self, *, has_body: bool = True) -> Reply:
        """Read one answer."""
        while b"\r\n\r\n" not in self._left:
            self._more()
        head, _, self._left = self._left.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = tuple((line.partition(": ")[0].lower(), line.partition(": ")[2]) for line in lines)
        status = int(first.split(" ")[1])
        size = int(dict(pairs).get("content-length", "0")) if has_body and status not in (204, 304) else 0
        while len(self._left) < size:
            self._more()
        body, self._left = self._left[:size], self._left[size:]
        return Reply(status, pairs, body)

    def _more(self) -> None:
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError("the server has closed the connection")
        self._left += part

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()


def request(path: str, headers: dict[str, str] | None = None, method: str = "GET") -> bytes:
    """Return the text of a request."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    return f"{method} {path} HTTP/1.1\r\nHost: test\r\n{lines}\r\n".encode("latin-1")
