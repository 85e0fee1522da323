"""Comparison tiles: gains and losses between two states, and where the lines between were and are.

What changed is worked out once for a whole band, so that a piece is the same in every tile that shows part of
it: its id, its area, and whether it is a sliver. A tile is cut from that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeAlias, TypeVar

from tileserver.compare.ends import BandView, End, sides
from tileserver.compare.shapes import Drawn, compared_cells, draw_lines, draw_pieces, our_statuses
from tileserver.errors import NothingMeasured
from tileserver.grid import Band, TileAddress, band_at
from tileserver.model import Digest
from tileserver.shape.compare import CellDifference, Piece, Sieve, differing_pieces
from tileserver.store.catalogue import StoredLayer
from tileserver.store.comparison_tiles import encode_shapes
from tileserver.store.measures import load_differing_faces
from tileserver.tiles.cache import Answer, BodyCache, Cache
from tileserver.tiles.current import Current
from tileserver.tiles.index import LayerIndex
from tileserver.tiles.recent import Recent
from tileserver.tiles.tileset import Tileset
from tileserver.times import Period

_VIEWS = 8  # bands, some megabytes each

_Name: TypeAlias = tuple[Digest, str]
Result = TypeVar("Result")


class ComparisonKey(NamedTuple):
    """Cache key of a comparison tile: its layers, the states of their band at both ends, and the address."""

    tileset: str
    before: _Name
    after: _Name
    address: TileAddress


class DocumentKey(NamedTuple):
    """Cache key of a document; unlike a tile, a document says when, and since which revision."""

    tileset: str
    before: str
    after: str


class EndQuestion(NamedTuple):
    """One end of a comparison: the state at the last instant of *period*, as known in *revision*.

    ``None`` is the latest period, and the newest revision.
    """

    period: Period | None
    revision: int | None


class ComparisonService:
    """Comparisons of two states: from memory, else from the faces that differ."""

    def __init__(self, current: Current, cache_bytes: int) -> None:
        self.current = current
        self.cache: BodyCache[ComparisonKey] = BodyCache(cache_bytes * 3 // 8)
        self.documents: BodyCache[DocumentKey] = BodyCache(cache_bytes // 8)
        self._drawn: Cache[tuple[int, Band, _Name, _Name], Drawn] = Cache(cache_bytes // 2)
        self._views: Recent[tuple[tuple[LayerIndex, ...], Band, str], BandView] = current.memory(_VIEWS)
        # One comparison at a time, so that however many are asked for the tiles of a state are still served.
        self._worker = ThreadPoolExecutor(1, "comparisons")

    def close(self) -> None:
        """Begin no further comparison."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def tileset(self, name: str) -> Tileset:
        """Return the layers of the tileset *name* that can be compared: areas with statuses, their lines.

        Raises
        ------
        NothingMeasured
            It has none of these.
        """
        catalogue = await self.current.catalogue()
        asked = catalogue.tileset(name)
        refs = [str(stored.ref) for stored in asked.asked if stored.layer.has_faces]
        if not refs:
            raise NothingMeasured(
                f"{asked.name} has neither areas with statuses nor lines between them, so nothing is gained"
                " or lost in it"
            )
        return catalogue.tileset(",".join(refs))

    def locate(self, tileset: Tileset, band: Band, asked: EndQuestion | str) -> End:
        """Return the state of *band* that *asked* means: by its time, or as a text that `End` has in URLs.

        Raises
        ------
        UnknownState
            The text is that of no public state.
        """
        view, horizon = self._view(tileset, band), self.current.horizon(tileset).state
        if isinstance(asked, EndQuestion):
            return view.at(asked.period, tileset.revision(asked.revision), horizon)
        with tileset.complete():
            return view.from_url(asked, horizon)

    async def tile(
        self, tileset: Tileset, before: End, after: End, address: TileAddress
    ) -> Answer[ComparisonKey]:
        """Return the tile of the differences between two states of its band.

        Raises
        ------
        AddressOutside
            The tileset has no such zoom.
        StoreUnavailable
            The tile is not in memory and the database does not answer.
        """
        key = ComparisonKey(tileset.name, before.cache_key, after.cache_key, address)

        async def compute() -> bytes:
            view = self.current.view(tileset, address)
            moments = [end.state.moment for end in (before, after)]
            here = [view.state(moment.at, moment.revision) for moment in moments]
            if len({state.digest if state else 0 for state in here}) == 1:  # whatever changed elsewhere
                return b""
            return await self._encoded(tileset, before, after, address)

        return await self.cache.answer(key, compute)

    async def measured(self, stored: StoredLayer, before: End, after: End) -> list[Piece]:
        """Return land of a measured layer that changed hands, slivers too; ends are of its finest band."""
        async with self.current.lanes.comparisons.place():
            cells = await self._cells(stored, stored.layer.bands[-1], before, after)
            return await self._aside(lambda: differing_pieces(cells, Sieve()))

    async def _encoded(self, tileset: Tileset, before: End, after: End, address: TileAddress) -> bytes:
        layers = []
        for served in tileset.layers:
            drawn = await self._draw(served.stored, band_at(address.z), before, after)
            layers.append((served.stored.layer.name, drawn.near(address)))
        if not any(rows for _, rows in layers):
            return b""
        async with self.current.lanes.change_tiles.place(), self.current.pool.acquire() as connection:
            return await encode_shapes(connection, address, layers)

    async def _draw(self, stored: StoredLayer, band: Band, before: End, after: End) -> Drawn:
        async def compute() -> Drawn:
            async with self.current.lanes.comparisons.place():
                cells = await self._cells(stored, band, before, after)
                if stored.layer.drawn_as == "faces":
                    our_side = our_statuses(stored)
                    return await self._aside(lambda: draw_pieces(cells, band, our_side))
                return await self._aside(lambda: draw_lines(cells, band))

        return await self._drawn.once((stored.layer_id, band, before.cache_key, after.cache_key), compute)

    async def _cells(self, stored: StoredLayer, band: Band, before: End, after: End) -> list[CellDifference]:
        async with self.current.pool.acquire() as connection:
            faces = await load_differing_faces(connection, stored, before.moment, after.moment, band)
        return list(compared_cells(faces, band))

    async def _aside(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    def _view(self, tileset: Tileset, band: Band) -> BandView:
        indexes = tileset.indexes
        side = sides(status for served in tileset.layers for status in our_statuses(served.stored))
        view = self._views.get((indexes, band, side))
        if view is None:
            rows = [index.bands[band.lowest] for index in indexes if band.lowest in index.bands]
            view = self._views.keep((indexes, band, side), BandView(rows, side))
        return view
