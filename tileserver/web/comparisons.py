"""The comparison routes: gains and losses between two states, as tiles and as a document of totals.

Either end of a comparison is a date or an instant, or the text of an `End`, which only we give out; two such
texts make an address whose bytes never change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tileserver.compare.ends import End
from tileserver.compare.service import ComparisonService, DocumentKey
from tileserver.compare.shapes import our_statuses
from tileserver.errors import UnknownState
from tileserver.grid import Band, band_at
from tileserver.publish.comparison_document import comparison_document
from tileserver.publish.comparison_sides import load_transfers, sides_fields
from tileserver.publish.gains_document import sides_block
from tileserver.publish.measures import measured_layer
from tileserver.shape.holders import Transfer
from tileserver.tiles.tileset import Tileset
from tileserver.web.params import address_of, ends_of, has_written_ends
from tileserver.web.represent import IMMUTABLE, JSON, RawHeaders, freshness, raw, represent


@dataclass(frozen=True, slots=True)
class ComparisonRoutes:
    """The endpoints, over one service; *max_age* is in seconds."""

    comparisons: ComparisonService
    max_age: int

    async def tile(self, request: Request) -> Response:
        """``/changes/{tileset}/{from}/{to}/{z}/{x}/{y}.mvt?revision=&known=``."""
        address = address_of(request)
        tileset = await self.comparisons.tileset(request.path_params["tileset"])
        before, after = self._ends(request, tileset, band_at(address.z))
        answer = await self.comparisons.tile(tileset, before, after, address)
        headers = self._headers(request, tileset, f"{before}/{after}/{address}.mvt", before, after)
        return await represent(request, answer, headers)

    async def document(self, request: Request) -> Response:
        """``/changes/{tileset}/{from}/{to}.json?revision=&known=``."""
        tileset = await self.comparisons.tileset(request.path_params["tileset"])
        stored = measured_layer(tileset).stored
        before, after = self._ends(request, tileset, stored.layer.bands[-1])

        async def compute() -> bytes:
            pieces = await self.comparisons.measured(stored, before, after)
            our_side = our_statuses(stored)
            document = comparison_document(tileset, stored.layer, our_side, before, after, pieces)
            return msgspec.json.encode(document)

        cache_key = DocumentKey(tileset.name, str(before), str(after))
        answer = await self.comparisons.documents.answer(cache_key, compute)
        headers = self._headers(request, tileset, f"{before}/{after}.json", before, after)
        return await represent(request, answer, headers, JSON)

    async def sides(self, request: Request) -> Response:
        """``/changes/{tileset}/{from}/{to}/sides.json?revision=&known=``: by side, at dates alone.

        Whose land lies where is declared, and may be declared otherwise: so it has no immutable address.
        """
        tileset = await self.comparisons.tileset(request.path_params["tileset"])
        stored = measured_layer(tileset).stored
        if has_written_ends(request):
            raise UnknownState("sides are told between two dates; ask with dates")
        before, after = self._ends(request, tileset, stored.layer.bands[-1])
        serial = (await self.comparisons.current.catalogue()).serial

        async def compute() -> bytes:
            return msgspec.json.encode(await self._told_by_side(tileset, before, after))

        cache_key = DocumentKey(f"{tileset.name} {serial}", str(before), str(after))
        answer = await self.comparisons.documents.answer(cache_key, compute)
        return await represent(request, answer, raw(*freshness(tileset, self.max_age)), JSON)

    async def _told_by_side(self, tileset: Tileset, before: End, after: End) -> dict[str, Any]:
        """Return the comparison by side; nothing passed where there was no state before."""
        stored, current, passed = measured_layer(tileset).stored, self.comparisons.current, list[Transfer]()
        pieces = await self.comparisons.measured(stored, before, after)
        if before.moment is not None and after.moment is not None:
            async with current.lanes.comparisons.place():
                passed = await load_transfers(current.pool, stored, before.moment, after.moment, pieces)
        return sides_fields(passed, sides_block(tileset))

    def _ends(self, request: Request, tileset: Tileset, band: Band) -> tuple[End, End]:
        first, second = (self.comparisons.locate(tileset, band, asked) for asked in ends_of(request, tileset))
        return first, second

    def _headers(
        self, request: Request, tileset: Tileset, location: str, before: End, after: End
    ) -> RawHeaders:
        if has_written_ends(request):
            return raw(*freshness(tileset, IMMUTABLE))
        return raw(
            *freshness(tileset, self.max_age),
            ("OGCAPI-datetime", f"{before.start_text}/{after.start_text}"),
            ("Content-Location", f"/changes/{tileset.name}/{location}"),
        )
