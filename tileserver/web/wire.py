"""The requests of a connection: known answers, and tiles at hand, go out before the framework is asked.

A subclass of uvicorn's own protocol. Every byte is parsed by httptools as before; once a request's headers
are complete, they are looked at, and `web.hot` is asked. What it does not know, and `web.limits` lets pass,
`web.direct` answers where that waits for nothing; only the rest becomes a task, a scope and a route.
"""

from __future__ import annotations

import asyncio
import time
from math import ceil
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from tileserver.web.again import Again
from tileserver.web.connection import Connection
from tileserver.web.doors import Told, refusal
from tileserver.web.forwarded import HEADERS as FORWARDED
from tileserver.web.forwarded import Caller, household
from tileserver.web.gate import Head
from tileserver.web.hot import Lookup
from tileserver.web.keys import Passed, RawHeaders, owned
from tileserver.web.keys_text import HEADERS, Credentials, shown_in
from tileserver.web.keys_visit import Visit
from tileserver.web.limits import Bill, cost_of
from tileserver.web.represent import Wish

_SLOW = frozenset((b"content-length", b"transfer-encoding", b"expect", b"upgrade"))  # such goes the slow way
_KNOWN = FORWARDED | {
    b"host",
    b"accept-encoding",
    b"available-dictionary",
    b"dictionary-id",
    b"if-none-match",
}
_HEARD = _SLOW | _KNOWN | HEADERS  # the headers that are looked at here
_NOTHING = Caller()
_TOO_MUCH = "this address has asked for more work than the server does for one; ask again later"
_END, _CLOSING = b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"  # of a head
_PIPELINED = 64  # requests of one connection that may wait for their turn


class Wire(Connection):
    """A connection on which requests are answered, before the framework or by the framework."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._head_bytes = self._body_bytes = 0  # since the last head or request, and so at most of the next
        self._heard: dict[bytes, bytes] = {}
        self._repeated: set[bytes] = set()
        self._again: Again | None = None  # what was answered last
        self._last: Lookup | None = None  # of the request that was answered last in what came in
        self._is_answered = False  # by ourselves
        self._passed: Passed | None = None  # of a request that shows a key

    def data_received(self, data: bytes) -> None:
        """Parse *data*, the bytes that came in; refuse a head or a body that does not end."""
        if self._is_ending or self.transport.is_closing():
            if self._is_busy:
                self.flow.pause_reading()  # again: a route that asks for more has the socket read on
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

    def on_message_begin(self) -> None:
        """Begin to read a request."""
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._heard, self._repeated = {}, set()
        self.is_reading_head, self._is_answered, self._passed = True, False, None
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
        url, heard, shown = self.url, self._heard, None
        if b"key=" in url or b"signed=" in url or b"authorization" in heard or b"x-api-key" in heard:
            shown = self._take_key()
        version = self.parser.get_http_version()
        head = Head(version, self.url, self.headers, self._heard, self._repeated, size)
        if (trouble := self._gate.trouble(head)) is not None:
            self._is_answered = True
            self.refuse(*trouble)
            return
        if shown is not None and self._is_refused(shown):
            return
        caller = self._gate.proxies.caller(self._heard) if self._is_proxy else _NOTHING
        host = caller.host.encode() or self._heard.get(b"host", b"")
        lookup = self._lookup(b"%s://%s" % ((caller.scheme or self.scheme or "http").encode(), host))
        if lookup is None or not self._answers(lookup):
            self._begin(caller, host, lookup)

    def _take_key(self) -> Credentials | None:
        """Take a key out of the request, before anything can be said, kept or logged of the address."""
        shown = shown_in(self.url, self._heard)
        if shown is not None:
            self.url = shown.target
            self.headers = [each for each in self.headers if each[0] not in HEADERS]
        return shown

    def _is_refused(self, shown: Credentials) -> bool:
        """Decide on the key that was *shown*; whether the request was refused, and so has its answer."""
        decided = self._gate.keys.admit(Visit.of(shown, self.headers, self.parser.get_method()))
        if isinstance(decided, Passed):
            self._passed = decided
            return False
        self._turn_away(decided.status, decided.reason, decided.retry_s, decided.headers)
        return True

    def _turn_away(self, status: int, reason: str, retry_s: int, headers: RawHeaders = ()) -> None:
        """Refuse a request; after answers that are under way, end: the rest has to be sent again."""
        if self._is_busy:
            self._is_answered = self._is_ending = True
            return
        method, number, closes = self.parser.get_method(), self._gate.hot.number(), self._closes
        told = Told(number, retry_s, method == b"HEAD", closes, headers)
        self._finish(refusal(status, reason, told), closes)
        self._gate.access.note(method, self.url, status, number, 0)

    def _end(self, closes: bool) -> bytes:
        """Return the end of the head of an answer of our own."""
        end = _CLOSING if closes else _END
        return end if self._passed is None else self._gate.keys.said(self._passed.bearer) + end

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
            and (self._passed is None or not self._passed.waits)
        )

    def _lookup(self, origin: bytes) -> Lookup | None:
        """Return the parts of the request that a known answer depends on, if the request is simple."""
        method = self.parser.get_method()
        if not self._is_simple(method):
            return None
        plain = self._gate.aliases.plain(self.url)
        return Lookup.heard(plain, origin, self._heard, is_head=method == b"HEAD")

    def _answers(self, lookup: Lookup) -> bool:
        """Answer ourselves, if the answer is known."""
        date, closes = self.server_state.default_headers[0][1], self._closes
        if self._passed is None:
            answer = self._gate.hot.answer(lookup, date, _CLOSING if closes else _END)
        else:
            answer = self._gate.server(self._passed.audience).hot.answer(lookup, date, self._end(closes))
        if answer is None:
            return False
        self._finish(answer[0] if self._passed is None else owned(self._passed, answer[0]), closes)
        self._gate.access.note(self.parser.get_method(), self.url, *answer[1:])
        if not closes and self._passed is None:  # what shows a key is looked at anew each time
            self._last = lookup
        return True

    def _answers_directly(self, lookup: Lookup, bill: Bill) -> bool:
        """Answer ourselves, if all parts of the answer are at hand; as cheap as an answer from memory."""
        server = self._gate if self._passed is None else self._gate.server(self._passed.audience)
        if (direct := server.direct) is None:
            return False
        begun, closes, date = time.perf_counter(), self._closes, self.server_state.default_headers[0][1]
        wish = Wish.heard(self._heard)
        if (answer := direct.answer(lookup, wish, date, self._end(closes))) is None:
            return False
        bill.settle()
        written = answer.written
        self._finish(written if self._passed is None else owned(self._passed, written), closes)
        took = time.perf_counter() - begun
        self._gate.access.note(self.parser.get_method(), self.url, *answer[1:], took)
        if not closes and self._passed is None:
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

    def _begin(self, caller: Caller, host: bytes, lookup: Lookup | None) -> None:
        """Answer at once or begin a task, if whoever asks has not asked for too much already."""
        cost = cost_of(self._gate.aliases.plain(self.url))
        payer = household(caller.client) if self._is_proxy else self._household
        wait_s = self._gate.allowances.take(payer, cost)
        if len(self.pipeline) >= _PIPELINED or wait_s:
            self._turn_away(429, _TOO_MUCH, ceil(wait_s))
            return
        bill = Bill(self._gate.allowances, payer, cost)
        if lookup is not None and self._answers_directly(lookup, bill):
            return
        self._make_scope(caller, host)
        self.scope["bill"] = bill  # type: ignore[typeddict-unknown-key]
        self.scope["passed"] = self._passed  # type: ignore[typeddict-unknown-key]
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
