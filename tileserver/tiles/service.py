"""One tile for one question: tileset, address and time in, version and bytes out."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from tileserver.errors import BadParameter
from tileserver.grid import TileAddress
from tileserver.model import Revision
from tileserver.store.connect import readable
from tileserver.store.event_window import EVERYTHING, Selection
from tileserver.store.tiles import render_tile
from tileserver.tiles.cache import Answer, BodyCache
from tileserver.tiles.current import Current
from tileserver.tiles.cuts import cuts
from tileserver.tiles.locate import Located, find_version, latest, locate
from tileserver.tiles.shelf import Shelf
from tileserver.tiles.tileset import Tileset
from tileserver.tiles.version import Version
from tileserver.times import Period


class TileKey(NamedTuple):
    """The cache key of a tile."""

    tileset: str
    version: Version
    address: TileAddress

    def __str__(self) -> str:
        return f"{self.tileset}/{self.version}/{self.address}"


class TileService:
    """Answers for tiles from memory where it can, then from the shelf if there is one, then from PostGIS."""

    def __init__(self, current: Current, cache_bytes: int, shelf: Shelf | None = None) -> None:
        self.current = current
        self.cache: BodyCache[TileKey] = BodyCache(cache_bytes)
        self._shelf = shelf

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
        horizon = self.current.horizon(tileset)
        if asked is None:
            asked = latest(tileset, await self.current.periods_at(tileset, known), horizon)
        return locate(self.current.view(tileset, address), known, asked, horizon, selection)

    def named(self, tileset: Tileset, address: TileAddress, text: str) -> Located:
        """Return the content of the tile that *text* names, if it exists and is public."""
        version = Version.from_url(text)
        view = self.current.view(tileset, address)
        with tileset.complete():
            return find_version(version, tileset, view, self.current.horizon(tileset))

    async def tile(self, tileset: Tileset, located: Located, address: TileAddress) -> Answer[TileKey]:
        """Return the tile at *address* with the content that `locate` or `named` found there.

        Raises
        ------
        StoreUnavailable
            The tile is not in memory and the database does not answer.
        """
        key = TileKey(tileset.name, located.version, address)

        async def compute() -> bytes:
            wanted = cuts(located, tileset, address)
            if not wanted:
                return b""
            if self._shelf is not None and (kept := self._shelf.get(str(key))) is not None:
                return kept
            async with self.current.pool.acquire() as connection:
                with readable(tileset.name):
                    tile = await render_tile(connection, wanted, address)
            if self._shelf is not None:
                await asyncio.to_thread(self._shelf.keep, str(key), tile)
            return tile

        return await self.cache.answer(key, compute)

    @staticmethod
    def _revision(tileset: Tileset, asked: int | None) -> Revision:
        newest = tileset.revision(None)
        if asked is not None and asked < 1:
            raise BadParameter(f"revision {asked} does not exist; the newest of {tileset.name} is {newest}")
        return tileset.revision(asked)
