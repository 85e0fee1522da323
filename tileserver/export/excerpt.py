"""The tiles of an archive: of one date, or of one period of history, in the order of a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from tileserver.errors import BadParameter, LayerUnavailable
from tileserver.export.areas import NamedArea
from tileserver.export.pmtiles import place_of
from tileserver.export.workplace import DrawnTiles
from tileserver.grid import BoundsLonLat, TileAddress
from tileserver.history.periods import HistoryPeriod
from tileserver.history.service import HistoryService
from tileserver.tiles.compress import compress
from tileserver.tiles.covered import covered
from tileserver.tiles.question import Question
from tileserver.tiles.service import TileService
from tileserver.tiles.tileset import Tileset
from tileserver.times import Period, day_period

_AT_ONCE = 16  # tiles that are asked for side by side

Tile: TypeAlias = tuple[TileAddress, bytes]
# A name for all that a tile's bytes follow from, and its drawing.
_Named: TypeAlias = tuple[str, Callable[[], Awaitable[bytes]]]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Tiles of a tileset: *zooms* ascending, *bounds* in degrees or all, at one time.

    Parameters
    ----------
    tileset : Tileset
    zooms : tuple of int
        At least one, each within the tileset's.
    bounds : BoundsLonLat, optional
    area : NamedArea, optional
        Of the tiles in *bounds*, which are then its own, those alone that it touches.
    revision : int, optional
        As known in this revision; ``None`` for the newest.
    asked : Period, optional
        Of tiles at an instant: the half-open period that a dated tile is asked for with; ``None`` for latest.
    spelled : str, optional
        The same as URLs have it.
    period : HistoryPeriod, optional
        Of history tiles: the period, which decides; *revision* is the one that it names.
    """

    tileset: Tileset
    zooms: tuple[int, ...]
    bounds: BoundsLonLat | None = None
    area: NamedArea | None = None
    revision: int | None = None
    asked: Period | None = None
    spelled: str | None = None
    period: HistoryPeriod | None = None

    def __post_init__(self) -> None:
        if not self.zooms:
            low, high = self.tileset.zooms
            raise BadParameter(f"{self.tileset.name} has none of these zooms; it has {low}-{high}")
        if self.tileset.missing:
            missing = "; ".join(f"{each.stored.ref}: {each.reason}" for each in self.tileset.missing)
            raise LayerUnavailable(f"no archive without a layer that is asked for: {missing}")

    @property
    def end(self) -> datetime | None:
        """The end of its time, exclusive; ``None`` where more may come."""
        if self.period is None:
            return None if self.asked is None else self.asked.end
        return None if self.period.end is None else day_period(self.period.end, self.tileset.zone).start

    def in_period(self, period: HistoryPeriod) -> Excerpt:
        """Return the same tiles as history of *period*, as known in the revision that the period names."""
        return replace(self, period=period, revision=period.revision or None)

    def addresses(self) -> list[TileAddress]:
        """Return where anything may be, in the order of a file."""
        found = (each for zoom in self.zooms for each in covered(self.tileset, zoom, self.bounds))
        addresses = sorted(found, key=place_of)
        return addresses if self.area is None else self.area.touched(addresses)


@dataclass(frozen=True, slots=True)
class TileSource:
    """The services that answer readers, asked for all tiles of an archive."""

    tiles: TileService
    history: HistoryService

    async def read(
        self, excerpt: Excerpt, drawn: DrawnTiles, told: Callable[[int, int], None]
    ) -> AsyncIterator[Tile]:
        """Yield the tiles that are not empty, packed with gzip as for a reader who accepts that.

        What is *drawn* is taken from there, the others are put there. *told* hears how many addresses were
        looked at, of how many. Some tiles at a time are in memory.
        """
        addresses = excerpt.addresses()
        ask = self._asking(excerpt)
        database = (await self.tiles.current.catalogue()).database

        async def packed(address: TileAddress) -> bytes:
            content, draw = await ask(address)
            name = f"{database}/{content}"  # revisions of a period are numbered by their database
            if (data := drawn.get(name)) is None:
                body = await draw()
                data = await asyncio.to_thread(compress, body, "gzip") if body else b""
                drawn.put(name, data)
            return data

        for first in range(0, len(addresses), _AT_ONCE):
            some = addresses[first : first + _AT_ONCE]
            found = await asyncio.gather(*map(packed, some))
            drawn.keep()
            for address, data in zip(some, found, strict=True):
                if data:
                    yield address, data
            told(first + len(some), len(addresses))

    async def as_known(self, part: Excerpt, revision: int) -> Excerpt | None:
        """Return *part*, history, as known in *revision*; ``None`` where the period was not known then."""
        assert part.period is not None
        found = await self.history.as_known(part.tileset, part.period, revision)
        return None if found is None else part.in_period(found)

    def _asking(self, excerpt: Excerpt) -> Callable[[TileAddress], Awaitable[_Named]]:
        """Return a function from an address to the name of the tile there, and to a way to draw the tile."""
        tileset, period = excerpt.tileset, excerpt.period

        async def history_tile(address: TileAddress) -> _Named:
            assert period is not None
            limits = await self.history.limits(tileset, period)

            async def draw() -> bytes:
                return (await self.history.tile(tileset, period, address)).body.data

            return f"{tileset.name} {period} {limits.at} {limits.ended} {address}", draw

        async def dated_tile(address: TileAddress) -> _Named:
            question = Question(tileset, address, excerpt.asked, excerpt.revision)
            located = await self.tiles.locate(question)

            async def draw() -> bytes:
                return (await self.tiles.answer(question, located)).body.data

            return f"{tileset.name} {located.version} {address}", draw

        return dated_tile if period is None else history_tile


async def periods_of(source: TileSource, tileset: Tileset, asked: Period | None) -> Sequence[HistoryPeriod]:
    """Return the periods of the history of *tileset* that have a day of *asked*, ascending; else all."""
    return [
        period
        for period in await source.history.periods(tileset)
        if asked is None or _meets(period, asked, tileset)
    ]


def _meets(period: HistoryPeriod, asked: Period, tileset: Tileset) -> bool:
    first = day_period(period.first, tileset.zone).start
    end = None if period.end is None else day_period(period.end, tileset.zone).start
    begins_before = asked.end is None or first is None or first < asked.end
    ends_after = asked.start is None or end is None or end > asked.start
    return begins_before and ends_after
