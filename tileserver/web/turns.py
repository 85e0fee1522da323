"""Turns of the event loop: requests that need the framework begin one by one; known answers go in between.

A request has its first milliseconds of work when it begins: parsing, looking for a version. When a hundred
come in at once the loop would do that for all of them before it looks at a connection again. So one begins in
each turn of the loop, and the kinds take turns: a hundred comparisons are ahead of no tile.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque

from starlette.types import ASGIApp, Receive, Scope, Send


class Turns:
    """Middleware that lets one request begin in each turn of the event loop, of each kind in its order."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        # By kind, the first path segment; the kind whose turn is next comes first.
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._is_taken = False  # the turn that the loop is in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] == "http":
            await self._turn(scope["path"].removeprefix("/").partition("/")[0])
        await self.app(scope, receive, send)

    async def _turn(self, kind: str) -> None:
        loop = asyncio.get_running_loop()
        if not self._is_taken:
            self._is_taken = True
            loop.call_soon(self._next)
            return
        turn = loop.create_future()
        self._waiting.setdefault(kind, deque()).append(turn)
        await turn

    def _next(self) -> None:
        """Give the next turn to the kind that has waited longest; who has left meanwhile needs none."""
        while self._waiting:
            kind, waiting = self._waiting.popitem(last=False)
            turn = waiting.popleft()
            if waiting:
                self._waiting[kind] = waiting
            if not turn.done():
                turn.set_result(None)
                asyncio.get_running_loop().call_soon(self._next)
                return
        self._is_taken = False
