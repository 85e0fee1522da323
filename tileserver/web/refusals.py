"""What the framework refuses in plain text, a range beyond a file say, as a problem as all else is."""

from __future__ import annotations

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tileserver.web.problems import problem

_KEPT = ("content-range", "allow", "retry-after")


class Refusals:
    """Puts a problem in the place of a refusal in plain text; passes all else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        refused = False

        async def send_worded(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and _is_plain(message):
                refused = True
                headers = Headers(raw=message["headers"])
                status = HTTPStatus(message["status"])
                kept = {name: headers[name] for name in _KEPT if name in headers}
                answer = problem(Request(scope), status, status.phrase, status.description, kept)
                await answer(scope, receive, send)
            elif not refused:
                await send(message)

        await self.app(scope, receive, send_worded)


def _is_plain(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] >= HTTPStatus.BAD_REQUEST and kind.startswith("text/plain")
