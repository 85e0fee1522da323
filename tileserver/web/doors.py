"""Who may come in, and for how long: connections in all and by address, time for a head, idle time.

One client must not be able to use up what is there for all: file descriptors, memory, the loop's time. A
connection that says nothing is closed, the longest idle first where room is needed; so is one whose request
never ends. A proxy speaks for many: it is trusted with as many connections as there are.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

import msgspec

from tileserver.web.cors import OPEN_HEADERS

_SWEEP_S = 1.0
_SPARE = 128  # descriptors for all else: the database, the shelf, the log
_LATER = (408, 429, 503)
_FLUSH_S = 10.0  # for a client to take up the last of its answer


class Guest(Protocol):
    """A connection, as far as the door is concerned; instants are of `time.monotonic`."""

    waiting_from: float | None  # for a request, or for the rest of its head
    stalled_from: float | None  # since when the client takes up nothing of its answer
    is_reading_head: bool
    is_fresh: bool  # not a byte has come in
    transport: asyncio.Transport

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a request is there, and no answer is under way."""

    def refuse(self, status: int, reason: str) -> None:
        """Say why, and end."""


class Doors:
    """Counts connections, and closes connections that wait for too long.

    Parameters
    ----------
    connections, per_address
        How many there may be, of all and of one address that is not *uncounted*.
    first_s, head_s, idle_s, stalled_s
        Seconds for the first byte of a connection; for a request's line and headers, from their first byte
        on; for which a connection is kept between requests; for which an answer may wait to be taken up.
    head_bytes, headers, body_bytes
        How large a request's line and headers may be, how many headers there may be, how large a body.
    """

    def __init__(
        self,
        connections: int,
        per_address: int,
        uncounted: Callable[[str], bool] = lambda _: False,
        *,
        first_s: float = 20.0,
        head_s: float = 10.0,
        idle_s: float = 60.0,
        stalled_s: float = 30.0,
        head_bytes: int = 32_768,
        headers: int = 100,
        body_bytes: int = 65_536,
    ) -> None:
        self.connections = min(connections, _descriptors() - _SPARE)
        self.per_address = per_address
        self.head_bytes = head_bytes
        self.headers = headers
        self.body_bytes = body_bytes
        self.is_uncounted = uncounted
        self._first_s = first_s
        self._head_s = head_s
        self._idle_s = idle_s
        self._stalled_s = stalled_s
        self._guests: dict[Guest, str] = {}
        self._by_address: Counter[str] = Counter()
        self._leaving: dict[Guest, float] = {}

    def enter(self, guest: Guest, payer: str) -> str | None:
        """Count *guest* for *payer*, and return the reason to leave again, if there is any.

        *payer* is whom the address counts for, such as a network of IPv6; nothing for the uncounted.
        """
        self._guests[guest] = payer
        self._by_address[payer] += 1
        if payer and self._by_address[payer] > self.per_address:
            return f"{self.per_address} connections of one address are the most"
        if len(self._guests) - len(self._leaving) > self.connections and not self._make_room(guest):
            return f"{self.connections} connections are the most"
        return None

    def excess(self, size: int, *, is_head: bool) -> tuple[int, str] | None:
        """Return status and reason for refusing *size* bytes of a head or a body; `None` if few enough.

        After the head a body may come in chunks, with extensions, and trailers: about a head's worth.
        """
        if is_head and size > self.head_bytes:
            return 431, f"a request's line and headers may take {self.head_bytes} bytes"
        if size > self.head_bytes + self.body_bytes:
            return 413, f"a request's body may take {self.body_bytes} bytes"
        return None

    def leave(self, guest: Guest) -> None:
        """Count *guest* no longer."""
        self._leaving.pop(guest, None)
        address = self._guests.pop(guest, None)
        if address is not None:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    @property
    def inside(self) -> int:
        """Connections now."""
        return len(self._guests)

    async def watch(self, report: Callable[[], None]) -> None:
        """Close connections that wait for too long, for ever; *report* is told that all is well."""
        while True:
            report()
            await asyncio.sleep(_SWEEP_S)
            self.sweep(time.monotonic())

    def sweep(self, now: float) -> None:
        """Close who has waited for too long at *now*."""
        for guest in [*self._guests]:
            if guest.transport.is_closing():
                if now - self._leaving.setdefault(guest, now) > _FLUSH_S:
                    guest.transport.abort()
            elif guest.stalled_from is not None and now - guest.stalled_from > self._stalled_s:
                guest.transport.abort()
            elif guest.waiting_from is not None:
                self._hurry(guest, now - guest.waiting_from)

    def _hurry(self, guest: Guest, waited_s: float) -> None:
        if guest.is_reading_head and waited_s > self._head_s:
            guest.refuse(HTTPStatus.REQUEST_TIMEOUT, f"a request has to be here within {self._head_s:.0f} s")
        elif waited_s > (self._first_s if guest.is_fresh else self._idle_s):
            guest.transport.close()

    def _make_room(self, newcomer: Guest) -> bool:
        """Close the connection that has been idle for longest, of others than *newcomer*."""
        idle = [
            guest
            for guest in self._guests
            if guest is not newcomer
            and guest.waiting_from is not None
            and guest.is_idle
            and not guest.transport.is_closing()
        ]
        if not idle:
            return False
        longest = min(idle, key=lambda guest: guest.waiting_from or 0)
        longest.transport.close()
        self._leaving[longest] = time.monotonic()
        return True


def _descriptors() -> int:
    """Return the number of files that the process may have open, after asking for as many as allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 1 << 20 if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


@dataclass(frozen=True, slots=True)
class Told:
    """Particulars of an answer that is given before the framework: the bytes of its id, and more."""

    request_id: bytes = b""
    retry_s: int = 1
    is_head: bool = False
    closes: bool = True
    headers: tuple[tuple[bytes, bytes], ...] = ()  # beside those of all


def refusal(status: int, reason: str, told: Told = Told()) -> bytes:
    """Return the bytes of a whole answer: head, and a problem (RFC 9457)."""
    headers, body = refusal_parts(status, reason, told)
    lines = b"".join(b"%s: %s\r\n" % pair for pair in headers)
    first = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
    return b"%s%s\r\n%s" % (first, lines, b"" if told.is_head else body)


def refusal_parts(status: int, reason: str, told: Told) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return headers and body, as bytes, of a refusal."""
    known, number = HTTPStatus(status), told.request_id.decode()
    body = msgspec.json.encode(
        {
            "type": "about:blank",
            "title": known.phrase,
            "status": known.value,
            "detail": reason,
            "request_id": number,
        }
    )
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-request-id", told.request_id),
        *OPEN_HEADERS,
        *told.headers,
    ]
    headers += [(b"retry-after", str(told.retry_s).encode())] if status in _LATER else []
    headers += [(b"connection", b"close")] if told.closes else []
    return headers, body
