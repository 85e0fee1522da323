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
from collections.abc import Callable, Collection
from http import HTTPStatus
from typing import Protocol

import msgspec

_SWEEP_S = 1.0
_SPARE = 128  # descriptors for all else: the database, the shelf, the log
_FLUSH_S = 10.0  # for a client to take up the last of its answer


class Guest(Protocol):
    """A connection, as far as the door is concerned; instants are of `time.monotonic`."""

    waiting_from: float | None  # for a request, or for the rest of its head
    is_reading_head: bool
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
        How many there may be, of all and of one address that is not *trusted*.
    head_s, idle_s
        Seconds for a request's line and headers to come in, from their first byte or from the connection on,
        and for which a connection without a request is kept.
    head_bytes, headers
        How large a request's line and headers may be, and how many headers there may be.
    """

    def __init__(
        self,
        connections: int,
        per_address: int,
        trusted: Collection[str] = (),
        *,
        head_s: float = 10.0,
        idle_s: float = 60.0,
        head_bytes: int = 32_768,
        headers: int = 100,
    ) -> None:
        self.connections = min(connections, _descriptors() - _SPARE)
        self.per_address = per_address
        self.head_bytes = head_bytes
        self.headers = headers
        self._trusted = frozenset(trusted)
        self._head_s = head_s
        self._idle_s = idle_s
        self._guests: dict[Guest, str] = {}
        self._by_address: Counter[str] = Counter()
        self._leaving: dict[Guest, float] = {}

    def enter(self, guest: Guest, address: str) -> str | None:
        """Count *guest*, and return the reason to leave again, if there is any."""
        self._guests[guest] = address
        self._by_address[address] += 1
        if self._by_address[address] > self.per_address and address not in self._trusted:
            return f"{self.per_address} connections of one address are the most"
        if len(self._guests) - len(self._leaving) > self.connections and not self._make_room(guest):
            return f"{self.connections} connections are the most"
        return None

    def leave(self, guest: Guest) -> None:
        """Count *guest* no longer."""
        self._leaving.pop(guest, None)
        address = self._guests.pop(guest, None)
        if address is not None:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

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
            elif guest.waiting_from is not None:
                self._hurry(guest, now - guest.waiting_from)

    def _hurry(self, guest: Guest, waited_s: float) -> None:
        if guest.is_reading_head and waited_s > self._head_s:
            guest.refuse(HTTPStatus.REQUEST_TIMEOUT, f"a request has to be here within {self._head_s:.0f} s")
        elif waited_s > self._idle_s:
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


def refusal(status: int, reason: str) -> bytes:
    """Return the bytes of a whole answer that ends the connection: head, and a problem (RFC 9457)."""
    known = HTTPStatus(status)
    body = msgspec.json.encode(
        {"type": "about:blank", "title": known.phrase, "status": known.value, "detail": reason}
    )
    return (
        f"HTTP/1.1 {known.value} {known.phrase}\r\ncontent-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\ncache-control: no-store\r\n"
        "retry-after: 1\r\nconnection: close\r\n\r\n"
    ).encode() + body
