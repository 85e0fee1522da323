"""The envelope of every request: an id, one log line, and the headers that keep readers safe."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tileserver.web.cors import BUILT_PATHS, OPEN_HEADERS, is_open, options_headers
from tileserver.web.follower import OBEYED_S, Pulse
from tileserver.web.keys_text import without_keys
from tileserver.web.logs import request_id
from tileserver.web.problems import unknown_problem
from tileserver.web.refusals import is_plain, worded
from tileserver.web.represent import SETTLED_BYTES, WHILE_UNSURE

log = structlog.get_logger()

# The map needs its own scripts, worker, styles, tiles and pictures, and nothing of anybody else's.
_CSP = (
    "default-src 'none'; script-src 'self'; worker-src {workers}; style-src 'self';"
    " img-src 'self' data: blob:; connect-src 'self'{asked}; font-src 'self';"
    " base-uri 'none'; form-action 'none'; {frames}"
)
_NO_FRAMES = "frame-ancestors 'self'"
_FRAMES = {  # who may frame a page, and whom it frames: the map shows its own embed to those who share it
    "/": "frame-src 'self'; frame-ancestors 'self'",
    "/embed": "frame-ancestors *",
}
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_REFERRER = (b"referrer-policy", b"strict-origin-when-cross-origin")
_AWAY = b"; detail=database-away"  # RFC 9211, 2.8


class Envelope:
    """Middleware that gives every request an id, an answer whatever fails inside, a log line, and headers.

    Parameters
    ----------
    app : ASGIApp
        The application inside.
    pulse : Pulse
        When the database last said what there is: an answer from memory tells where that is too long ago.
    prefix : bytes
        Path under which a proxy shows the server, without the slash at its end.
    asked : str
        The one address of another host that pages may ask, as a source of a policy; empty for none.
    is_private : bool
        Whether answers are for holders of keys, and for no cache that others share.
    """

    def __init__(
        self,
        app: ASGIApp,
        pulse: Pulse | None = None,
        prefix: bytes = b"",
        asked: str = "",
        *,
        is_private: bool = False,
    ) -> None:
        self.app = app
        self.is_private = is_private
        self.pulse = pulse or Pulse(float("inf"))
        self.prefix = prefix
        self.policy = _CSP.replace("{asked}", asked and f" {asked}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        own_id = scope["request_id"] = secrets.token_hex(8)
        started = time.perf_counter()
        path, sending = scope["path"], _Sending(scope, receive, send, self)
        token = request_id.set(own_id)
        try:
            if scope["method"] == "OPTIONS" and (is_open(path) or path.startswith(BUILT_PATHS)):
                answer = Response(None, 204, options_headers(Headers(scope=scope)))
                await answer(scope, receive, sending)
            else:
                await self.app(scope, receive, sending)
        except Exception as error:
            if sending.status:  # half an answer is out: only to break it off is honest
                raise
            answer = await unknown_problem(Request(scope), error)
            await answer(scope, receive, sending)
        finally:
            ms = round((time.perf_counter() - started) * 1000, 1)
            log.info(
                "request", method=scope["method"], path=without_keys(path)[:200], status=sending.status, ms=ms
            )
            request_id.reset(token)


class _Sending:
    """Sends an answer on: with the headers of the envelope, or a problem in the place of a plain refusal."""

    __slots__ = ("envelope", "is_refused", "path", "receive", "scope", "send", "status")

    def __init__(self, scope: Scope, receive: Receive, send: Send, envelope: Envelope) -> None:
        self.scope, self.receive, self.send, self.envelope = scope, receive, send, envelope
        self.path = scope["path"]
        self.status, self.is_refused = 0, False  # no answer has begun

    async def __call__(self, message: Message) -> None:
        """Send one part of the answer on."""
        if message["type"] == "http.response.start":
            if message["status"] >= 400 and is_plain(message):
                await worded(self.scope, message)(self.scope, self.receive, self)
                self.is_refused = True
                return
            self.status = message["status"]
            message["headers"] = self._headers(message)
        elif self.is_refused:
            return  # the problem is out already
        await self.send(message)

    def _headers(self, start: Message) -> list[tuple[bytes, bytes]]:
        path, own_id, given = self.path, self.scope["request_id"].encode(), start["headers"]
        if is_open(path):
            headers = open_headers(given, own_id, self.envelope.prefix, is_private=self.envelope.is_private)
        else:
            headers = [
                *given,
                (b"x-request-id", own_id),
                _NO_SNIFFING,
                *_of_pages(path, start, self.envelope.policy),
            ]
            headers += OPEN_HEADERS if path.startswith(BUILT_PATHS) else ()
        if time.monotonic() - self.envelope.pulse.beat_at > OBEYED_S:
            headers = [*map(_while_away, headers)]
        return headers


def open_headers(
    given: Iterable[tuple[bytes, bytes]], own_id: bytes, prefix: bytes, *, is_private: bool = False
) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer below an open path: *given* headers, and the envelope's."""
    if is_private:
        given = map(_for_one, map(as_private, given))
    headers = [*given, (b"x-request-id", own_id), _NO_SNIFFING, *OPEN_HEADERS]
    if prefix:
        headers = [
            (name, prefix + value if name == b"content-location" else value) for name, value in headers
        ]
    return headers


def _while_away(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Return *header* of an answer while the database is away: a withdrawal may not have been heard of."""
    name, value = header
    value += _AWAY if name == b"cache-status" else b""
    return name, value.replace(SETTLED_BYTES, WHILE_UNSURE) if name == b"cache-control" else value


def as_private(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Return *header*, in bytes, of an answer that no shared cache may keep."""
    name, value = header
    return (name, value.replace(b"public", b"private")) if name.lower() == b"cache-control" else header


def _for_one(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Return *header* of an answer that is another for whoever shows a key."""
    name, value = header
    return (name, value + b", Authorization, X-Api-Key") if name.lower() == b"vary" else header


def _of_pages(path: str, start: Message, policy: str) -> list[tuple[bytes, bytes]]:
    """Return the headers by which a page, if that is the answer, keeps to itself."""
    if not Headers(raw=start["headers"]).get("content-type", "").startswith("text/html"):
        return []
    # In a sandbox an embed has no origin, so its worker is a blob that imports ours.
    workers = "'self' blob:" if path == "/embed" else "'self'"
    said = policy.format(workers=workers, frames=_FRAMES.get(path, _NO_FRAMES))
    return [(b"content-security-policy", said.encode()), _REFERRER]
