"""Tiles, and what they are made from, in memory: bounded by bytes, computed once however many ask.

A key names a content, so nothing is ever invalidated; what is not asked for leaves.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from tileserver.tiles.compress import Coding, compress

_OVERHEAD = 600  # bytes that an entry costs beside its data: key, entry, dictionary slots; measured


class Weighed(Protocol):
    """What knows how many bytes it takes."""

    @property
    def weight(self) -> int:
        """Bytes that it takes in a cache."""
        ...


Key = TypeVar("Key", bound=Hashable)
Held = TypeVar("Held", bound=Weighed)


@dataclass(slots=True)
class Tile:
    """One encoded tile and its compressed forms; ``data`` is empty where there is nothing."""

    data: bytes
    forms: dict[Coding, bytes] = field(default_factory=dict)
    _digest: str = field(default="", repr=False, compare=False)

    @property
    def weight(self) -> int:
        """Bytes that the tile takes in the cache."""
        return _OVERHEAD + len(self.data) + sum(len(form) for form in self.forms.values())

    def etag(self, coding: Coding) -> str:
        """Return the strong entity tag of the tile in *coding*: equal for equal bytes, whatever the date.

        RFC 9110 8.8.3: two codings of one content are two representations and need two tags.
        """
        if not self._digest:
            self._digest = hashlib.blake2b(self.data, digest_size=12).hexdigest()
        return f'"{self._digest}-{coding}"'


@dataclass(slots=True)
class _Flight(Generic[Held]):
    """A computation under way, and how many wait for it."""

    task: asyncio.Task[Held]
    waiting: int = 0


class Cache(Generic[Key, Held]):
    """A least-recently-used cache.

    Parameters
    ----------
    capacity : int
        Bytes, counting what an empty entry costs too.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held: OrderedDict[Key, Held] = OrderedDict()
        self._flights: dict[Key, _Flight[Held]] = {}
        self._weight = 0

    @property
    def weight(self) -> int:
        """Bytes held now."""
        return self._weight

    def __len__(self) -> int:
        return len(self._held)

    def peek(self, key: Key) -> Held | None:
        """Return the entry if it is held, and count it as used."""
        entry = self._held.get(key)
        if entry is not None:
            self._held.move_to_end(key)
        return entry

    async def once(self, key: Key, compute: Callable[[], Awaitable[Held]]) -> Held:
        """Return the entry, computing it if nobody is already doing so.

        The computation belongs to no caller: one that leaves fails nobody, and when the last one has
        left it is cancelled. A failure reaches all who wait and is not kept.
        """
        if (entry := self.peek(key)) is not None:
            return entry
        flight = self._flights.get(key)
        if flight is None:
            flight = _Flight(asyncio.ensure_future(self._compute(key, compute)))
            self._flights[key] = flight
            # A failure that nobody is left to hear must not be reported as unheard.
            flight.task.add_done_callback(lambda task: task.cancelled() or task.exception())
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if flight.waiting == 0 and not flight.task.done():
                self._land(key, flight)
                flight.task.cancel()

    async def _compute(self, key: Key, compute: Callable[[], Awaitable[Held]]) -> Held:
        flight = self._flights[key]
        try:
            entry = await compute()
        finally:
            self._land(key, flight)
        self._put(key, entry)
        return entry

    def _put(self, key: Key, entry: Held) -> None:
        before = self._held.pop(key, None)  # there if a computation ended although it was cancelled
        self._weight += entry.weight - (before.weight if before else 0)
        self._held[key] = entry
        self._evict()

    def _land(self, key: Key, flight: _Flight[Held]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]

    def _evict(self) -> None:
        while self._weight > self._capacity and self._held:
            _, entry = self._held.popitem(last=False)
            self._weight -= entry.weight


class TileCache(Cache[Key, Tile]):
    """A cache of tiles, and of their compressed forms."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self._packing: dict[tuple[Key, Coding], asyncio.Task[bytes]] = {}

    async def get(self, key: Key, compute: Callable[[], Awaitable[bytes]]) -> Tile:
        """Return the tile, encoding it if nobody is already doing so; as `once`."""

        async def tile() -> Tile:
            return Tile(await compute())

        return await self.once(key, tile)

    async def form(self, key: Key, tile: Tile, coding: Coding) -> bytes:
        """Return *tile* in *coding*, compressed once however many ask, and kept as long as the tile is."""
        if coding == "identity":
            return tile.data
        if coding in tile.forms:
            return tile.forms[coding]
        packing = self._packing.get((key, coding))
        if packing is None:
            packing = asyncio.ensure_future(self._pack(key, tile, coding))
            self._packing[key, coding] = packing
            packing.add_done_callback(lambda _: self._packing.pop((key, coding)))
        return await asyncio.shield(packing)

    async def _pack(self, key: Key, tile: Tile, coding: Coding) -> bytes:
        form = await asyncio.to_thread(compress, tile.data, coding)
        tile.forms[coding] = form
        if self._held.get(key) is tile:
            self._weight += len(form)
            self._evict()
        return form
