"""Lanes for costly work: for each kind a few places, a short queue, a deadline; tiles keep connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tileserver.errors import StoreBusy

_QUEUE = 32  # computations of a kind that may wait
_TILES = 256  # of tiles, which are asked for by the dozen, and cost a tenth


class Lane:
    """Bounded places for the computations of one kind, *name* in the plural, and a *queue* of so many.

    Who leaves the queue leaves nothing behind: whatever a computation needs is read once it has a place.
    """

    def __init__(
        self, name: str, places: int, wait_s: float, shared: asyncio.Semaphore, queue: int = _QUEUE
    ) -> None:
        self._name = name
        self._wait_s = wait_s
        self._queue = queue
        self._own, self._shared = asyncio.Semaphore(places), shared
        self.waiting = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Lend a place; `StoreBusy` at once where the queue is full, else after ``wait_s`` seconds."""
        if self.waiting >= self._queue:
            raise StoreBusy(f"{self.waiting} {self._name} wait already; try again in a moment")
        self.waiting += 1
        try:
            async with asyncio.timeout(self._wait_s):
                await self._own.acquire()
                try:
                    await self._shared.acquire()
                except BaseException:
                    self._own.release()
                    raise
        except TimeoutError as error:
            raise StoreBusy(f"other {self._name} took longer than {self._wait_s:g} s; try again") from error
        finally:
            self.waiting -= 1
        try:
            yield
        finally:
            self._shared.release()
            self._own.release()


class Lanes:
    """The lanes of a process, which leave half of the *connections* to tiles."""

    def __init__(self, connections: int, wait_s: float) -> None:
        shared = asyncio.Semaphore(max(1, connections // 2))
        self.comparisons = Lane("comparisons", 1, wait_s, shared)
        self.change_tiles = Lane("tiles of changes", 1, wait_s, shared, _TILES)
        # One whole past takes seconds, and no map waits for it: a late sentence is better than none
        self.gains = Lane("gains", 1, 4 * wait_s, shared)
        self.documents = Lane("documents", 2, wait_s, shared)
        self.history = Lane("history tiles", 2, wait_s, shared, _TILES)
        self.windows = Lane("windows of events", 2, wait_s, shared, _TILES)
