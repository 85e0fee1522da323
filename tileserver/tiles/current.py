"""The present state of knowledge, which all products are made from: catalogue, clock, connections, views."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from tileserver.errors import AddressOutside, LayerUnavailable, StoreUnavailable
from tileserver.grid import TileAddress
from tileserver.model import LayerRef
from tileserver.store.catalogue import Periods, load_periods
from tileserver.store.connect import Pool
from tileserver.store.marker import Marker, broken_promises, floor_of
from tileserver.store.migrations import check_schema
from tileserver.tiles.catalogue import Catalogue, load_catalogue
from tileserver.tiles.horizon import Horizon, horizon_of, seconds_to_move, settled_of
from tileserver.tiles.index import LayerIndex, TileView
from tileserver.tiles.lanes import Lanes
from tileserver.tiles.recent import Recent
from tileserver.tiles.tileset import ServedLayer, Tileset
from tileserver.times import Clock, Micros

_PAST_REVISIONS = 64  # tilesets at past revisions whose periods are kept
_VIEWS = 10_000  # of tiles, some kilobytes each

_Editions: TypeAlias = tuple[tuple[int, int], ...]  # layer and edition, of each layer


class Current:
    """Catalogue of the last reading, clock of the horizon, and connections to the database.

    Parameters
    ----------
    pool : Pool
        Connections for readers.
    clock : Clock
        The present instant.
    background : Pool, optional
        Connections for work that must not wait behind readers; *pool* where there are none.
    """

    def __init__(self, pool: Pool, clock: Clock, background: Pool | None = None) -> None:
        self.pool = pool
        self.background = background or pool
        self.clock = clock
        self.lanes = Lanes(pool.size, pool.wait_s)
        self.read: Catalogue | None = None  # as it was read last
        self.read_at = 0.0  # seconds of the steady clock
        self.tilesets: Mapping[str, Tileset] = {}  # of that, by the names they were asked for under
        self._past: Recent[tuple[_Editions, int], list[Periods]] = Recent(_PAST_REVISIONS)
        self._memories: list[Recent[Any, Any]] = []
        self._views: Recent[tuple[tuple[LayerIndex, ...], TileAddress], TileView] = self.memory(_VIEWS)
        self._held_to: tuple[Marker, str] | None = None
        self.told: list[Callable[[Catalogue], None]] = []  # of each catalogue that takes the last one's place
        self._refreshing = asyncio.Lock()

    async def refresh(self) -> None:
        """Read the catalogue anew; requests under way keep the catalogue of their beginning."""
        async with self._refreshing, self.background.acquire() as connection:
            await check_schema(connection)
            self._replace(await load_catalogue(connection, self.read))
            self.read_at = time.monotonic()

    def set_aside(self, refs: Collection[LayerRef], reason: str) -> None:
        """Serve the layers *refs* no longer, until the next reading."""
        if self.read is not None:
            self._replace(self.read.without(refs, reason))

    def hold_to(self, marker: Marker | None, reason: str = "") -> None:
        """Serve no layer, now or after a reading, of which *marker* says that something else was promised."""
        self._held_to = None if marker is None else (marker, reason)
        if self.read is not None:
            self._replace(self.read)

    @property
    def is_held(self) -> bool:
        """Whether layers are held to a marker."""
        return self._held_to is not None

    @property
    def promised(self) -> Marker | None:
        """Promises that hold at this moment, by layer; ``None`` where nobody knows."""
        if self._held_to is not None:
            return self._held_to[0] or None
        return None if self.read is None else self.read.marker

    def _replace(self, catalogue: Catalogue) -> None:
        if self._held_to is not None:
            marker, reason = self._held_to
            shown = {ref: mark for ref, mark in catalogue.marker.items() if ref in catalogue.layers}
            catalogue = catalogue.without(broken_promises(shown, marker), reason)
        self.read, self.tilesets = catalogue, catalogue.tilesets
        self.pool.floor = self.background.floor = floor_of(catalogue.marker)
        for memory in self._memories:
            memory.clear()
        for theatre in catalogue.theatres:
            with suppress(LayerUnavailable):
                catalogue.tileset(theatre).prepare()
        for tell in self.told:
            tell(catalogue)

    def memory(self, limit: int) -> Recent[Any, Any]:
        """Return a memory for results that follow from the catalogue, emptied by every new catalogue."""
        self._memories.append(memory := Recent[Any, Any](limit))
        return memory

    async def catalogue(self) -> Catalogue:
        """Return the catalogue, read now if no reading has succeeded yet."""
        if self.read is None:
            await self.refresh()
        if self.read is None:
            raise StoreUnavailable("the catalogue could not be read; try again in a moment")
        return self.read

    def horizon(self, tileset: Tileset) -> Horizon:
        """Return the end of the public part of *tileset* at this moment."""
        return horizon_of(tileset, self.clock())

    def settled(self, tileset: Tileset) -> Micros | None:
        """Return until when the past of *tileset* is settled at this moment; ``None`` where nothing is."""
        return settled_of(tileset, self.clock())

    def stride_end(self) -> float:
        """Return until when no horizon moves, in seconds of `time.monotonic`, which nobody can set.

        Ask before beginning on what is to be kept so long. Where the clock is set meanwhile, a horizon may
        have moved a stride before that at most.
        """
        asked_at = time.monotonic()  # before the clock: the end is never too late by the time between both
        return asked_at + seconds_to_move(self.clock())

    def view(self, tileset: Tileset, address: TileAddress) -> TileView:
        """Return the change index of a tile, from memory where somebody asked before.

        Raises
        ------
        AddressOutside
            The tileset has no such zoom.
        """
        low, high = tileset.zooms
        if not low <= address.z <= high:
            raise AddressOutside(f"zoom {address.z} is outside {tileset.name}, which has zooms {low}-{high}")
        key = (tileset.indexes, address)
        return self._views.get(key) or self._views.keep(key, tileset.view(address))

    def layer_view(self, served: ServedLayer, address: TileAddress) -> TileView:
        """Return the change index of a tile for one layer alone, as `view`; the zoom is not looked at."""
        key = ((served.index,), address)
        return self._views.get(key) or self._views.keep(key, served.view(address))

    async def periods_at(self, tileset: Tileset, revision: int) -> list[Periods]:
        """Return the periods of each layer at *revision*, from memory if there is no newer."""
        if (found := self.periods_now(tileset, revision)) is None:
            async with self.pool.acquire() as connection:
                found = [await load_periods(connection, s.stored, revision) for s in tileset.layers]
            self._past.keep(_past_key(tileset, revision), found)
        return found

    def periods_now(self, tileset: Tileset, revision: int) -> list[Periods] | None:
        """Return the periods of each layer at *revision*, if in memory; else ``None``."""
        if revision == tileset.revision(None):
            return [served.periods for served in tileset.layers]
        return self._past.get(_past_key(tileset, revision))

    async def check(self) -> None:
        """Return if the database answers and fits the code.

        Raises
        ------
        StoreUnavailable, SchemaMismatch
            It does not; the cause is what was raised below.
        """
        async with self.background.acquire() as connection:
            await check_schema(connection)


def _past_key(tileset: Tileset, revision: int) -> tuple[_Editions, int]:
    """Return the key of a past: by layers, not by name, as a theatre's definition may gain a layer."""
    return tuple((served.stored.layer_id, served.stored.edition) for served in tileset.layers), revision
