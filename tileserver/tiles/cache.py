"""Answers in memory, and intermediate results: bounded by bytes, computed once however many ask.

A cache key names a content, so nothing is ever invalidated; what is not asked for leaves.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from tileserver.tiles.compress import Coding, compress

_AT_ONCE = 4_096  # bytes that are packed in 0.17 ms at most: waking a thread takes as long
_OVERHEAD = 600  # bytes that an entry costs beside its data: key, entry, dictionary slots; measured


class Weighed(Protocol):
    """Entry with a known size in memory."""

    @property
    def weight(self) -> int:
        """Bytes in memory."""
        ...


Key = TypeVar("Key", bound=Hashable)
Entry = TypeVar("Entry", bound=Weighed)


class Body:
    """The bytes of an answer and their compressed forms.

    Parameters
    ----------
    *parts
        The bytes, as one or as several pieces, of which each may be a piece of other bodies, too. None, or
        none but empty ones, where a tile holds nothing.
    """

    __slots__ = ("_digest", "forms", "parts")

    def __init__(self, *parts: bytes) -> None:
        self.parts = parts
        self.forms: dict[Coding, bytes] = {}
        self._digest = ""

    @property
    def data(self) -> bytes:
        """The parts, one after the other; put together at each call where there are several."""
        return self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)

    @property
    def is_empty(self) -> bool:
        """Whether there are no bytes."""
        return not any(self.parts)

    @property
    def weight(self) -> int:
        """Bytes that the body takes in the cache."""
        return self.own_weight + sum(map(len, self.parts))

    @property
    def own_weight(self) -> int:
        """Bytes that the body takes where others hold its parts."""
        return _OVERHEAD + sum(map(len, self.forms.values()))

    def etag(self, coding: str) -> str:
        """Return the strong entity tag of the body in *coding*: equal for equal bytes, whatever the date.

        RFC 9110 8.8.3: two codings of one content are two representations and need two tags.
        """
        if not self._digest:
            digest = hashlib.blake2b(digest_size=12)
            for part in self.parts:
                digest.update(part)
            self._digest = digest.hexdigest()
        return f'"{self._digest}-{coding}"'


@dataclass(slots=True)
class _Flight(Generic[Entry]):
    """Computation under way, with the number of callers that wait."""

    task: asyncio.Task[Entry]
    waiting: int = 0


class Cache(Generic[Key, Entry]):
    """A least-recently-used cache.

    Parameters
    ----------
    capacity : int
        Bytes, counting what an empty entry costs too.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._flights: dict[Key, _Flight[Entry]] = {}
        self._weight = 0

    @property
    def weight(self) -> int:
        """Bytes held now."""
        return self._weight

    def __len__(self) -> int:
        return len(self._entries)

    def peek(self, cache_key: Key) -> Entry | None:
        """Return the entry, counted as used; ``None`` where there is none."""
        entry = self._entries.get(cache_key)
        if entry is not None:
            self._entries.move_to_end(cache_key)
        return entry

    async def once(self, cache_key: Key, compute: Callable[[], Awaitable[Entry]]) -> Entry:
        """Return the entry, computed by *compute* unless somebody is doing so already.

        The computation belongs to no caller: one that leaves fails nobody, and when the last one has
        left it is cancelled. A failure reaches all who wait and is not kept.
        """
        if (entry := self.peek(cache_key)) is not None:
            return entry
        flight = self._flights.get(cache_key)
        if flight is None:
            flight = _Flight(asyncio.ensure_future(self._compute(cache_key, compute)))
            self._flights[cache_key] = flight
            # A failure that nobody is left to hear must not be reported as unheard.
            flight.task.add_done_callback(lambda task: task.cancelled() or task.exception())
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if flight.waiting == 0 and not flight.task.done():
                self._land(cache_key, flight)
                flight.task.cancel()

    async def _compute(self, cache_key: Key, compute: Callable[[], Awaitable[Entry]]) -> Entry:
        flight = self._flights[cache_key]
        try:
            entry = await compute()
        finally:
            self._land(cache_key, flight)
        self._put(cache_key, entry)
        return entry

    def _put(self, cache_key: Key, entry: Entry) -> None:
        before = self._entries.pop(cache_key, None)  # there if a computation ended although it was cancelled
        self._weight += self._taken_by(entry)
        if before is not None:
            self._weight -= self._freed_by(before)
        self._entries[cache_key] = entry
        self._evict()

    def _taken_by(self, entry: Entry) -> int:
        """Return the bytes that *entry* takes by coming."""
        return entry.weight

    def _freed_by(self, entry: Entry) -> int:
        """Return the bytes that *entry* frees by leaving."""
        return entry.weight

    def _land(self, cache_key: Key, flight: _Flight[Entry]) -> None:
        if self._flights.get(cache_key) is flight:
            del self._flights[cache_key]

    def _evict(self) -> None:
        while self._weight > self._capacity and self._entries:
            _, entry = self._entries.popitem(last=False)
            self._weight -= self._freed_by(entry)


@dataclass(frozen=True, slots=True)
class Answer(Generic[Key]):
    """Body of an answer, with its cache and cache key, and whether memory had the body."""

    cache: BodyCache[Key]
    cache_key: Key
    body: Body
    is_hit: bool

    async def form(self, coding: Coding) -> bytes:
        """Return the body in *coding*, compressed once however many ask."""
        return await self.cache.form(self.cache_key, self.body, coding)

    def form_now(self, coding: Coding) -> bytes | None:
        """Return the bytes of the body in *coding*, at once; ``None`` where packing takes too long."""
        return self.cache.form_now(self.cache_key, self.body, coding)


class BodyCache(Cache[Key, Body]):
    """A cache of bodies, and of their compressed forms."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self._packing: dict[tuple[Key, Coding], asyncio.Task[bytes]] = {}

    async def answer(self, cache_key: Key, compute: Callable[[], Awaitable[bytes]]) -> Answer[Key]:
        """Return the body from memory, or encoded by *compute* if nobody is already doing so; as `once`."""
        kept = self.peek(cache_key)
        if kept is not None:
            return Answer(self, cache_key, kept, is_hit=True)

        async def encode() -> Body:
            return Body(await compute())

        return Answer(self, cache_key, await self.once(cache_key, encode), is_hit=False)

    async def form(self, cache_key: Key, body: Body, coding: Coding) -> bytes:
        """Return *body* in *coding*, compressed once however many ask, and kept as long as the body is."""
        if (form := self.form_now(cache_key, body, coding)) is not None:
            return form
        packing = self._packing.get((cache_key, coding))
        if packing is None:
            packing = asyncio.ensure_future(self._pack(cache_key, body, coding))
            self._packing[cache_key, coding] = packing
            packing.add_done_callback(lambda _: self._packing.pop((cache_key, coding)))
        return await asyncio.shield(packing)

    def form_now(self, cache_key: Key, body: Body, coding: Coding) -> bytes | None:
        """Return the bytes of *body* in *coding*, kept or quickly made; else ``None``."""
        if coding == "identity":
            return body.data
        if coding in body.forms:
            return body.forms[coding]
        if sum(map(len, body.parts)) <= _AT_ONCE:
            return self._packed(cache_key, body, coding, compress(body.data, coding))
        return None

    async def _pack(self, cache_key: Key, body: Body, coding: Coding) -> bytes:
        return self._packed(cache_key, body, coding, await asyncio.to_thread(compress, body.data, coding))

    def _packed(self, cache_key: Key, body: Body, coding: Coding, form: bytes) -> bytes:
        body.forms[coding] = form
        if self._entries.get(cache_key) is body:
            self._weight += len(form)
            self._evict()
        return form
