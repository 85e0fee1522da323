"""History tiles and lists of their faces: a tileset and a period in, bytes out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple, TypeAlias

import msgspec
import structlog

from tileserver.errors import AddressOutside, LayerUnavailable, Unavailable, UnknownBand, UnknownPeriod
from tileserver.grid import TileAddress
from tileserver.history.periods import HistoryPeriod, Public, PublicHistory, parse_period, public_part
from tileserver.model import LayerRef
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection, readable, reason_of
from tileserver.store.history_tiles import DaySpan, HistoryCut, history_faces, render_history
from tileserver.store.history_weights import LayerWeights, load_weights
from tileserver.tiles.cache import Answer, BodyCache
from tileserver.tiles.current import Current
from tileserver.tiles.recent import Recent
from tileserver.tiles.tileset import ServedLayer, Tileset

log = structlog.get_logger()

_TILESETS = 64  # whose pasts are remembered

_Content: TypeAlias = tuple[tuple[int, int, int], ...]  # of layers: key, edition and newest revision


class HistoryKey(NamedTuple):
    """The cache key of a history tile, or of the faces of a band."""

    tileset: str
    period: str
    public: Public
    where: TileAddress | int


class HistoryService:
    """Tiles of periods: from memory, else from PostGIS."""

    def __init__(self, current: Current, cache_bytes: int) -> None:
        self.current = current
        self.cache: BodyCache[HistoryKey] = BodyCache(cache_bytes)
        self._reading = asyncio.Lock()
        self._layers: dict[LayerRef, tuple[_Content, LayerWeights]] = {}
        self._pasts: Recent[tuple[str, Public, tuple[_Content, ...]], PublicHistory] = Recent(_TILESETS)

    async def periods(self, tileset: Tileset) -> tuple[HistoryPeriod, ...]:
        """Return the periods of *tileset*, ascending; none where nothing is public.

        They change with a revision, and when something more becomes public.
        """
        return (await self._past(tileset)).periods

    async def warm(self) -> None:
        """Read the weights that periods are planned from, so that a later outage takes no period away.

        A layer whose past cannot be read is set aside; the others go on.
        """
        for served in (await self.current.catalogue()).layers.values():
            with suppress(LayerUnavailable):
                async with self._reading:
                    await self._layer_past(served)

    async def from_url(self, tileset: Tileset, text: str) -> HistoryPeriod:
        """Return the period written *text*; only a public period exists."""
        period = parse_period(text)
        horizon = self.current.horizon(tileset)
        past = await self._past(tileset)
        with tileset.complete():
            if not past.has(period, horizon):
                raise UnknownPeriod(f"period {period} does not exist in {tileset.name}, or is not public")
        return period

    async def as_known(self, tileset: Tileset, period: HistoryPeriod, revision: int) -> HistoryPeriod | None:
        """Return *period* as known in *revision*; ``None`` if no revision by then changed the period."""
        return (await self._past(tileset)).as_known(period, revision)

    async def limits(self, tileset: Tileset, period: HistoryPeriod) -> Public:
        """Return the limits of the public part of *period*."""
        return (await self._past(tileset)).limits(period)

    async def tile(self, tileset: Tileset, period: HistoryPeriod, address: TileAddress) -> Answer[HistoryKey]:
        """Return the history tile of *period*, from `from_url`, at *address*."""
        low, high = tileset.zooms
        if not low <= address.z <= high:
            raise AddressOutside(f"zoom {address.z} is outside {tileset.name}, which has zooms {low}-{high}")

        async def render(connection: Connection, span: DaySpan) -> bytes:
            return await render_history(connection, _cuts(tileset), span, address)

        return await self._answer(tileset, period, address, render)

    async def faces(self, tileset: Tileset, period: HistoryPeriod, band: int) -> Answer[HistoryKey]:
        """Return ids and days of the faces of the state layers in *band* in *period*, as JSON."""
        if band not in tileset.bands:
            there = ", ".join(map(str, tileset.bands))
            raise UnknownBand(f"{band} is no band of {tileset.name}; its bands begin at zooms {there}")

        async def render(connection: Connection, span: DaySpan) -> bytes:
            layers = await history_faces(connection, _cuts(tileset), span, band)
            return msgspec.json.encode({"period": str(period), "band": band, "layers": layers})

        return await self._answer(tileset, period, band, render)

    async def _answer(
        self,
        tileset: Tileset,
        period: HistoryPeriod,
        where: TileAddress | int,
        render: Callable[[Connection, DaySpan], Awaitable[bytes]],
    ) -> Answer[HistoryKey]:
        past = await self._past(tileset)
        cache_key = HistoryKey(tileset.name, str(period), past.limits(period), where)

        async def compute() -> bytes:
            async with self.current.lanes.history.place(), self.current.pool.acquire() as connection:
                with readable(tileset.name):
                    return await render(connection, past.span(period))

        return await self.cache.answer(cache_key, compute)

    async def _past(self, tileset: Tileset) -> PublicHistory:
        public = public_part(tileset, self.current.horizon(tileset))
        key = (tileset.name, public, tuple([await self._content(served) for served in tileset.layers]))
        past = self._pasts.get(key)
        if past is None:
            async with self._reading:  # it takes a second: once is enough, however many ask
                layers = [await self._layer_past(served) for served in tileset.layers]
            past = self._pasts.keep(key, await asyncio.to_thread(PublicHistory, tileset, layers, public))
        return past

    async def _layer_past(self, served: ServedLayer) -> LayerWeights:
        ref, content = served.stored.ref, await self._content(served)
        held = self._layers.get(ref)
        if held is None or held[0] != content:
            origin = await self._origin(served.stored)
            try:
                async with self.current.background.acquire() as connection:
                    past = await load_weights(connection, served.stored, origin.layer_id)
            except Unavailable:
                raise
            except Exception as error:
                log.error("history not read", layer=str(ref), exc_info=error)
                self.current.set_aside([ref], reason_of(error))
                raise LayerUnavailable(f"{ref} is not served now: {reason_of(error)}") from error
            held = self._layers[ref] = (content, past)
        return held[1]

    async def _content(self, served: ServedLayer) -> _Content:
        """Return the states of a layer and of its origin: the weights follow from both.

        A withdrawal may take a revision from the areas and leave a front line drawn from them as it was.
        """
        both = served.stored, await self._origin(served.stored)
        return tuple(
            (each.layer_id, each.edition, each.revisions[-1] if each.revisions else 0) for each in both
        )

    async def _origin(self, stored: StoredLayer) -> StoredLayer:
        """Return the layer whose features *stored* draws: itself, or the layer that *stored* derives from."""
        if stored.layer.drawn_from == stored.layer.name:
            return stored
        catalogue = await self.current.catalogue()
        ref = LayerRef(stored.ref.theatre, stored.layer.drawn_from)
        found = catalogue.layers.get(ref) or catalogue.missing[ref]
        return found.stored


def _cuts(tileset: Tileset) -> list[HistoryCut]:
    found = []
    for served in tileset.layers:
        layer = served.stored.layer
        found.append(HistoryCut(served.stored.layer_id, layer.name, layer.drawn_as, layer.texts))
    return found
