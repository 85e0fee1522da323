"""The routes of OGC API - Tiles 1.0 (OGC 20-057), over the documents and tiles of all other routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tileserver.errors import AddressOutside, BadParameter, UnknownTileset
from tileserver.publish import ogc
from tileserver.publish.ogc_grid import tile_matrix_set
from tileserver.publish.time_query import TimeQuery
from tileserver.tiles.catalogue import Catalogue
from tileserver.tiles.horizon import stride_of
from tileserver.tiles.limits import limits_of
from tileserver.tiles.tileset import Tileset
from tileserver.web.aliases import ogc_query
from tileserver.web.cors import OPEN_HEADERS
from tileserver.web.documents import DocumentName, DocumentRoutes
from tileserver.web.negotiate import prefers_json
from tileserver.web.pages import PageRoutes
from tileserver.web.params import DATED, FORMS, OGC, dated_question, ogc_address_of, read_query, time_query
from tileserver.web.tiles import TileRoutes

TIMED = (*DATED, *FORMS)


@dataclass(frozen=True, slots=True)
class OgcRoutes:
    """The endpoints, over the same documents and tiles as all others; *pages* has the map for readers."""

    documents: DocumentRoutes
    tiles: TileRoutes
    pages: PageRoutes

    async def landing(self, request: Request) -> Response:
        """``/``: the reader's map, or the landing page as JSON where that is asked for."""
        form = request.query_params.get("f")
        if form not in (None, "json", "html"):
            raise BadParameter(f"f={form[:20]!r} is not offered; / is there as html and json")
        if form == "html" or (form is None and not prefers_json(request.headers.get("accept"))):
            return await self.pages.reader_map(request)

        def written(catalogue: Catalogue, _now: datetime, links: ogc.Links) -> dict[str, Any]:
            return ogc.landing_page(catalogue, self.documents.theatre, links)

        answer = await self._answer(request, "landing", written)
        answer.raw_headers.extend(OPEN_HEADERS)
        answer.raw_headers.append((b"vary", b"Accept"))
        return answer

    async def conformance(self, request: Request) -> Response:
        """``/conformance``."""
        return await self._answer(request, "conformance", lambda *_: ogc.conformance())

    async def tile_matrix_sets(self, request: Request) -> Response:
        """``/tileMatrixSets``."""
        return await self._answer(request, "schemes", lambda *said: ogc.tile_matrix_sets(said[-1]))

    async def tile_matrix_set(self, request: Request) -> Response:
        """``/tileMatrixSets/WebMercatorQuad``."""
        return await self._answer(request, "scheme", lambda *_: tile_matrix_set())

    async def collections(self, request: Request) -> Response:
        """``/collections``."""
        return await self._answer(request, "collections", ogc.collections)

    async def collection(self, request: Request) -> Response:
        """``/collections/{collectionId}``."""
        _only_json(read_query(request, FORMS).choices.get("f"))
        name, catalogue = request.path_params["collectionId"], await self.documents.current.catalogue()
        tileset = catalogue.tileset(name)

        def written(now: datetime, links: ogc.Links) -> dict[str, Any]:
            return ogc.collection(name, tileset, now, links)

        return await self._of_tileset(request, catalogue, f"collection {name}", tileset, written)

    async def tilesets(self, request: Request) -> Response:
        """``/collections/{collectionId}/tiles`` and ``/tiles``: lists of one tileset."""
        return await self._tilesets(request, "tilesets", ogc.tilesets_list)

    async def tileset(self, request: Request) -> Response:
        """``…/tiles/WebMercatorQuad?datetime=&revision=``: metadata; its template has the same time."""
        return await self._tilesets(request, "metadata", ogc.tileset_metadata)

    async def tile(self, request: Request) -> Response:
        """``…/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}?datetime=&subset=&revision=&f=``."""
        address, catalogue = ogc_address_of(request), await self.documents.current.catalogue()
        name = request.path_params.get("collectionId") or self._dataset(catalogue)
        tileset = catalogue.tileset(name)
        # 20-057, /req/core/tc-error A: outside of the limits there is no tile, not even an empty one.
        if address not in limits_of(tileset.bounds, address.z):
            raise AddressOutside(f"{address} (z/x/y) is outside the limits of {tileset.name}")
        question = dated_question(tileset, address, ogc_query(request.scope["query_string"]), OGC)
        return await self.tiles.answer(request, question, f"/tiles/{name}/{address}.mvt")

    def _dataset(self, catalogue: Catalogue) -> str:
        name = catalogue.default_theatre(self.documents.theatre)
        if name is None:
            raise UnknownTileset("there is no theatre yet, so the dataset has no tiles")
        return name

    async def _tilesets(
        self,
        request: Request,
        kind: str,
        written: Callable[[str, Tileset, TimeQuery, datetime, ogc.Links], dict[str, Any]],
    ) -> Response:
        """Answer about the tilesets of a collection, or of the dataset where the path names none."""
        query, catalogue = read_query(request, TIMED), await self.documents.current.catalogue()
        _only_json(query.choices.get("f"))
        own = request.path_params.get("collectionId", "")
        tileset = catalogue.tileset(own or self._dataset(catalogue))
        asked = time_query(tileset, query)

        def of_own(now: datetime, links: ogc.Links) -> dict[str, Any]:
            return written(own, tileset, asked, now, links)

        return await self._of_tileset(request, catalogue, f"{kind} {own}", tileset, of_own, asked)

    async def _of_tileset(
        self,
        request: Request,
        catalogue: Catalogue,
        kind: str,
        tileset: Tileset,
        written: Callable[[datetime, ogc.Links], dict[str, Any]],
        asked: TimeQuery | None = None,
    ) -> Response:
        """Answer with a document about *tileset*, which changes when the horizon moves."""
        base, now = self.documents.base_url(request), self.documents.current.clock()
        key = DocumentName(catalogue.serial, f"ogc {kind}", tileset.label, (asked, base), stride_of(now))

        async def compute() -> bytes:
            return msgspec.json.encode(written(now, ogc.Links(base)))

        return await self.documents.answer(request, key, compute, tileset, has_urls=True)

    async def _answer(
        self, request: Request, kind: str, written: Callable[[Catalogue, datetime, ogc.Links], dict[str, Any]]
    ) -> Response:
        """Answer with a document about all collections."""
        _only_json(read_query(request, FORMS).choices.get("f"))
        catalogue, now = await self.documents.current.catalogue(), self.documents.current.clock()
        base = self.documents.base_url(request)
        key = DocumentName(catalogue.serial, f"ogc {kind}", "", base, stride_of(now))

        async def compute() -> bytes:
            return msgspec.json.encode(written(catalogue, now, ogc.Links(base)))

        return await self.documents.answer(request, key, compute, has_urls=True)


def _only_json(form: str | None) -> None:
    if form not in (None, "json"):
        raise BadParameter(f"f={form[:20]!r} is not offered; this document is there as json")
