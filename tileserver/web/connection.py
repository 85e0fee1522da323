"""The life of a connection, from its beginning to its end: no client stays for good."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from tileserver.web.doors import Told, refusal
from tileserver.web.gate import Gate

_FAREWELL_S = 0.5  # for a request on its way to come in, when the server ends


class Connection(HttpToolsProtocol):
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
