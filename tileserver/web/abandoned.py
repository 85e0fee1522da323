"""Requests whose client has left: all work for nobody ends, down to the query."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

_SOON_S = 0.02  # most answers are out by then, and need no watching


class Abandoned:
    """Middleware that cancels a request whose client closed the connection.

    What others wait for as well goes on: a computation ends with the last who waits (`tiles.cache`).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        working = asyncio.current_task()
        if scope["type"] != "http" or working is None or _expects(scope):
            await self.app(scope, receive, send)
            return
        watch = _Watch(working, receive)
        timer = asyncio.get_running_loop().call_later(_SOON_S, watch.begin)
        try:
            await self.app(scope, receive, send)
        except asyncio.CancelledError:
            if not watch.has_left:
                raise  # somebody else ends it
            working.uncancel()
        finally:
            timer.cancel()
            watch.end()


def _expects(scope: Scope) -> bool:
    """Whether the client waits to be asked for a body, as whoever listens for its farewell would do."""
    return any(name == b"expect" for name, _ in scope["headers"])


class _Watch:
    __slots__ = ("_receive", "_watching", "_working", "has_left")

    def __init__(self, working: asyncio.Task[None], receive: Receive) -> None:
        self._working, self._receive = working, receive
        self._watching: asyncio.Task[None] | None = None
        self.has_left = False

    def begin(self) -> None:
        self._watching = asyncio.ensure_future(self._wait())

    def end(self) -> None:
        if self._watching is not None:
            self._watching.cancel()

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass  # of a body, which nothing here reads
        self.has_left = True
        self._working.cancel()
