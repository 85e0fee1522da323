"""Tiles in a Valkey or Redis for several machines, each tile drawn once among all of the machines.

A key names a content, so nothing is ever invalidated, and the tier is never asked for what the index does not
name. Values have a sum of key and bytes as on the shelf: whatever else lies there is not a tile. The key has
the identity of the database, so that several projects can share a server, and `SCHEME`, so that several
versions of this one can.

Who is about to draw a tile takes a lease of a second on it. Others wait for the tile to come, and go on by
themselves where the lease ends without: a process that dies holds nobody up for longer. Nothing here fails a
reader; `SharedLink` says what a server that is away costs.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import zstandard

from tileserver.config import Settings
from tileserver.origin import came_from
from tileserver.tiles.shared_link import Command, LinkCounts, SharedLink
from tileserver.tiles.version import SCHEME

LEASE_S = 1.0  # for drawing a tile, and so the longest wait for somebody else's
_KEPT_S = 7 * 86_400  # a tile that nobody renews; the server's maxmemory and LRU decide before
_LARGEST = 1024 * 1024  # bytes of a value; no tile has more, and nobody reads more
_POLLS_S = (0.004, 0.05)  # the first and the longest pause between two looks for a tile to come
_WRITING_S = 1.0
_WAITING = 32 * 1024 * 1024  # bytes that may wait to be written; what comes then is kept elsewhere alone
_TOGETHER = 64  # tiles written at once
_SUM = 8


@dataclass(slots=True)
class SharedCounts:
    """Tiles found, not found, damaged, kept and dropped, and waits for tiles of others."""

    hits: int = 0
    misses: int = 0
    damaged: int = 0
    kept: int = 0
    dropped: int = 0
    waits: int = 0


class SharedTier:
    """The tier at *url*, for any number of processes."""

    def __init__(self, url: str) -> None:
        self.counts = SharedCounts()
        self._link = SharedLink(url)
        self._waiting: dict[str, bytes | None] = {}  # nothing: only its lease is to be given up
        self._weight = 0
        self._writing: asyncio.Task[None] | None = None
        self._unpack = zstandard.ZstdDecompressor()

    @property
    def trouble(self) -> str:
        """Why the tier is not used, in words without addresses; nothing if all is well."""
        return self._link.trouble

    @property
    def asked(self) -> LinkCounts:
        """Questions asked, failures and seconds."""
        return self._link.counts

    def look(self, names: Sequence[str]) -> None:
        """Tell nothing at once: the network lies between."""

    async def get_many(self, names: Sequence[str]) -> dict[str, bytes]:
        """Return the tiles among *names* that the tier has; empty bytes for an empty tile."""
        answers = await self._link.ask([_read(name) for name in names])
        found = self._tiles(names, answers or [])
        self.counts.hits += len(found)
        self.counts.misses += len(names) - len(found)
        return found

    async def keep_many(self, tiles: Mapping[str, bytes]) -> None:
        """Have *tiles*, their bytes uncompressed, written and their leases given up, soon and if possible."""
        for name, data in tiles.items():
            if self._weight > _WAITING or len(data) > _LARGEST:
                self.counts.dropped += 1
                self._wait_to_write(name, None)
            else:
                self._wait_to_write(name, data)

    async def claim(self, names: Sequence[str]) -> tuple[dict[str, bytes], set[str]]:
        """Return the bytes of tiles that have come meanwhile, and the names that are the caller's to draw.

        The rest is drawn elsewhere already: `wait_for`. Who was given a name calls `keep_many` or `release`.
        """
        # In this order: a lease that is free was given up after its tile was written.
        answers = await self._link.ask([*map(_take, names), *map(_read, names)])
        if answers is None:
            return {}, set(names)
        found = self._tiles(names, answers[len(names) :])
        taken = {name for name, answer in zip(names, answers, strict=False) if answer is not None}
        self.release(taken & found.keys())
        return found, taken - found.keys()

    def release(self, names: Iterable[str]) -> None:
        """Give up the leases on *names* without keeping anything."""
        for name in names:
            self._wait_to_write(name, None)

    async def wait_for(self, names: Sequence[str]) -> dict[str, bytes]:
        """Return the bytes of the tiles that come from elsewhere within a lease's time.

        The others are the caller's to draw. A lease that ends without its tile is taken over.
        """
        self.counts.waits += 1
        found: dict[str, bytes] = {}
        rest, until = set(names), time.monotonic() + LEASE_S
        pause, longest = _POLLS_S
        while rest and time.monotonic() < until:
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, longest)
            come, ours = await self.claim([*rest])
            found |= come
            rest -= come.keys() | ours
        return found

    async def close(self) -> None:
        """Write the waiting tiles, and let go of the server."""
        if self._writing is not None:
            await self._writing
        await self._link.close()

    def _tiles(self, names: Sequence[str], values: Sequence[object]) -> dict[str, bytes]:
        found = {}
        for name, value in zip(names, values, strict=False):
            if not isinstance(value, bytes) or not value:
                continue
            data = self._unpacked(name, value)
            if data is None:
                self.counts.damaged += 1
            else:
                found[name] = data
        if found:
            came_from("shared")
        return found

    def _unpacked(self, name: str, value: bytes) -> bytes | None:
        told, data = value[:_SUM], value[_SUM:]
        if told != _sum(name, data):
            return None
        return self._unpack.decompress(data) if data else b""

    def _wait_to_write(self, name: str, data: bytes | None) -> None:
        if not self._link.is_open or (data is None and name in self._waiting):
            return
        self._weight += len(data or b"") - len(self._waiting.get(name) or b"")
        self._waiting[name] = data
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._waiting:
            some = dict(islice(self._waiting.items(), _TOGETHER))
            for name, data in some.items():
                del self._waiting[name]
                self._weight -= len(data or b"")
            tiles = (
                {} if self._link.is_full else {name: data for name, data in some.items() if data is not None}
            )
            packed = await asyncio.to_thread(_packed, tiles)
            keep: list[Command] = [("SET", _key(each), data, "EX", _KEPT_S) for each, data in packed.items()]
            free: list[Command] = [("DEL", _lease(name)) for name in some]
            if await self._link.ask([*keep, *free], _WRITING_S) is not None:
                self.counts.kept += len(keep)


def _key(name: str) -> str:
    """Return the key of the tile *name*, which begins with the identity of the database.

    What stands in braces decides on the node of a cluster: a tile and its lease lie on the same.
    """
    identity = name.partition("/")[0]
    digest = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
    return f"tileserver:{SCHEME}:{identity}:{{{digest}}}"


def _lease(name: str) -> str:
    return f"{_key(name)}:lease"


def _read(name: str) -> Command:
    return "GETRANGE", _key(name), 0, _LARGEST + _SUM - 1


def _take(name: str) -> Command:
    return "SET", _lease(name), b"1", "NX", "PX", int(LEASE_S * 1000)


def _sum(name: str, data: bytes) -> bytes:
    return hashlib.blake2b(name.encode() + b"\0" + data, digest_size=_SUM).digest()


def _packed(tiles: Mapping[str, bytes]) -> dict[str, bytes]:
    pack = zstandard.ZstdCompressor(6).compress
    packed = {name: pack(data) if data else b"" for name, data in tiles.items()}
    return {name: _sum(name, data) + data for name, data in packed.items()}


def open_shared(settings: Settings) -> SharedTier | None:
    """Return the shared tier that *settings* name, if any; nothing is connected yet."""
    return SharedTier(settings.shared_cache) if settings.shared_cache else None
