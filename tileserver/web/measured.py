"""Measuring of requests, around all else: figures, a span where traces are asked for, ``Server-Timing``."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tileserver.origin import Origin, wanted
from tileserver.web.metrics import Metrics

if TYPE_CHECKING:
    from tileserver.web.traces import Traces


@dataclass(frozen=True, slots=True)
class Measuring:
    """Measures to take of each request: none, unless asked for."""

    metrics: Metrics | None = None
    traces: Traces | None = None
    says_timing: bool = False

    def __bool__(self) -> bool:
        return bool(self.metrics or self.traces or self.says_timing)


class Measured:
    """Middleware that measures each request, as *measuring* says."""

    def __init__(self, app: ASGIApp, measuring: Measuring) -> None:
        self.app = app
        self.measuring = measuring

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        metrics, traces = self.measuring.metrics, self.measuring.traces
        sending = _Sending(send, wanted(), says_timing=self.measuring.says_timing)
        with traces.request(scope) if traces else nullcontext() as span:
            try:
                await self.app(scope, receive, sending)
            finally:
                tier = sending.origin.tier
                if metrics:
                    metrics.answered(scope["path"], tier, sending.status, sending.size, sending.seconds)
                if traces and span:
                    traces.answered(span, sending.status, tier)


class _Sending:
    """Sends an answer on, and knows its status and size; status 0 where none has begun."""

    __slots__ = ("_begun", "_send", "origin", "says_timing", "size", "status")

    def __init__(self, send: Send, origin: Origin, *, says_timing: bool) -> None:
        self._send, self.origin, self.says_timing = send, origin, says_timing
        self._begun = time.perf_counter()
        self.status = self.size = 0

    @property
    def seconds(self) -> float:
        """Seconds since the request came."""
        return time.perf_counter() - self._begun

    async def __call__(self, message: Message) -> None:
        """Send one part of the answer on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.says_timing:
                timing = f"{self.origin.tier};dur={self.seconds * 1000:.1f}".encode()  # Server Timing, 3
                headers = [*message["headers"], (b"server-timing", timing)]
                message = {**message, "headers": headers}  # `web.hot` keeps the message as it was
        elif message["type"] == "http.response.body":
            self.size += len(message.get("body", b""))
        await self._send(message)
