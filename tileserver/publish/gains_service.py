"""Gains for all who ask: worked out once, kept as long as nothing else becomes public."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date
from typing import NamedTuple

from tileserver.publish.gains import Gains, load_gains
from tileserver.publish.gains_text import GainsText, gains_text
from tileserver.publish.measures import measured_layer
from tileserver.publish.public import public_part
from tileserver.publish.turns import KeptTurns
from tileserver.tiles.cache import Cache
from tileserver.tiles.current import Current
from tileserver.tiles.tileset import Tileset


class GainsName(NamedTuple):
    """Name of the gains in a tileset: number of the catalogue, layers, revision, and how much is public."""

    reading: int
    layers: Hashable
    revision: int
    public: Hashable


class GainsService:
    """Gains of any tileset in any revision, by day; bounded by *capacity* bytes."""

    def __init__(self, current: Current, capacity: int) -> None:
        self._current = current
        self._kept: Cache[GainsName, Gains] = Cache(capacity)
        self._turns = KeptTurns()

    async def name(self, tileset: Tileset, revision: int) -> GainsName:
        """Return the name of the answer of `gains`: equal as long as the answer is the same."""
        public = await public_part(self._current, tileset, revision, self._current.clock())
        serial = (await self._current.catalogue()).serial
        layers = tileset.name, *(str(each.stored.ref) for each in tileset.missing)
        return GainsName(serial, layers, revision, public)

    async def gains(self, tileset: Tileset, revision: int) -> Gains:
        """Return the gains in the measured layer of *tileset*, as known in *revision*.

        Raises
        ------
        NothingMeasured
            The tileset has no layer of areas with statuses, or several.
        StoreBusy
            Other gains are worked out, and take too long to wait for.
        """
        measured_layer(tileset)

        async def compute() -> Gains:
            async with self._current.lanes.gains.place():
                now = self._current.clock()
                return await load_gains(self._current.pool, tileset, revision, now, self._turns)

        return await self._kept.once(await self.name(tileset, revision), compute)

    async def known_text(self, tileset: Tileset, day: date, language: str) -> GainsText | None:
        """Return the sentences as known now, if the gains are in memory; asks no database."""
        gains = self._kept.peek(await self.name(tileset, tileset.newest))
        return None if gains is None else gains_text(tileset, gains, day, language)

    async def text(self, tileset: Tileset, revision: int, day: date, language: str) -> GainsText:
        """Return the sentences on the gains up to *day* in *language*; as `gains` raises."""
        return gains_text(tileset, await self.gains(tileset, revision), day, language)
