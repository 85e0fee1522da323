"""A quick client: HTTP/1.1 over kept connections on bare asyncio protocols, one answer at a time."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import cast

PATIENCE_S = 15.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, head in lower case, body, as bytes; both instants in seconds of the steady clock."""

    status: int
    head: bytes
    body: bytes
    asked_at: float
    answered_at: float

    @property
    def seconds(self) -> float:
        """Seconds from the request to the last byte."""
        return self.answered_at - self.asked_at

    def header(self, name: bytes) -> str:
        """A header's value, empty where it is absent."""
        at = self.head.find(b"\r\n" + name + b": ")
        if at < 0:
            return ""
        start = at + len(name) + 4
        return self.head[start : self.head.index(b"\r\n", start)].decode("latin-1")


class Pipe:
    """Requests to this machine's *port*, over one connection that is opened anew after it was closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._line: _Line | None = None
        self.asked_again = 0  # because a kept connection had ended, as clients do by themselves

    @property
    def own_port(self) -> int:
        """The port at this end, 0 while there is no connection."""
        return 0 if self._line is None else self._line.own_port

    async def get(self, path: str, more: str = "", method: str = "GET") -> Reply:
        """Ask for *path*; `ConnectionError` or `TimeoutError` where no whole answer comes."""
        text = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}\r\n".encode("latin-1")
        return await self.send(text)

    async def send(self, text: bytes) -> Reply:
        """Send the request *text*, and return the answer."""
        is_kept = self._line is not None and self._line.is_open
        asked = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await (await self._opened()).ask(text, asked)
        except ConnectionResetError:
            self.close()
            if not is_kept:
                raise
        except BaseException:
            self.close()
            raise
        self.asked_again += 1
        return await self.send(text)  # a kept connection may end at any time: clients ask once more

    def close(self) -> None:
        """Close the connection."""
        if self._line is not None:
            self._line.close()
            self._line = None

    async def _opened(self) -> _Line:
        if self._line is None or not self._line.is_open:
            loop = asyncio.get_running_loop()
            _, self._line = await loop.create_connection(_Line, "127.0.0.1", self._port)
        return self._line


class _Line(asyncio.Protocol):
    """A connection."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[tuple[int, bytes, bytes]] | None = None
        self._data = bytearray()
        self._is_head = False

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    @property
    def own_port(self) -> int:
        return 0 if self._transport is None else int(self._transport.get_extra_info("sockname")[1])

    async def ask(self, text: bytes, asked_at: float) -> Reply:
        if self._transport is None:
            raise ConnectionResetError("closed before the request")
        self._is_head = text.startswith(b"HEAD ")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(text)
        status, head, body = await self._waiting
        return Reply(status, head, body, asked_at, time.monotonic())

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionResetError("closed before the answer was whole"))

    def data_received(self, data: bytes) -> None:
        self._data += data
        end = self._data.find(b"\r\n\r\n")
        if end < 0 or self._waiting is None or self._waiting.done():
            return
        head = bytes(self._data[: end + 2]).lower()
        status = int(head[9:12])
        at = -1 if status in (204, 304) or self._is_head else head.find(b"\r\ncontent-length: ")
        size = 0 if at < 0 else int(head[at + 18 : head.index(b"\r\n", at + 18)])
        if len(self._data) >= end + 4 + size:
            body = bytes(self._data[end + 4 : end + 4 + size])
            del self._data[: end + 4 + size]
            self._waiting.set_result((status, head, body))
