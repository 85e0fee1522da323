"""The connection: known answers go out before the framework is asked, and no client stays for good.

A subclass of uvicorn's own protocol. Every byte is parsed by httptools as before; once a request's headers
are complete, they are looked at, `web.hot` is asked, and only what it does not know, and what `web.limits`
lets pass, becomes a task, a scope and a route.
"""

from __future__ import annotations

import asyncio
import time
from math import ceil
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from tileserver.web.again import Again
from tileserver.web.doors import Told, refusal
from tileserver.web.forwarded import HEADERS as FORWARDED
from tileserver.web.forwarded import Caller, household
from tileserver.web.gate import Gate, Head
from tileserver.web.hot import Lookup
from tileserver.web.limits import Bill, cost_of

_SLOW = frozenset((b"content-length", b"transfer-encoding", b"expect", b"upgrade"))  # such goes the slow way
_KNOWN = FORWARDED | {b"host", b"accept-encoding", b"available-dictionary", b"if-none-match"}
_HEARD = _SLOW | _KNOWN  # the headers that are looked at here
_NOTHING = Caller()
_TOO_MUCH = "this address has asked for more work than the server does for one; ask again later"
_FAREWELL_S = 0.5  # for a request on its way to come in, when the server ends
_PIPELINED = 64  # requests of one connection that may wait for their turn


class Wire(HttpToolsProtocol):
    """A connection of the server; `web.app` hands over the parts of `Gate` in the state of its lifespan."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._gate: Gate = app_state["gate"]
        self._is_proxy, self._household = False, ""  # a trusted one; whom the address counts for, if anybody
        self._head_bytes = self._body_bytes = 0  # since the last head or request, and so at most of the next
        self._heard: dict[bytes, bytes] = {}
        self._repeated: set[bytes] = set()
        self._again: Again | None = None  # what was answered last
        self._last: Lookup | None = None  # of the request that was answered last in what came in
        self._is_answered = False  # by ourselves
        self._is_ending = False  # what comes in is of no interest any more
        self.waiting_from: float | None = None  # for the next request, or for the rest of its headers
        self.stalled_from: float | None = None  # the client takes up nothing of its answer
        self.is_reading_head = False
        self.is_fresh = True  # nothing has come in yet

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a request is there, and no answer is under way."""
        return not self.is_reading_head and not self._is_busy

    @property
    def _is_busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, unless the house is full."""
        super().connection_made(transport)
        self.waiting_from = time.monotonic()
        address = self.client[0] if self.client else ""
        self._is_proxy, self._household = self._gate.proxies.trusts(address), self._gate.payer(address)
        if (reason := self._gate.doors.enter(self, self._household)) is not None:
            transport.write(refusal(503, reason))
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._gate.doors.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse *data*, the bytes that came in; refuse a head or a body that does not end."""
        if self._is_ending or self.transport.is_closing():
            return
        begins = not self._head_bytes
        if begins and self._again is not None and self._answers_again(data, self._again):
            return
        self._head_bytes += len(data)
        self.is_fresh, self._last = False, None
        super().data_received(data)
        self._again = Again.of(data, self._last) if begins and self._last is not None else None
        size, is_head = self._head_bytes, self.is_reading_head
        if size and (excess := self._gate.doors.excess(size, is_head=is_head)) is not None:
            self.refuse(*excess)

    def shutdown(self) -> None:
        """End in good order: answer a request on the way, and no other."""
        self._gate.ready.leave()
        if self._is_busy:
            self.cycle.keep_alive = False
        else:
            self.loop.call_later(_FAREWELL_S, self._leave)

    def _leave(self) -> None:
        if self._is_busy:
            self.cycle.keep_alive = False
        elif not self.transport.is_closing():
            self.transport.close()

    def pause_writing(self) -> None:
        """Note since when the client takes up nothing."""
        super().pause_writing()
        self.stalled_from = time.monotonic()

    def resume_writing(self) -> None:
        """Note that the client reads on."""
        super().resume_writing()
        self.stalled_from = None

    def send_400_response(self, msg: str) -> None:
        """Refuse bytes that are no request."""
        self.refuse(400, "this is no HTTP request")

    def refuse(self, status: int, reason: str) -> None:
        """Answer with a problem, and end the connection; after an answer that is under way, only end."""
        self._is_ending = True
        if self.transport.is_closing():
            return
        if self._is_busy:
            self.flow.pause_reading()
            return
        if status == 413 and self.waiting_from is not None:  # the request has its answer
            self.transport.close()
            return
        number = self._gate.hot.number()
        self.transport.write(refusal(status, reason, Told(number)))
        self.transport.close()
        if not self.is_reading_head and status != 400:
            self._gate.access.note(self.parser.get_method(), self.url, status, number, 0)

    def on_message_begin(self) -> None:
        """Begin to read a request."""
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._heard, self._repeated = {}, set()
        self.is_reading_head, self._is_answered = True, False
        self.waiting_from = time.monotonic()

    def on_header(self, field: bytes, value: bytes) -> None:
        """Take up one header; trailers, which follow a body, are of interest to nobody."""
        if not self.is_reading_head:
            return
        field = field.lower()
        self.headers.append((field, value))
        if field in _HEARD:
            if field in self._heard:
                self._repeated.add(field)
                value = b"%s, %s" % (self._heard[field], value)
            self._heard[field] = value

    def on_headers_complete(self) -> None:
        """Answer from memory where the answer is known; else begin a task."""
        self.is_reading_head, self.waiting_from = False, None
        size, self._head_bytes, self._body_bytes = self._head_bytes, 0, 0
        if self._is_ending:
            self._is_answered = True
            return
        version = self.parser.get_http_version()
        head = Head(version, self.url, self.headers, self._heard, self._repeated, size)
        if (trouble := self._gate.trouble(head)) is not None:
            self._is_answered = True
            self.refuse(*trouble)
            return
        caller = self._gate.proxies.caller(self._heard) if self._is_proxy else _NOTHING
        host = caller.host.encode() or self._heard.get(b"host", b"")
        if self._answers(b"%s://%s" % ((caller.scheme or self.scheme or "http").encode(), host)):
            return
        self._begin(caller, host)

    @property
    def _closes(self) -> bool:
        """Whether the connection ends with the answer."""
        return (
            self._gate.is_leaving
            or not self.parser.should_keep_alive()
            or self.parser.get_http_version() != "1.1"
        )

    def _is_simple(self, method: bytes) -> bool:
        """Whether a known answer may be the answer: nothing asks for more, and the client reads."""
        return (
            method in (b"GET", b"HEAD")
            and _SLOW.isdisjoint(self._heard)
            and self._repeated <= FORWARDED
            and not self.flow.write_paused
            and not self._is_busy
            and not self.transport.is_closing()
        )

    def _answers(self, origin: bytes) -> bool:
        """Answer ourselves, if the request is simple and the answer known."""
        heard, method = self._heard, self.parser.get_method()
        if not self._is_simple(method):
            return False
        lookup = Lookup.heard(self.url, origin, heard, is_head=method == b"HEAD")
        end = b"\r\nconnection: close\r\n\r\n" if (closes := self._closes) else b"\r\n\r\n"
        date = self.server_state.default_headers[0][1]
        if (answer := self._gate.hot.answer(lookup, date, end)) is None:
            return False
        self._finish(answer[0], closes)
        self._gate.access.note(method, self.url, *answer[1:])
        if not closes:
            self._last = lookup
        return True

    def _answers_again(self, data: bytes, again: Again) -> bool:
        """Answer a request with the headers of the last, byte for byte, if the answer is known.

        A browser sends the same headers for one tile after another. They were parsed and looked at the first
        time; and an address that is known was parsed when it became known.
        """
        target = again.target(data)
        if target is None or self._gate.is_leaving or self._is_busy or self.flow.write_paused:
            return False
        date = self.server_state.default_headers[0][1]
        if (answer := self._gate.hot.answer(Lookup(target, *again.rest), date)) is None:
            return False
        self._unset_keepalive_if_required()
        self._finish(answer[0], closes=False)
        self._gate.access.note(b"GET", target, *answer[1:])
        return True

    def _finish(self, written: bytes, closes: bool) -> None:
        """Write a whole answer of our own."""
        self._is_answered = True
        self.transport.write(written)
        self.server_state.total_requests += 1
        self.waiting_from = time.monotonic()
        if closes:
            self._is_ending = True
            self.transport.close()

    def _begin(self, caller: Caller, host: bytes) -> None:
        """Begin a task, if whoever asks has not asked for too much already."""
        cost, payer = cost_of(self.url), household(caller.client) if self._is_proxy else self._household
        wait_s = self._gate.allowances.take(payer, cost)
        if len(self.pipeline) >= _PIPELINED or (wait_s and self._is_busy):
            self._is_answered = self._is_ending = True  # after those before; the rest has to be sent again
            return
        if wait_s:
            method, number, closes = self.parser.get_method(), self._gate.hot.number(), self._closes
            told = Told(number, ceil(wait_s), is_head=method == b"HEAD", closes=closes)
            self._finish(refusal(429, _TOO_MUCH, told), closes)
            self._gate.access.note(method, self.url, 429, number, 0)
            return
        self._make_scope(caller, host)
        self.scope["bill"] = Bill(self._gate.allowances, payer, cost)  # type: ignore[typeddict-unknown-key]
        self.expect_100_continue = self._heard.get(b"expect", b"").lower() == b"100-continue"
        super().on_headers_complete()
        self.cycle.keep_alive &= not self._gate.is_leaving

    def _make_scope(self, caller: Caller, host: bytes) -> None:
        """Let uvicorn make its scope, with client, scheme and host of *caller* behind a proxy."""
        url, headers = self.url, self.headers
        if caller.host:
            headers = [(name, host if name == b"host" else value) for name, value in headers]
        super().on_message_begin()
        self.url, self.headers, self.scope["headers"] = url, headers, headers
        if caller.scheme:
            self.scope["scheme"] = caller.scheme
        if caller.client:
            self.scope["client"] = (caller.client, 0)

    def on_body(self, body: bytes) -> None:
        """Pass the bytes of a part of a body on to a task, if there is any."""
        self._body_bytes += len(body)
        if self._body_bytes > self._gate.doors.body_bytes and not self._is_ending:
            self.refuse(413, f"a request's body may take {self._gate.doors.body_bytes} bytes")
        if not self._is_answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._head_bytes = 0
        if not self._is_answered:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        more = bool(self.pipeline)
        super().on_response_complete()
        if not more:
            self.waiting_from = time.monotonic()
            if self._is_ending:
                self.transport.close()
