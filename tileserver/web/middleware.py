"""What every request passes: an id, one log line, and the headers that keep readers safe."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tileserver.web.cors import is_open, open_to_all, options_headers
from tileserver.web.problems import unknown_problem

log = structlog.get_logger()

# The map needs its own scripts, worker, styles, tiles and pictures, and nothing of anybody else's.
_CSP = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
)


class Envelope:
    """Gives a request its id and, whatever fails inside, an answer; logs it; adds CORS and other headers."""

    def __init__(self, app: ASGIApp, detail: Callable[[], str] = str) -> None:
        self.app = app
        self.detail = detail  # what an answer has to say of itself; empty as a rule

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        scope["request_id"] = secrets.token_hex(8)
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                _add_headers(headers, path, scope["request_id"])
                if (detail := self.detail()) and "cache-status" in headers:
                    headers["Cache-Status"] += f"; detail={detail}"
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=scope["request_id"]):
            try:
                if scope["method"] == "OPTIONS" and is_open(path):
                    answer = Response(None, 204, options_headers(Headers(scope=scope)))
                    await answer(scope, receive, send_with_headers)
                else:
                    await self.app(scope, receive, send_with_headers)
            except Exception as error:
                if status:  # half an answer is out: only to break it off is honest
                    raise
                answer = await unknown_problem(Request(scope), error)
                await answer(scope, receive, send_with_headers)
            finally:
                log.info(
                    "request",
                    method=scope["method"],
                    path=path[:200],
                    status=status,
                    ms=round((time.perf_counter() - started) * 1000, 1),
                )


def _add_headers(headers: MutableHeaders, path: str, request_id: str) -> None:
    headers["X-Request-Id"] = request_id
    headers["X-Content-Type-Options"] = "nosniff"
    if is_open(path):
        open_to_all(headers)
    elif headers.get("content-type", "").startswith("text/html"):
        ancestors = "*" if path == "/embed" else "'self'"
        headers["Content-Security-Policy"] = _CSP.format(ancestors=ancestors)
        headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
