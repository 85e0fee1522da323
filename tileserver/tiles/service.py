"""One tile for one question: tileset, address and time in, version and bytes out."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from tileserver.errors import AddressOutside, BadParameter, SchemaMismatch, StoreUnavailable
from tileserver.grid import TileAddress
from tileserver.model import LayerRef
from tileserver.store.catalogue import load_periods
from tileserver.store.connect import Pool, readable
from tileserver.store.marker import Marker, broken_promises
from tileserver.store.migrations import check_schema
from tileserver.store.tiles import render_tile
from tileserver.tiles.cache import Tile, TileCache
from tileserver.tiles.catalogue import Catalogue, Periods, Tileset, load_catalogue
from tileserver.tiles.cuts import cuts
from tileserver.tiles.horizon import horizon_of
from tileserver.tiles.index import LayerIndex, TileView
from tileserver.tiles.selection import EVERYTHING, Selection
from tileserver.tiles.shelf import Shelf
from tileserver.tiles.versions import (
    Located,
    Resolved,
    Version,
    find,
    latest,
    locate,
    parse_version,
    resolve,
)
from tileserver.times import Clock, Period

_PAST_REVISIONS = 64  # how many readings of past revisions are kept
_VIEWS = 10_000  # of tiles, some kilobytes each


class TileKey(NamedTuple):
    """What names a tile's content."""

    tileset: str
    version: Version
    address: TileAddress

    def __str__(self) -> str:
        return f"{self.tileset}/{self.version}/{self.address}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A tile, under the key that names it, and whether it came from memory."""

    key: TileKey
    tile: Tile
    hit: bool


class TileService:
    """Answers for tiles from memory where it can, then from the shelf if there is one, then from PostGIS."""

    def __init__(
        self,
        pool: Pool,
        cache_bytes: int,
        clock: Clock,
        shelf: Shelf | None = None,
        background: Pool | None = None,
    ) -> None:
        self.pool = pool
        self.background = background or pool  # for what must not wait behind readers
        self.clock = clock
        self._shelf = shelf
        self.cache: TileCache[TileKey] = TileCache(cache_bytes)
        self._catalogue: Catalogue | None = None
        self._past: OrderedDict[tuple[tuple[tuple[int, int], ...], int], list[Periods]] = OrderedDict()
        self._views: OrderedDict[tuple[tuple[LayerIndex, ...], TileAddress], TileView] = OrderedDict()
        self._held_to: tuple[Marker, str] | None = None
        self._refreshing = asyncio.Lock()

    async def refresh(self) -> None:
        """Read the catalogue anew; requests under way keep the one they began with."""
        async with self._refreshing, self.background.acquire() as connection:
            await check_schema(connection)
            self._replace(await load_catalogue(connection, self._catalogue))

    def set_aside(self, refs: Collection[LayerRef], reason: str) -> None:
        """Serve the layers *refs* no longer, until they are read anew."""
        if self._catalogue is not None:
            self._replace(self._catalogue.without(refs, reason))

    def hold_to(self, marker: Marker | None, reason: str = "") -> None:
        """Serve no layer, now and as it is read later, of which *marker* says something else was promised."""
        self._held_to = None if marker is None else (marker, reason)
        if self._catalogue is not None:
            self._replace(self._catalogue)

    @property
    def is_held(self) -> bool:
        """Whether layers are held to a marker."""
        return self._held_to is not None

    def _replace(self, catalogue: Catalogue) -> None:
        if self._held_to is not None:
            marker, reason = self._held_to
            shown = {ref: mark for ref, mark in catalogue.marker.items() if ref in catalogue.layers}
            catalogue = catalogue.without(broken_promises(shown, marker), reason)
        self._catalogue = catalogue
        self._views.clear()

    @property
    def read(self) -> Catalogue | None:
        """The catalogue as it was read last; ``None`` before the first time."""
        return self._catalogue

    async def catalogue(self) -> Catalogue:
        """Return the catalogue, reading it if that has never succeeded yet."""
        if self._catalogue is None:
            await self.refresh()
        if self._catalogue is None:
            raise StoreUnavailable("the catalogue could not be read; try again in a moment")
        return self._catalogue

    async def resolve(self, tileset: Tileset, asked: Period | None, revision: int | None = None) -> Resolved:
        """Return what *asked* means for all of the map, as known in *revision* or now."""
        known = self._revision(tileset, revision)
        periods = await self.periods(tileset, known)
        return resolve(tileset, periods, known, asked, horizon_of(tileset, self.clock()))

    async def locate(
        self,
        tileset: Tileset,
        address: TileAddress,
        asked: Period | None,
        revision: int | None = None,
        selection: Selection = EVERYTHING,
    ) -> Located:
        """Return the content of one tile that *asked* means there, as known in *revision* or now.

        Of the window layers what *selection* chooses.

        Raises
        ------
        AddressOutside
            The tileset has no such zoom.
        """
        known = self._revision(tileset, revision)
        horizon = horizon_of(tileset, self.clock())
        if asked is None:
            asked = latest(tileset, await self.periods(tileset, known), horizon)
        return locate(tileset, self.view(tileset, address), known, asked, horizon, selection)

    def named(self, tileset: Tileset, address: TileAddress, text: str) -> Located:
        """Return the content of the tile that *text* names, if it exists and is public."""
        version = parse_version(text)
        view = self.view(tileset, address)
        with tileset.complete():
            reading = find(version, tileset, view, horizon_of(tileset, self.clock()))
        return Located(reading, Period(None, None), version)

    def view(self, tileset: Tileset, address: TileAddress) -> TileView:
        """Return what the change index knows of one tile, from memory where it was asked before."""
        low, high = tileset.zooms
        if not low <= address.z <= high:
            raise AddressOutside(f"zoom {address.z} is outside {tileset.name}, which has zooms {low}-{high}")
        key = (tuple(served.index for served in tileset.layers), address)
        view = self._views.get(key)
        if view is None:
            view = self._views[key] = tileset.view(address)
            while len(self._views) > _VIEWS:
                self._views.popitem(last=False)
        return view

    async def periods(self, tileset: Tileset, revision: int) -> list[Periods]:
        """Return the periods of each layer at *revision*, from memory if it is the newest."""
        if revision == tileset.revision(None):
            return [served.periods for served in tileset.layers]
        # By the layers, not by the name: a theatre's definition may gain one.
        key = (tuple((served.stored.layer_id, served.stored.edition) for served in tileset.layers), revision)
        if key not in self._past:
            async with self.pool.acquire() as connection:
                found = [await load_periods(connection, s.stored, revision) for s in tileset.layers]
            self._past[key] = found
            while len(self._past) > _PAST_REVISIONS:
                self._past.popitem(last=False)
        return self._past[key]

    async def tile(self, tileset: Tileset, located: Located, address: TileAddress) -> Answer:
        """Return the tile at *address* with the content that `locate` or `named` found there.

        Raises
        ------
        StoreUnavailable
            The tile is not in memory and the database does not answer.
        """
        key = TileKey(tileset.name, located.version, address)
        held = self.cache.peek(key)
        if held is not None:
            return Answer(key, held, hit=True)

        async def compute() -> bytes:
            wanted = cuts(located.reading, tileset, address)
            if not wanted:
                return b""
            if self._shelf is not None and (kept := self._shelf.get(str(key))) is not None:
                return kept
            async with self.pool.acquire() as connection:
                with readable(tileset.name):
                    tile = await render_tile(connection, wanted, address)
            if self._shelf is not None:
                await asyncio.to_thread(self._shelf.keep, str(key), tile)
            return tile

        return Answer(key, await self.cache.get(key, compute), hit=False)

    async def ready(self) -> str | None:
        """Return ``None`` when the database answers and fits the code, else what is wrong."""
        try:
            async with self.background.acquire() as connection:
                await check_schema(connection)
        except (StoreUnavailable, SchemaMismatch) as error:
            return str(error)
        return None

    @staticmethod
    def _revision(tileset: Tileset, asked: int | None) -> int:
        newest = tileset.revision(None)
        if asked is not None and asked < 1:
            raise BadParameter(f"revision {asked} does not exist; the newest of {tileset.name} is {newest}")
        return tileset.revision(asked)
