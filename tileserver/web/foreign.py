"""The routes of documents that other programs expect beside tiles: ArcGIS, QGIS, GDAL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tileserver.publish.foreign import arcgis_service, arcgis_style, gdal_metadata, qgis_connection
from tileserver.publish.time_query import TimeQuery
from tileserver.tiles.catalogue import Catalogue
from tileserver.tiles.tileset import Tileset
from tileserver.web.aliases import path_time
from tileserver.web.documents import DocumentName, DocumentRoutes
from tileserver.web.params import FORMS, Query, document_question, query_of, time_query
from tileserver.web.represent import JSON

XML = "application/xml"


@dataclass(frozen=True, slots=True)
class ForeignRoutes:
    """The endpoints, whose documents *documents* keeps."""

    documents: DocumentRoutes

    async def service(self, request: Request) -> Response:
        """``/arcgis/rest/services/{tileset}/{when}/VectorTileServer?f=``."""
        return await self._at_path(request, "arcgis", lambda tileset, _base, _asked: arcgis_service(tileset))

    async def style(self, request: Request) -> Response:
        """``…/VectorTileServer/resources/styles/root.json?f=``: the plain style, over this service."""
        return await self._at_path(request, "arcgis style", arcgis_style)

    async def metadata(self, request: Request) -> Response:
        """``/dated/{tileset}/{when}/metadata.json``: by which GDAL reads a zoom."""
        return await self._at_path(request, "gdal", lambda tileset, _base, _asked: gdal_metadata(tileset))

    async def qgis(self, request: Request) -> Response:
        """``/tilesets/{tileset}/qgis.xml?datetime=&revision=``: a connection that QGIS loads."""
        catalogue, tileset, query = await document_question(request, self.documents.current)

        def written(tileset: Tileset, base: str, asked: TimeQuery) -> bytes:
            return qgis_connection(tileset, base, asked).encode()

        asked = time_query(tileset, query)
        return await self._answer(request, catalogue, "qgis", tileset, asked, written, XML)

    async def _at_path(
        self, request: Request, kind: str, document: Callable[[Tileset, str, TimeQuery], dict[str, Any]]
    ) -> Response:
        """Answer about the tileset and the time of the path."""
        allowed = FORMS if kind.startswith("arcgis") else ()
        catalogue, tileset, _ = await document_question(request, self.documents.current, allowed)
        time = path_time(request.path_params["when"])
        given = query_of(time.query, ("datetime", "revision"))
        asked = time_query(tileset, Query(given.datetime, given.revision))

        def written(tileset: Tileset, base: str, asked: TimeQuery) -> bytes:
            return msgspec.json.encode(document(tileset, base, asked))

        return await self._answer(request, catalogue, kind, tileset, asked, written, JSON)

    async def _answer(
        self,
        request: Request,
        catalogue: Catalogue,
        kind: str,
        tileset: Tileset,
        asked: TimeQuery,
        written: Callable[[Tileset, str, TimeQuery], bytes],
        media_type: str,
    ) -> Response:
        """Answer with the document *written* about *tileset*, at the time *asked*."""
        base = self.documents.base_url(request)
        key = DocumentName(catalogue.serial, f"foreign {kind}", tileset.label, (asked, base), None)

        async def compute() -> bytes:
            return written(tileset, base, asked)

        return await self.documents.answer(request, key, compute, tileset, media_type, has_urls=True)
