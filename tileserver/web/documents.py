"""The document routes: catalogue, TileJSON, timeline, styles, health."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tileserver.errors import UnknownStyle
from tileserver.history.service import HistoryService
from tileserver.publish.documents import catalogue_document, missing_block, tilejson
from tileserver.publish.measures import (
    Series,
    csv_text,
    load_series,
    measured_layer,
    series_document,
    series_rows,
)
from tileserver.publish.style import plain_style
from tileserver.publish.timeline import timeline_document
from tileserver.tiles.current import Current
from tileserver.tiles.tileset import Tileset
from tileserver.web.params import document_question, period_of, read_query, time_query
from tileserver.web.represent import JSON, Documents, freshness, raw, represent_document

_CSV = "text/csv; header=present; charset=utf-8"
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?\Z|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?\Z")


@dataclass(frozen=True, slots=True)
class DocumentRoutes:
    """The endpoints that answer with JSON, from the current state of knowledge; *max_age* is in seconds."""

    current: Current
    history: HistoryService
    documents: Documents
    public_url: str
    max_age: int
    theatre: str = ""  # the one to show first, where it is declared

    async def catalogue(self, request: Request) -> Response:
        """``/tilesets``."""
        read_query(request, allowed=())
        catalogue = await self.current.catalogue()
        return await self._json(request, catalogue_document(catalogue, self.current.clock(), self.theatre))

    async def tilejson(self, request: Request) -> Response:
        """``/tilesets/{tileset}?datetime=&revision=``: TileJSON; its URLs ask for the same time."""
        tileset, query = await document_question(request, self.current)
        asked = time_query(tileset, query)
        past = await self.history.periods(tileset)
        known = await self.current.periods_at(tileset, tileset.revision(asked.revision))
        document = tilejson(tileset, past, self._base_url(request), self.current.clock(), asked, known)
        return await self._json(request, document, tileset, has_urls=True)

    async def timeline(self, request: Request) -> Response:
        """``/tilesets/{tileset}/timeline?revision=``."""
        tileset, query = await document_question(request, self.current, ("revision",))
        revision = tileset.revision(query.revision)
        document = await timeline_document(self.current.pool, tileset, revision, self.current.clock())
        return await self._json(request, {**document, **missing_block(tileset)}, tileset)

    async def km2_json(self, request: Request) -> Response:
        """``/tilesets/{tileset}/km2.json?datetime=&revision=``: km2 by status at the end of each day."""
        return await self._json(request, series_document(*await self._series(request)))

    async def km2_csv(self, request: Request) -> Response:
        """``/tilesets/{tileset}/km2.csv``: the same, a row for each day (RFC 4180)."""
        *_, series = await self._series(request)
        return await self._document(request, csv_text(*series_rows(series)).encode(), media_type=_CSV)

    async def _series(self, request: Request) -> tuple[Tileset, int, Series]:
        tileset, query = await document_question(request, self.current)
        measured_layer(tileset)
        asked = None if query.datetime is None else period_of(query.datetime, tileset.zone)
        revision = tileset.revision(query.revision)
        async with self.current.pool.acquire() as connection:
            series = await load_series(connection, tileset, revision, asked, self.current.clock())
        return tileset, revision, series

    async def style(self, request: Request) -> Response:
        """``/styles/{style}.json?datetime=&revision=``: a plain style over snapshot tiles, one a theatre."""
        query = read_query(request)
        catalogue = await self.current.catalogue()
        name = request.path_params["style"]
        if name not in {*catalogue.theatres, *catalogue.unreadable}:
            raise UnknownStyle(f"there is no style {name[:40]!r}; each theatre of /tilesets has one")
        tileset = catalogue.tileset(name)
        document = plain_style(tileset, self._base_url(request), time_query(tileset, query))
        return await self._json(request, document, tileset, has_urls=True)

    async def healthz(self, request: Request) -> Response:
        """``/healthz``: the process answers."""
        return Response(b'{"status":"ok"}', 200, {"Cache-Control": "no-store"}, media_type=JSON)

    def _base_url(self, request: Request) -> str:
        if self.public_url:
            return self.public_url
        host = request.headers.get("host", "")
        return f"{request.scope['scheme']}://{host}" if _HOST.match(host) else ""

    async def _json(
        self,
        request: Request,
        document: dict[str, Any],
        tileset: Tileset | None = None,
        *,
        has_urls: bool = False,
    ) -> Response:
        return await self._document(request, msgspec.json.encode(document), tileset, has_urls=has_urls)

    async def _document(
        self,
        request: Request,
        data: bytes,
        tileset: Tileset | None = None,
        media_type: str = JSON,
        *,
        has_urls: bool = False,
    ) -> Response:
        if tileset is not None and tileset.missing:
            headers = freshness(tileset, 0)
        elif has_urls and not self.public_url:
            # It repeats the Host header, which no shared cache may keep.
            headers = (("Cache-Control", "no-store"),)
        else:
            headers = (("Cache-Control", f"public, max-age={self.max_age}"),)
        return await represent_document(request, self.documents, data, raw(*headers), media_type)
