"""The document routes: catalogue, TileJSON, timeline, km2, styles, health; documents are kept, by content."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tileserver.errors import UnknownStyle
from tileserver.history.service import HistoryService
from tileserver.publish.documents import catalogue_document, missing_block, tilejson
from tileserver.publish.history_style import history_style, period_with, shown_day
from tileserver.publish.measures import (
    Series,
    csv_text,
    load_series,
    measured_layer,
    series_document,
    series_rows,
)
from tileserver.publish.public import public_part
from tileserver.publish.style import OVER, TEMPLATES, theatre_style
from tileserver.publish.time_query import TimeQuery
from tileserver.publish.timeline import load_past, timeline_document
from tileserver.tiles.cache import BodyCache, Cache
from tileserver.tiles.catalogue import Catalogue
from tileserver.tiles.current import Current
from tileserver.tiles.horizon import stride_of
from tileserver.tiles.tileset import Tileset
from tileserver.web.base_url import base_url
from tileserver.web.params import document_question, period_of, read_query, time_query
from tileserver.web.represent import CSV, JSON, freshness, raw, represent

_HISTORY = "history"  # the name of the style over history tiles


class DocumentName(NamedTuple):
    """Name of the content of a document.

    ``reading`` is the number of the catalogue: a revision, a withdrawal or a definition begins another.
    ``asked`` are the parameters of the request, ``public`` is how much of the tileset was public.
    """

    reading: int
    kind: str
    tileset: str
    asked: Hashable
    public: Hashable


class KeptDocuments:
    """Documents in memory, and the series that km2 are cut from; both bounded, by bytes."""

    def __init__(self, capacity: int) -> None:
        self.bodies: BodyCache[DocumentName] = BodyCache(capacity // 2)
        self.series: Cache[DocumentName, Series] = Cache(capacity // 2)


@dataclass(frozen=True, slots=True)
class DocumentRoutes:
    """The endpoints that answer with JSON, from the current state of knowledge; *max_age* is in seconds."""

    current: Current
    history: HistoryService
    kept: KeptDocuments
    public_url: str
    max_age: int
    theatre: str = ""  # the one to show first, where it is declared

    async def catalogue(self, request: Request) -> Response:
        """``/tilesets``."""
        read_query(request, allowed=())
        catalogue, now = await self.current.catalogue(), self.current.clock()
        key = DocumentName(catalogue.serial, "catalogue", "", None, stride_of(now))

        async def compute() -> bytes:
            return msgspec.json.encode(catalogue_document(catalogue, now, self.theatre))

        return await self.answer(request, key, compute)

    async def tilejson(self, request: Request) -> Response:
        """``/tilesets/{tileset}?datetime=&revision=``: TileJSON; its URLs ask for the same time."""
        catalogue, tileset, query = await document_question(request, self.current)
        asked, now, base = time_query(tileset, query), self.current.clock(), self.base_url(request)
        key = DocumentName(catalogue.serial, "tilejson", tileset.label, (asked, base), stride_of(now))

        async def compute() -> bytes:
            past = await self.history.periods(tileset)
            known = await self.current.periods_at(tileset, tileset.revision(asked.revision))
            return msgspec.json.encode(tilejson(tileset, past, base, now, asked, known))

        return await self.answer(request, key, compute, tileset, has_urls=True)

    async def timeline(self, request: Request) -> Response:
        """``/tilesets/{tileset}/timeline?revision=``."""
        catalogue, tileset, query = await document_question(request, self.current, ("revision",))
        revision, now = tileset.revision(query.revision), self.current.clock()
        public = await public_part(self.current, tileset, revision, now)
        key = DocumentName(catalogue.serial, "timeline", tileset.label, revision, public)

        async def compute() -> bytes:
            def written() -> bytes:
                document = {**timeline_document(tileset, revision, past), **missing_block(tileset)}
                return msgspec.json.encode(document)

            async with self.current.lanes.documents.place():
                past = await load_past(self.current.pool, tileset, revision, now)
                return await asyncio.to_thread(written)

        return await self.answer(request, key, compute, tileset)

    async def km2_json(self, request: Request) -> Response:
        """``/tilesets/{tileset}/km2.json?datetime=&revision=``: km2 by status at the end of each day."""
        return await self._km2(request, "km2.json", _series_json, JSON)

    async def km2_csv(self, request: Request) -> Response:
        """``/tilesets/{tileset}/km2.csv``: the same, a row for each day (RFC 4180)."""
        return await self._km2(request, "km2.csv", _series_csv, CSV)

    async def _km2(
        self, request: Request, kind: str, written: Callable[[Tileset, int, Series], bytes], media_type: str
    ) -> Response:
        catalogue, tileset, query = await document_question(request, self.current)
        measured_layer(tileset)
        asked = None if query.datetime is None else period_of(query.datetime, tileset.zone)
        revision, now = tileset.revision(query.revision), self.current.clock()
        public = await public_part(self.current, tileset, revision, now)
        whole = DocumentName(catalogue.serial, "series", tileset.label, revision, public)

        async def load() -> Series:
            lane = self.current.lanes.documents
            async with lane.place(), self.current.pool.acquire() as connection:
                return await load_series(connection, tileset, revision, now)

        async def compute() -> bytes:
            series = await self.kept.series.once(whole, load)
            return written(tileset, revision, series if asked is None else series.within(asked, tileset.zone))

        key = whole._replace(kind=kind, asked=(revision, asked))
        return await self.answer(request, key, compute, media_type=media_type)

    async def style(self, request: Request) -> Response:
        """``/styles/{style}.json?datetime=&revision=``: by ``TEMPLATES`` over snapshots, or history's."""
        query = read_query(request)
        catalogue = await self.current.catalogue()
        name, template = _style_from_url(
            request.path_params["style"], {*catalogue.theatres, *catalogue.unreadable}
        )
        tileset = catalogue.tileset(name)
        if template == _HISTORY:
            return await self._history_style(request, catalogue, tileset, time_query(tileset, query))
        asked, base = time_query(tileset, query), self.base_url(request)
        key = DocumentName(catalogue.serial, f"style {template}", tileset.label, (asked, base), None)

        async def compute() -> bytes:
            return msgspec.json.encode(theatre_style(tileset, base, asked, template))

        return await self.answer(request, key, compute, tileset, has_urls=True)

    async def _history_style(
        self, request: Request, catalogue: Catalogue, tileset: Tileset, asked: TimeQuery
    ) -> Response:
        """Answer with a style over the history tiles that have the day asked for, or the newest."""
        day = shown_day(tileset, asked, self.current.clock())
        period, base = period_with(day, await self.history.periods(tileset), tileset), self.base_url(request)
        said = (str(period), day, base)
        key = DocumentName(catalogue.serial, "style of history", tileset.label, said, None)

        async def compute() -> bytes:
            return msgspec.json.encode(history_style(tileset, base, period, day))

        return await self.answer(request, key, compute, tileset, has_urls=True)

    async def healthz(self, request: Request) -> Response:
        """``/healthz``: the process answers."""
        return Response(b'{"status":"ok"}', 200, {"Cache-Control": "no-store"}, media_type=JSON)

    def base_url(self, request: Request) -> str:
        """Return the beginning of absolute URLs in documents."""
        return base_url(request, self.public_url)

    async def answer(
        self,
        request: Request,
        key: DocumentName,
        compute: Callable[[], Awaitable[bytes]],
        tileset: Tileset | None = None,
        media_type: str = JSON,
        *,
        has_urls: bool = False,
    ) -> Response:
        """Answer *request* with the document *key*, kept or written by *compute*.

        *tileset* is what the document is of; *has_urls* where it repeats the address that was asked.
        """
        answer = await self.kept.bodies.answer(key, compute)
        if tileset is not None and tileset.missing:
            headers = freshness(tileset, 0)
        elif has_urls and not self.public_url:
            # It repeats the Host header, which no shared cache may keep.
            request.scope["by_host"] = True  # for `web.hot`
            headers = (("Cache-Control", "no-store"),)
        else:
            headers = (("Cache-Control", f"public, max-age={self.max_age}"),)
        return await represent(request, answer, raw(*headers), media_type)


def _style_from_url(asked: str, theatres: Collection[str]) -> tuple[str, str]:
    """Return the theatre and the template that *asked* names: ``theatre``, or ``theatre-template``.

    A theatre's own name goes first, though it end like a template.
    """
    if asked in theatres:
        return asked, "plain"
    theatre, _, template = asked.rpartition("-")
    if theatre in theatres and template in (*TEMPLATES, OVER, _HISTORY):
        return theatre, template
    raise UnknownStyle(f"there is no style {asked[:40]!r}; each theatre of /tilesets has some")


def _series_json(tileset: Tileset, revision: int, series: Series) -> bytes:
    return msgspec.json.encode(series_document(tileset, revision, series))


def _series_csv(tileset: Tileset, revision: int, series: Series) -> bytes:
    return csv_text(*series_rows(series)).encode()
