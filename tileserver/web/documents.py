"""The document routes: catalogue, TileJSON, timeline, styles, health."""

from __future__ import annotations

import hashlib
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
from tileserver.publish.time_query import TimeQuery
from tileserver.publish.timeline import timeline_document
from tileserver.tiles.current import Current
from tileserver.tiles.tileset import Tileset
from tileserver.times import parse_datetime, spell_datetime
from tileserver.web.negotiate import etag_matches
from tileserver.web.params import Query, read_query
from tileserver.web.represent import freshness

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?\Z|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?\Z")


@dataclass(frozen=True, slots=True)
class DocumentRoutes:
    """The endpoints that answer with JSON, from the current state of knowledge."""

    current: Current
    history: HistoryService
    public_url: str
    max_age: int
    theatre: str = ""  # the one to show first, where it is declared

    async def catalogue(self, request: Request) -> Response:
        """``/tilesets``."""
        read_query(request, allowed=())
        catalogue = await self.current.catalogue()
        return self._json(request, catalogue_document(catalogue, self.current.clock(), self.theatre))

    async def tilejson(self, request: Request) -> Response:
        """``/tilesets/{tileset}?datetime=&revision=``: the same, and its URLs ask for that."""
        query = read_query(request)
        tileset = (await self.current.catalogue()).tileset(request.path_params["tileset"])
        asked = _asked(tileset, query)
        past = await self.history.periods(tileset)
        known = await self.current.periods_at(tileset, tileset.revision(asked.revision))
        document = tilejson(tileset, past, self._base_url(request), self.current.clock(), asked, known)
        return self._json(request, document, tileset, has_urls=True)

    async def timeline(self, request: Request) -> Response:
        """``/tilesets/{tileset}/timeline?revision=``."""
        query = read_query(request, allowed=("revision",))
        tileset = (await self.current.catalogue()).tileset(request.path_params["tileset"])
        revision = tileset.revision(query.revision)
        document = await timeline_document(self.current.pool, tileset, revision, self.current.clock())
        return self._json(request, {**document, **missing_block(tileset)}, tileset)

    async def km2_json(self, request: Request) -> Response:
        """``/tilesets/{tileset}/km2.json?datetime=&revision=``: km2 by status at the end of each day."""
        return self._json(request, series_document(*await self._series(request)))

    async def km2_csv(self, request: Request) -> Response:
        """``/tilesets/{tileset}/km2.csv``: the same, a row for each day (RFC 4180)."""
        *_, series = await self._series(request)
        return self._answer(request, csv_text(*series_rows(series)).encode(), "text/csv; header=present")

    async def _series(self, request: Request) -> tuple[Tileset, int, Series]:
        query = read_query(request)
        tileset = (await self.current.catalogue()).tileset(request.path_params["tileset"])
        measured_layer(tileset)
        asked = None if query.datetime is None else parse_datetime(query.datetime, tileset.zone)
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
        document = plain_style(tileset, self._base_url(request), _asked(tileset, query))
        return self._json(request, document, tileset, has_urls=True)

    async def healthz(self, request: Request) -> Response:
        """``/healthz``: the process answers."""
        return Response(b'{"status":"ok"}', 200, {"Cache-Control": "no-store"}, media_type="application/json")

    def _base_url(self, request: Request) -> str:
        if self.public_url:
            return self.public_url
        host = request.headers.get("host", "")
        return f"{request.scope['scheme']}://{host}" if _HOST.match(host) else ""

    def _json(
        self,
        request: Request,
        document: dict[str, Any],
        tileset: Tileset | None = None,
        *,
        has_urls: bool = False,
    ) -> Response:
        body = msgspec.json.encode(document)
        passing = {} if tileset is None or not tileset.missing else freshness(tileset, 0)
        return self._answer(request, body, "application/json", passing, has_urls=has_urls)

    def _answer(
        self,
        request: Request,
        body: bytes,
        media_type: str,
        passing: dict[str, str] | None = None,
        *,
        has_urls: bool = False,
    ) -> Response:
        etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        # Without a configured URL the document repeats the Host header, which no shared cache may keep.
        repeats_host = has_urls and not self.public_url
        headers = {"Cache-Control": "no-store" if repeats_host else f"public, max-age={self.max_age}"}
        headers |= {"ETag": etag, **(passing or {})}
        if etag_matches(request.headers.get("if-none-match"), etag):
            return Response(None, 304, headers)
        return Response(body, 200, headers, media_type=media_type)


def _asked(tileset: Tileset, query: Query) -> TimeQuery:
    """Return what the document's URLs carry; a wrong date is refused here, not tile by tile."""
    latest = query.datetime in (None, "latest")
    spelt = None if latest else spell_datetime(query.datetime or "", tileset.zone)
    return TimeQuery(spelt, query.revision)
