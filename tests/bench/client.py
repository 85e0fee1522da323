"""A load client of its own: HTTP/1.1 on asyncio streams with keep-alive, the same one for every server.

It checks each answer's status, reads each body to its end and counts its bytes; it decodes none.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

CODING = "gzip"  # a form that every server here knows
_REQUEST = "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: {coding}\r\n{more}\r\n"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: its status, header lines in lower case, bytes of its body, seconds from first to last."""

    status: int
    head: bytes
    size: int
    seconds: float

    def header(self, name: str) -> str:
        """Return a header's value, empty where it is absent."""
        for line in self.head.split(b"\r\n"):
            key, _, value = line.partition(b":")
            if key == name.encode():
                return value.strip().decode()
        return ""


class WrongAnswer(Exception):
    """A server answered something else than a tile: its figures would mean nothing."""


class Connection:
    """One kept-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        """Connect to this machine's *port*."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 24))

    async def get(self, path: str, *, more: str = "", expected: Sequence[int] = (200, 204)) -> Reply:
        """Ask for *path*; `WrongAnswer` unless the status is one of *expected*."""
        request = _REQUEST.format(path=path, coding=CODING, more=more).encode()
        started = time.perf_counter()
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head[9:12])
        size = 0 if status in (204, 304) else await self._body(head)
        reply = Reply(status, head, size, time.perf_counter() - started)
        if status not in expected:
            raise WrongAnswer(f"{path} was answered with {status}, not {expected}")
        return reply

    async def _body(self, head: bytes) -> int:
        at = head.find(b"\r\ncontent-length:")
        if at < 0:
            raise WrongAnswer("an answer without Content-Length, which this client does not read")
        size = int(head[at + 17 : head.index(b"\r\n", at + 17)])
        await self._reader.readexactly(size)
        return size

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        await self._writer.wait_closed()


@dataclass(frozen=True, slots=True)
class Load:
    """What a closed loop of *connections* got done: answers, their bytes, seconds each, seconds in all."""

    answers: int
    size: int
    latencies: list[float]
    seconds: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


async def closed_loop(port: int, paths: Sequence[str], connections: int, seconds: float) -> Load:
    """Ask for *paths* round and round over *connections*, each sending its next request when answered."""
    opened = [await Connection.open(port) for _ in range(connections)]
    started = time.perf_counter()
    replies = await asyncio.gather(
        *(
            _loop(connection, [*paths[shift:], *paths[:shift]], started + seconds)
            for shift, connection in zip(cycle(range(len(paths))), opened, strict=False)
        )
    )
    took = time.perf_counter() - started
    for connection in opened:
        await connection.close()
    flat = [reply for each in replies for reply in each]
    return Load(len(flat), sum(reply.size for reply in flat), [reply.seconds for reply in flat], took)


async def _loop(connection: Connection, paths: Sequence[str], until: float) -> list[Reply]:
    done = []
    for path in cycle(paths):
        done.append(await connection.get(path))
        if time.perf_counter() > until:
            break
    return done
