"""Requests with a key, inside the framework: the key is taken out, and its audience's server answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tileserver.store.keys import StoredKey
from tileserver.web.doors import Told, refusal_parts
from tileserver.web.gate import Gate
from tileserver.web.keys import KeyRefusal, Passed
from tileserver.web.keys_text import HEADERS, shown_in
from tileserver.web.keys_visit import Visit
from tileserver.web.middleware import as_private


class Keyed:
    """Middleware outside of all that keeps answers: whoever shows a key is led to the right server.

    `web.wire` has looked at the key already, and says in the scope what came of it (``passed``); without the
    wire that is done here.
    """

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self.app = app
        self._gate = gate
        self._keys = gate.keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if "passed" not in scope:
            scope = self._bare(scope)
        passed: Passed | KeyRefusal | None = scope["passed"]
        if isinstance(passed, Passed) and passed.waits:
            passed = await self._keys.wait(passed) or passed
        if passed is None:
            await self.app(scope, receive, send)
        elif isinstance(passed, KeyRefusal):
            await self._refuse(passed, scope, send)
        else:
            app = self.app if passed.audience is None else self._gate.audiences.server(passed.audience).app
            await app(scope, receive, self._with_own(passed.bearer, send))

    def _bare(self, scope: Scope) -> Scope:
        """Return *scope* without credentials, and with the decision on the key."""
        heard = _heard(scope["headers"])
        path, query = scope.get("raw_path") or scope["path"].encode(), scope["query_string"]
        shown = shown_in(b"%s?%s" % (path, query) if query else path, heard)
        if shown is None:
            return {**scope, "passed": None}
        passed = self._keys.admit(Visit.of(shown, scope["headers"], scope["method"].encode()))
        headers = [each for each in scope["headers"] if each[0] not in HEADERS]
        query = shown.target.partition(b"?")[2]
        return {**scope, "passed": passed, "query_string": query, "headers": headers}

    def _with_own(self, bearer: StoredKey | None, send: Send) -> Send:
        """Return *send* with the headers for *bearer*; an answer with a quota no shared cache may keep."""
        own, is_counted = self._keys.headers_of(bearer), bearer is not None and bearer.has_quota

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*map(as_private, message["headers"])] if is_counted else message["headers"]
                more: dict[str, Any] = {**message, "headers": [*headers, *own]}
                message = more
            await send(message)

        return sending

    async def _refuse(self, refused: KeyRefusal, scope: Scope, send: Send) -> None:
        number = self._gate.hot.number()
        told = Told(number, refused.retry_s, headers=refused.headers, closes=False)
        headers, body = refusal_parts(refused.status, refused.reason, told)
        await send({"type": "http.response.start", "status": refused.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
        target = scope.get("raw_path") or scope["path"].encode()
        self._gate.access.note(scope["method"].encode(), target, refused.status, number, 0)


def _heard(headers: list[tuple[bytes, bytes]]) -> Mapping[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in HEADERS:
            found[name] = b"%s, %s" % (found[name], value) if name in found else value
    return found
