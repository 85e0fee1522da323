"""The keeping of answers that come back from the framework, for `web.wire` to give to whoever asks next."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tileserver.web.hot import HIT, HotAnswers, Lookup
from tileserver.web.limits import Bill

_FREE = (304, 400, 404, 405)


class Remembering:
    """Middleware that keeps answers of the application for `web.wire` to give the next time."""

    def __init__(self, app: ASGIApp, hot: HotAnswers) -> None:
        self.app = app
        self.hot = hot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        basis = self.hot.basis()
        start: Message = {}

        async def keeping(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                _settle(scope, start)
            elif scope["method"] == "GET" and not message.get("more_body"):
                self.hot.keep(_lookup(scope), basis, start, message.get("body", b""), scope)
            await send(message)

        await self.app(scope, receive, keeping)


def _settle(scope: Scope, start: Message) -> None:
    """Let nobody pay for work that was not done."""
    bill: Bill | None = scope.get("bill")
    if bill is not None and (start["status"] in _FREE or (b"cache-status", HIT) in start["headers"]):
        bill.settle()


def _lookup(scope: Scope) -> Lookup:
    """Return the same parts of a request as `web.wire` does."""
    path, query = scope.get("raw_path") or b"", scope["query_string"]
    found = dict(reversed(scope["headers"]))  # the first of each name
    return Lookup(
        b"%s?%s" % (path, query) if query else path,
        b"%s://%s" % (scope["scheme"].encode(), found.get(b"host", b"")),
        found.get(b"accept-encoding"),
        found.get(b"available-dictionary"),
    )
