"""The tiers under a process's memory: where layer tiles are kept for others, and looked for before PostGIS.

A tier may lose what it keeps, and never answers with anything else: what is damaged is not there. A tier that
is away or full costs a reader nothing but the tile's rendering.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from tileserver.config import Settings
from tileserver.tiles.shelf import Shelf, open_shelf


class Tier(Protocol):
    """A store of layer tiles by name, behind the memory of one process and before PostGIS."""

    @property
    def trouble(self) -> str:
        """Why tiles are not read or not kept; nothing where all is well."""
        ...

    def look(self, names: Sequence[str]) -> dict[str, bytes] | None:
        """Return the same bytes as `get_many`, at once; ``None`` where only waiting can tell."""
        ...

    async def get_many(self, names: Sequence[str]) -> dict[str, bytes]:
        """Return the kept layer tiles among *names*, as bytes of MVTs; no bytes for an empty tile."""
        ...

    async def keep_many(self, tiles: Mapping[str, bytes]) -> None:
        """Have *tiles*, bytes of MVTs by name, kept soon and if possible; no reader waits or is failed."""
        ...

    async def close(self) -> None:
        """Keep all tiles that wait to be kept, and let go."""
        ...


class ShelfTier:
    """The shelf as a tier."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    @property
    def trouble(self) -> str:
        """Why tiles are not read or not kept on disk; nothing where all is well."""
        return self.shelf.trouble

    def look(self, names: Sequence[str]) -> dict[str, bytes] | None:
        """Return the bytes of the layer tiles among *names* on the shelf, at once, if the disk is quick."""
        return self.shelf.look(names)

    async def get_many(self, names: Sequence[str]) -> dict[str, bytes]:
        """Return the layer tiles among *names* on the shelf, as bytes of MVTs."""
        return await self.shelf.get_many(names)

    async def keep_many(self, tiles: Mapping[str, bytes]) -> None:
        """Have *tiles*, bytes of MVTs by name, written by the shelf's own thread."""
        self.shelf.keep_many(tiles.items())

    async def close(self) -> None:
        """Write all tiles that wait for the disk, and close the file."""
        await asyncio.to_thread(self.shelf.close)


def open_tiers(settings: Settings) -> tuple[Tier, ...]:
    """Return the tiers that *settings* name, the nearest first."""
    shelf = open_shelf(settings)
    return () if shelf is None else (ShelfTier(shelf),)
