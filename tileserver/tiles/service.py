"""One tile for one question: tileset, address and time in, version and bytes out."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from tileserver.errors import BadParameter
from tileserver.grid import TileAddress
from tileserver.model import Revision
from tileserver.store.connect import readable
from tileserver.store.event_window import Selection
from tileserver.store.tiles import render_tile
from tileserver.tiles.cache import Answer, BodyCache
from tileserver.tiles.current import Current
from tileserver.tiles.cuts import cuts
from tileserver.tiles.horizon import Horizon, horizon_of
from tileserver.tiles.index import LayerIndex
from tileserver.tiles.locate import Located, find_version, latest, locate
from tileserver.tiles.question import Question
from tileserver.tiles.recent import Recent
from tileserver.tiles.shelf import Shelf
from tileserver.tiles.tileset import Tileset
from tileserver.tiles.version import Version
from tileserver.times import EPOCH_1970, TICK, Period

_LOCATED = 10_000  # questions whose answers are remembered, a kilobyte each

# A question about the past, with the number of edges and of ends of events that are public.
_PastQuestion: TypeAlias = tuple[tuple[LayerIndex, ...], TileAddress, Period, Selection, tuple[int, int]]


class TileKey(NamedTuple):
    """The cache key of a tile."""

    tileset: str
    version: Version
    address: TileAddress

    def __str__(self) -> str:
        return f"{self.tileset}/{self.version}/{self.address}"


class TileService:
    """Tiles at an instant: from memory, else from the shelf, else from PostGIS."""

    def __init__(self, current: Current, cache_bytes: int, shelf: Shelf | None = None) -> None:
        self.current = current
        self.cache: BodyCache[TileKey] = BodyCache(cache_bytes)
        self._shelf = shelf
        self._located: Recent[_PastQuestion, Located] = current.memory(_LOCATED)

    @property
    def trouble(self) -> str:
        """Why tiles are not kept for other processes; nothing where all is well."""
        return "" if self._shelf is None else self._shelf.trouble

    def close(self) -> None:
        """Close the shelf, if any."""
        if self._shelf is not None:
            self._shelf.close()

    async def locate(self, question: Question) -> Located:
        """Return the content of the tile that *question* means.

        Raises
        ------
        AddressOutside
            The tileset has no such zoom.
        BadParameter
            There is no such revision.
        """
        tileset, address, asked = question.tileset, question.address, question.period
        horizon = horizon_of(tileset, self.current.clock())
        if question.revision is None and asked is not None and asked.end is not None:
            # About the past the answer stays the same until another edge becomes public.
            end = (asked.end - EPOCH_1970) // TICK
            if end <= horizon.ended and end - 1 <= horizon.state:
                public = bisect_right(tileset.edges, horizon.state), bisect_right(tileset.ends, horizon.ended)
                past = tileset.indexes, address, asked, question.selection, public
                return self._located.get(past) or self._located.keep(past, self._locate(question, horizon))
        if asked is None:
            known = self._revision(question)
            asked = latest(tileset, await self.current.periods_at(tileset, known), horizon)
            question = replace(question, period=asked)
        return self._locate(question, horizon)

    def _locate(self, question: Question, horizon: Horizon) -> Located:
        assert question.period is not None
        known, view = self._revision(question), self.current.view(question.tileset, question.address)
        return locate(view, known, question.period, horizon, question.selection)

    def from_url(self, tileset: Tileset, address: TileAddress, text: str) -> Located:
        """Return the content of the tile whose version is written *text*; only a public version exists."""
        version = Version.from_url(text)
        view = self.current.view(tileset, address)
        with tileset.complete():
            return find_version(version, tileset, view, self.current.horizon(tileset))

    async def answer(self, question: Question, located: Located) -> Answer[TileKey]:
        """Return the tile that *question* is about with the content that `locate` or `from_url` found there.

        Raises
        ------
        StoreUnavailable
            The tile is not in memory and the database does not answer.
        """
        tileset, address = question.tileset, question.address
        cache_key = TileKey(tileset.name, located.version, address)

        async def compute() -> bytes:
            wanted = cuts(located, tileset, address)
            if not wanted:
                return b""
            name = str(cache_key)
            if self._shelf is not None and (kept := await self._shelf.get_many((name,))):
                return kept[name]
            async with self.current.pool.acquire() as connection:
                with readable(tileset.name):
                    tile = await render_tile(connection, wanted, address)
            if self._shelf is not None:
                self._shelf.keep_many([(name, tile)])
            return tile

        return await self.cache.answer(cache_key, compute)

    @staticmethod
    def _revision(question: Question) -> Revision:
        tileset, asked = question.tileset, question.revision
        if asked is not None and asked < 1:
            raise BadParameter(
                f"revision {asked} does not exist; the newest of {tileset.name} is {tileset.newest}"
            )
        return tileset.newest if asked is None else tileset.revision(asked)
