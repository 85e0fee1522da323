"""The change routes: what was gained and lost between two states, as tiles and as a document of totals.

Either end of a change is a date or an instant, or the name of a state, which only we give out; two names make
an address whose bytes never change.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tileserver.compare.ends import End, is_end_text
from tileserver.compare.service import ComparisonService, DocumentKey
from tileserver.compare.shapes import our_statuses
from tileserver.errors import UnknownState
from tileserver.grid import Band, band_at, parse_address
from tileserver.publish.comparison_document import comparison_document
from tileserver.publish.measures import measured_layer
from tileserver.tiles.tileset import Tileset
from tileserver.web.params import read_query
from tileserver.web.represent import IMMUTABLE, freshness, represent
from tileserver.web.tiles import asked_period


@dataclass(frozen=True, slots=True)
class ComparisonRoutes:
    """The two endpoints, over one service."""

    comparisons: ComparisonService
    max_age: int

    async def tile(self, request: Request) -> Response:
        """``/changes/{tileset}/{from}/{to}/{z}/{x}/{y}.mvt?revision=&known=``."""
        parts = request.path_params
        address = parse_address(parts["z"], parts["x"], parts["y"])
        tileset = await self.comparisons.tileset(parts["tileset"])
        before, after = self._ends(request, tileset, band_at(address.z))
        answer = await self.comparisons.tile(tileset, before, after, address)
        return await represent(
            request,
            answer,
            self._headers(request, tileset, f"{before}/{after}/{address}.mvt", before, after),
        )

    async def document(self, request: Request) -> Response:
        """``/changes/{tileset}/{from}/{to}.json?revision=&known=``."""
        tileset = await self.comparisons.tileset(request.path_params["tileset"])
        stored = measured_layer(tileset).stored
        before, after = self._ends(request, tileset, stored.layer.bands[-1])

        async def compute() -> bytes:
            pieces = await self.comparisons.measured(stored, before, after)
            our_side = our_statuses(stored)
            return msgspec.json.encode(
                comparison_document(tileset, stored.layer, our_side, before, after, pieces)
            )

        key = DocumentKey(tileset.name, str(before), str(after))
        return await represent(
            request,
            await self.comparisons.documents.answer(key, compute),
            self._headers(request, tileset, f"{before}/{after}.json", before, after),
            media_type="application/json",
        )

    def _ends(self, request: Request, tileset: Tileset, band: Band) -> tuple[End, End]:
        """Return the two states that *request* asks about.

        The second is as known in ``revision``, or now; so is the first, unless ``known`` names another.
        """
        texts = request.path_params["from"], request.path_params["to"]
        if _is_named(request):
            read_query(request, allowed=())
            first, second = (self.comparisons.end_named(tileset, band, text) for text in texts)
            return first, second
        if any(map(is_end_text, texts)):
            raise UnknownState("a date and the name of a state make no change; ask with two dates")
        query = read_query(request, allowed=("revision", "known"))
        asked = [asked_period(tileset, text) for text in texts]
        revisions = (query.known or query.revision, query.revision)
        first, second = (
            self.comparisons.end_at(tileset, band, period, revision)
            for period, revision in zip(asked, revisions, strict=True)
        )
        return first, second

    def _headers(
        self, request: Request, tileset: Tileset, location: str, before: End, after: End
    ) -> dict[str, str]:
        if _is_named(request):
            return freshness(tileset, IMMUTABLE)
        return {
            **freshness(tileset, self.max_age),
            "OGCAPI-datetime": f"{before.start_text}/{after.start_text}",
            "Content-Location": f"/changes/{tileset.name}/{location}",
        }


def _is_named(request: Request) -> bool:
    return is_end_text(request.path_params["from"]) and is_end_text(request.path_params["to"])
