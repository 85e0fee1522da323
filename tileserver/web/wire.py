"""The connection: known answers go out before the framework is asked, and no client stays for good.

A subclass of uvicorn's own protocol. Every byte is parsed by httptools as before; once a request's headers
are complete, `web.hot` is asked, and only what it does not know becomes a task, a scope and a route.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from tileserver.web.access import AccessLog
from tileserver.web.doors import Doors, refusal
from tileserver.web.hot import HotAnswers

_BODY = (b"content-length", b"transfer-encoding", b"expect", b"upgrade")  # such a request takes the slow way


class Wire(HttpToolsProtocol):
    """A connection of the server; `web.app` hands over memo, doors and log in the state of its lifespan."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._hot: HotAnswers = app_state["hot"]
        self._doors: Doors = app_state["doors"]
        self._log: AccessLog = app_state["access"]
        self._head_bytes = 0  # of the request whose headers are not complete
        self._is_plain = True  # whether nothing in its headers needs the slow way
        self._is_answered = False  # by ourselves
        self._accepted: bytes | None = None
        self._condition: bytes | None = None
        self.waiting_from: float | None = None  # for the next request, or for the rest of its headers
        self.is_reading_head = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a request is there, and no answer is under way."""
        return not self.is_reading_head and (self.cycle is None or self.cycle.response_complete)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, unless the house is full."""
        super().connection_made(transport)
        self.waiting_from = time.monotonic()
        if (reason := self._doors.enter(self, self.client[0] if self.client else "")) is not None:
            transport.write(refusal(503, reason))
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._doors.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse *data*, the bytes that came in; refuse a head that does not end."""
        if self.transport.is_closing():
            return
        self._head_bytes += len(data)
        super().data_received(data)
        if self.is_reading_head and self._head_bytes > self._doors.head_bytes:
            self.refuse(431, f"a request's line and headers may take {self._doors.head_bytes} bytes")

    def refuse(self, status: int, reason: str) -> None:
        """Answer with a problem, and end the connection; only end where an answer is under way."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(refusal(status, reason))
        self.transport.close()

    def on_message_begin(self) -> None:
        """Begin to read a request."""
        super().on_message_begin()
        self.is_reading_head, self._is_plain, self._is_answered = True, True, False
        self._accepted = self._condition = None
        self.waiting_from = time.monotonic()

    def on_header(self, field: bytes, value: bytes) -> None:
        """Take up one header."""
        field = field.lower()
        self.headers.append((field, value))
        if field == b"accept-encoding":
            self._is_plain = self._is_plain and self._accepted is None
            self._accepted = value
        elif field == b"if-none-match":
            self._is_plain = self._is_plain and self._condition is None
            self._condition = value
        elif field in _BODY:
            self._is_plain = False
            if field == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True
        if len(self.headers) > self._doors.headers:
            self._is_plain = False

    def on_headers_complete(self) -> None:
        """Answer from memory where the answer is known; else begin a task."""
        self.is_reading_head, self.waiting_from, self._head_bytes = False, None, 0
        if len(self.headers) > self._doors.headers:
            self.refuse(431, f"a request may have {self._doors.headers} headers")
            self._is_answered = True
            return
        if self._is_plain and self._answers():
            return
        super().on_headers_complete()

    def _answers(self) -> bool:
        """Answer ourselves, if the request is simple, the answer known, and the client reads."""
        method = self.parser.get_method()
        if (
            method not in (b"GET", b"HEAD")
            or self.flow.write_paused
            or not (self.cycle is None or self.cycle.response_complete)
            or self.transport.is_closing()
            or not self.parser.should_keep_alive()
            or self.parser.get_http_version() != "1.1"
        ):
            return False
        date = self.server_state.default_headers[0][1]
        answer = self._hot.answer(self.url, self._accepted, self._condition, date, is_head=method == b"HEAD")
        if answer is None:
            return False
        self._is_answered = True
        written, status, request_id = answer
        self.transport.write(written)
        self.server_state.total_requests += 1
        self.waiting_from = time.monotonic()
        self._log.note(method, self.url, status, request_id)
        return True

    def on_body(self, body: bytes) -> None:
        """Pass the bytes of a part of a body on to a task, if there is any."""
        if not self._is_answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        if not self._is_answered:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self.waiting_from = time.monotonic()
