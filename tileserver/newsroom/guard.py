"""Middleware around all that the desk serves: who asks, from where, how much; headers and a log line."""

from __future__ import annotations

import secrets
import time
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tileserver.config import Settings
from tileserver.newsroom.identity import Door, TooManyTries
from tileserver.newsroom.layout import policy_with
from tileserver.newsroom.refusal import is_api, refused
from tileserver.numerals import whole_number
from tileserver.web.logs import request_id

log = structlog.get_logger()

SAFE = ("GET", "HEAD", "OPTIONS")
_OPEN = ("/desk/login", "/desk/style.css")  # what a stranger is shown
_UPLOADS = ("/desk/import", "/desk/api/imports")
_SMALL = 256 << 10  # bytes of any other request
_MORE = 64 << 10  # bytes of an upload beside the file
_DRAINED_S = 30.0  # for which too large a body is read on, so that a browser sees the answer and no reset
_LOCAL = ("127.0.0.1", "::1", "localhost")

_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow",
    # Not no-referrer: with that a browser says of its own form that it comes from nowhere.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def origins_of(settings: Settings) -> tuple[str, ...]:
    """Return the origins at which editors reach the desk's server."""
    if settings.desk_url:
        parts = urlsplit(settings.desk_url)
        return (f"{parts.scheme}://{parts.netloc}".lower(),)
    hosts = [f"[{host}]" if ":" in host else host for host in _LOCAL]
    return tuple(f"http://{host}:{settings.desk_port}" for host in hosts)


class Guard:
    """Lets through the requests of named persons that a page of ours has sent, or no page at all."""

    def __init__(self, app: ASGIApp, settings: Settings, door: Door) -> None:
        self.app = app
        self._door = door
        self._origins = origins_of(settings)
        local = [f"[{host}]" if ":" in host else host for host in _LOCAL]
        self._hosts = {urlsplit(each).netloc for each in self._origins}
        self._hosts |= {f"{host}:{settings.desk_port}" for host in local}
        self._largest = (settings.desk_upload_mb << 20) + _MORE
        self._largest_said = f"a file may have {settings.desk_upload_mb:,} MB (TILESERVER_DESK_UPLOAD_MB)"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through, or refuse the request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        own_id = scope["request_id"] = secrets.token_hex(8)
        mark, started = request_id.set(own_id), time.perf_counter()
        scope.setdefault("state", {})["visitor"] = None
        request, sending = Request(scope, receive), _Headed(send, own_id)
        try:
            body = self._body(request, receive)
            answer = self._trouble(request)
            if answer is None:
                await self.app(scope, body, sending)
            else:
                await refused(request, answer)(scope, receive, sending)
        finally:
            visitor, ms = scope["state"]["visitor"], round((time.perf_counter() - started) * 1000, 1)
            by, path = visitor.name if visitor else "", scope["path"][:200]
            log.info("desk request", method=scope["method"], path=path, status=sending.status, ms=ms, by=by)
            request_id.reset(mark)

    def _trouble(self, request: Request) -> HTTPException | None:
        """Return why *request* is refused; leave who asks in its state."""
        headers, is_safe = request.headers, request.method in SAFE
        if headers.get("host", "").lower() not in self._hosts:
            return HTTPException(421, "this host is not served here; see TILESERVER_DESK_URL")
        if not (_leads_here(headers) if is_safe else self._is_ours(headers)):
            return HTTPException(403, "this was sent by a page of another site, and nothing was done")
        try:
            request.state.visitor = self._door.visitor(request)
        except TooManyTries as error:
            wait = str(int(error.seconds) + 1)
            return HTTPException(429, "too many wrong tokens; try again later", {"Retry-After": wait})
        if request.state.visitor is None and request.url.path not in _OPEN:
            return HTTPException(401, "say who you are", {"WWW-Authenticate": 'Bearer realm="desk"'})
        return None

    def _is_ours(self, headers: Headers) -> bool:
        """Whether a page of ours sent the request, or a program that is no browser."""
        origin = headers.get("origin")
        if origin is not None:
            return origin.lower() in self._origins
        return headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")

    def _body(self, request: Request, receive: Receive) -> Receive:
        """Return *receive* with an end: 413 where there is more than such a request may have."""
        is_upload = request.url.path in _UPLOADS
        most = self._largest if is_upload else _SMALL
        said = self._largest_said if is_upload else f"such a request may have {_SMALL >> 10} kB"
        got = 0

        async def counted() -> Message:
            nonlocal got
            declared = whole_number(request.headers.get("content-length", "0")) or 0
            message = await receive() if declared <= most else None
            if message is not None:
                got += len(message.get("body", b""))
                if got <= most:
                    return message
            if not is_api(request):
                await _drain(receive, message)
            raise HTTPException(413, f"too large: {said}; nothing was kept")

        return counted


class _Headed:
    """Sends an answer on with the headers that all have, and remembers its status."""

    def __init__(self, send: Send, own_id: str) -> None:
        self._send, self._own_id = send, own_id
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(raw=message["headers"])
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("content-security-policy", policy_with())
            headers["x-request-id"] = self._own_id
        await self._send(message)


async def _drain(receive: Receive, message: Message | None) -> None:
    """Read on, and keep nothing: a browser that still sends would see a lost connection, not the words."""
    end = time.monotonic() + _DRAINED_S
    while message is None or (message["type"] == "http.request" and message.get("more_body")):
        if time.monotonic() > end:
            return
        message = await receive()


def _leads_here(headers: Headers) -> bool:
    """Whether a page of ours sent a request that changes nothing, or a person follows a link.

    A picture on another site would else have us judge an import for each of its readers who is logged in.
    """
    if headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none"):
        return True
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
