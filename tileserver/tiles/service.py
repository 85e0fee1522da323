"""One tile for one question: tileset, address and time in, version and bytes out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from tileserver.grid import TileAddress
from tileserver.model import Revision
from tileserver.store.event_window import Selection
from tileserver.tiles.cache import Answer
from tileserver.tiles.composed import TileCache, TileKey
from tileserver.tiles.current import Current
from tileserver.tiles.fetcher import LayerFetcher
from tileserver.tiles.horizon import Horizon, month_end
from tileserver.tiles.index import LayerIndex
from tileserver.tiles.layer_tile import LayerTile, layer_tiles
from tileserver.tiles.locate import Located, find_version, latest, locate
from tileserver.tiles.question import Question
from tileserver.tiles.recent import Recent
from tileserver.tiles.shared import SharedTier
from tileserver.tiles.tiers import Tier
from tileserver.tiles.tileset import Tileset
from tileserver.tiles.version import Version
from tileserver.times import OPEN, Micros, Period, from_micros, to_micros

_LOCATED = 10_000  # questions whose answers are remembered, a kilobyte each

# How much is public: the number of edges and of ends of events, or the horizon.
_PublicPart: TypeAlias = tuple[int, int] | Micros
_Asked: TypeAlias = tuple[
    tuple[LayerIndex, ...], TileAddress, Period, Selection, Revision, _PublicPart, Micros | None
]


class TileService:
    """Tiles at an instant: from memory, else from the tiers, else from PostGIS."""

    def __init__(
        self,
        current: Current,
        cache_bytes: int,
        tiers: Sequence[Tier] = (),
        shared: SharedTier | None = None,
    ) -> None:
        self.current = current
        self.cache = TileCache(cache_bytes)
        self.fetcher = LayerFetcher(current, tiers, shared)
        self.tiers = tiers
        self.shared = shared
        self._located: Recent[_Asked, Located] = current.memory(_LOCATED)

    @property
    def trouble(self) -> str:
        """Why tiles are not kept for other processes; nothing where all is well."""
        return "; ".join(tier.trouble for tier in self.tiers if tier.trouble)

    async def close(self) -> None:
        """Close the tiers."""
        for tier in self.tiers if self.shared is None else (*self.tiers, self.shared):
            await tier.close()

    async def locate(self, question: Question) -> Located:
        """Return the content of the tile that *question* means.

        Raises
        ------
        AddressOutside
            The tileset has no such zoom.
        BadParameter
            There is no such revision.
        """
        if (located := self.locate_now(question)) is not None:
            return located
        horizon = self.current.horizon(question.tileset)
        periods = await self.current.periods_at(question.tileset, self._revision(question))
        return self._locate(question, latest(question.tileset, periods, horizon), horizon)

    def locate_now(self, question: Question) -> Located | None:
        """Return the same as `locate`, without waiting; ``None`` where a query is needed."""
        tileset, asked = question.tileset, question.period
        horizon = self.current.horizon(tileset)
        if asked is None:
            periods = self.current.periods_now(tileset, self._revision(question))
            if periods is None:
                return None
            asked = latest(tileset, periods, horizon)
        return self._locate(question, asked, horizon)

    def _locate(self, question: Question, asked: Period, horizon: Horizon) -> Located:
        tileset, address, known = question.tileset, question.address, self._revision(question)
        public = _public_part(question, asked, horizon)
        told = None if question.period is None else month_end(tileset, asked, self.current.clock())
        cache_key = tileset.indexes, address, asked, question.selection, known, public, told
        if (located := self._located.get(cache_key)) is None:
            view = self.current.view(tileset, address)
            located = locate(view, known, asked, horizon, question.selection)
            located = located if told is None else _ending(located, from_micros(told))
            self._located.keep(cache_key, located)
        return located

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
        LayerUnavailable
            A layer of the tile cannot be drawn.
        StoreUnavailable
            The tile is in no tier and the database does not answer.
        """
        if (kept := self._kept(question, located)) is not None:
            return kept
        wanted = self._parts_of(question, located)
        parts = await self.fetcher.fetch(wanted, self.cache.part)
        return self._composed(question, located, wanted, parts)

    def answer_now(self, question: Question, located: Located) -> Answer[TileKey] | None:
        """Return the same as `answer`, where that is in memory or on a quick disk; else ``None``."""
        if (kept := self._kept(question, located)) is not None:
            return kept
        wanted = self._parts_of(question, located)
        parts = self.fetcher.at_hand(wanted, self.cache.part)
        return None if parts is None else self._composed(question, located, wanted, parts)

    def _kept(self, question: Question, located: Located) -> Answer[TileKey] | None:
        cache_key = TileKey(question.tileset.name, located.version, question.address)
        kept = self.cache.peek(cache_key)
        return None if kept is None else Answer(self.cache, cache_key, kept, is_hit=True)

    def _parts_of(self, question: Question, located: Located) -> tuple[LayerTile, ...]:
        return layer_tiles(located, question.tileset, question.address, self.current.layer_view)

    def _composed(
        self, question: Question, located: Located, wanted: Sequence[LayerTile], parts: Sequence[bytes]
    ) -> Answer[TileKey]:
        cache_key = TileKey(question.tileset.name, located.version, question.address)
        body = self.cache.compose(cache_key, tuple(each.cache_key for each in wanted), parts)
        return Answer(self.cache, cache_key, body, is_hit=False)

    @staticmethod
    def _revision(question: Question) -> Revision:
        return question.tileset.revision(question.revision)


def _ending(located: Located, end: datetime) -> Located:
    """Return *located* with a validity that ends at *end* at the latest."""
    start, own_end = located.validity.start, located.validity.end
    is_within = own_end is not None and own_end <= end
    return located if is_within else replace(located, validity=Period(start, end))


def _public_part(question: Question, asked: Period, horizon: Horizon) -> _PublicPart:
    """Return the public part of the data on which the content at *asked* depends."""
    end = OPEN if asked.end is None else to_micros(asked.end)
    if question.revision is not None or not horizon.covers(end):
        return horizon.ended
    # What is over stays the same until another edge becomes public.
    tileset = question.tileset
    return bisect_right(tileset.edges, horizon.state), bisect_right(tileset.ends, horizon.ended)
