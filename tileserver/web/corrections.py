"""The routes of public corrections: as a page, as JSON and as a feed, all made from one list that is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tileserver.errors import BadParameter
from tileserver.languages import LANGUAGES
from tileserver.publish.corrections import (
    Correction,
    Corrections,
    DayRange,
    corrigible,
    load_corrections,
    public_end,
)
from tileserver.publish.corrections_document import corrections_document
from tileserver.publish.corrections_page import corrections_feed, corrections_page
from tileserver.publish.documents import updated_at
from tileserver.publish.page import PageWords
from tileserver.tiles.cache import BodyCache, Cache
from tileserver.tiles.catalogue import Catalogue
from tileserver.tiles.current import Current
from tileserver.tiles.horizon import horizon_of
from tileserver.tiles.tileset import Tileset
from tileserver.times import TICK, local_day
from tileserver.web.params import Query, period_of, read_query
from tileserver.web.represent import HTML, JSON, VARY, RawHeader, freshness, raw, represent
from tileserver.web.text_pages import VARY_PAGE, dress_of, text_page

ATOM = "application/atom+xml; charset=utf-8"

LISTED = ("datetime", "revision", "known")
_NUMBER = re.compile(r"[1-9][0-9]{0,14}\Z")

Written: TypeAlias = Callable[[Tileset, tuple[Correction, ...]], bytes]


class CorrectionsKey(NamedTuple):
    """Cache key of the corrections of a theatre: reading of the catalogue, and end of the public days.

    ``form`` is '' for the list, else names the document; ``asked`` is what was chosen of the list.
    """

    reading: int
    theatre: str
    public: tuple[datetime, ...]
    form: str = ""
    asked: tuple[int | None, int | None, DayRange | None] = (None, None, None)


class _Known(NamedTuple):
    """Catalogue, layers of the theatre, and present instant, for one request."""

    catalogue: Catalogue
    whole: Tileset
    now: datetime


class KeptCorrections:
    """Lists of corrections in memory, and their documents; both bounded, by bytes."""

    def __init__(self, capacity: int) -> None:
        self.bodies: BodyCache[CorrectionsKey] = BodyCache(capacity // 2)
        self.lists: Cache[CorrectionsKey, Corrections] = Cache(capacity // 2)


@dataclass(frozen=True, slots=True)
class CorrectionRoutes:
    """The endpoints of public corrections; *max_age* is in seconds."""

    current: Current
    kept: KeptCorrections
    max_age: int
    public_url: str = ""

    async def page(self, request: Request) -> Response:
        """``/corrections/{theatre}?lang=&theme=&revision=``: the same as a page, in the reader's language."""
        dress, template = dress_of(request), text_page()
        older = request.query_params.get("revision", "")
        query = Query(revision=int(older) if _NUMBER.match(older) else None)

        def written(whole: Tileset, chosen: tuple[Correction, ...]) -> bytes:
            return corrections_page(template, whole, chosen, dress).encode()

        known = await self._known(request)
        return await self._answer(request, known, query, f"page {dress}", HTML, written, vary=VARY_PAGE)

    async def feed(self, request: Request) -> Response:
        """``/corrections/{theatre}.atom?lang=``: the same as an Atom feed."""
        language = read_query(request, ("lang",)).choices.get("lang", "en")
        if language not in LANGUAGES:
            raise BadParameter(f"there is no language {language[:20]!r}; there are: {', '.join(LANGUAGES)}")

        known = await self._known(request)
        told = updated_at(known.whole, horizon_of(known.whole, known.now))

        def written(whole: Tileset, chosen: tuple[Correction, ...]) -> bytes:
            return corrections_feed(whole, chosen, PageWords(language), self.public_url, told).encode()

        return await self._answer(request, known, Query(), f"atom {language} {told}", ATOM, written)

    async def json(self, request: Request) -> Response:
        """``/corrections/{theatre}.json?datetime=&known=&revision=``: the newest first.

        Those after revision ``known``, up to ``revision``, that changed a day of ``datetime``.
        """

        def written(whole: Tileset, chosen: tuple[Correction, ...]) -> bytes:
            return msgspec.json.encode(corrections_document(whole, chosen))

        query = read_query(request, LISTED)
        return await self._answer(request, await self._known(request), query, "json", JSON, written)

    async def _known(self, request: Request) -> _Known:
        catalogue = await self.current.catalogue()
        return _Known(catalogue, catalogue.whole(request.path_params["theatre"]), self.current.clock())

    async def _answer(
        self,
        request: Request,
        known: _Known,
        query: Query,
        form: str,
        media_type: str,
        written: Written,
        *,
        vary: RawHeader = VARY,
    ) -> Response:
        catalogue, whole, now = known
        asked = query.revision, query.known, _days(query, whole)
        layers = corrigible(catalogue, whole)
        public = tuple(public_end(alone, horizon_of(alone, now)) for _, alone in layers)
        names = ",".join(str(served.stored.ref) for served, _ in layers)
        key = CorrectionsKey(catalogue.serial, f"{whole.theatre.id}:{names}", public)

        async def load() -> Corrections:
            lane = self.current.lanes.documents
            async with lane.place(), self.current.pool.acquire() as connection:
                return await load_corrections(connection, layers, now)

        async def compute() -> bytes:
            found = await self.kept.lists.once(key, load)
            return written(whole, found.chosen(*asked))

        answer = await self.kept.bodies.answer(key._replace(form=form, asked=asked), compute)
        return await represent(request, answer, raw(*freshness(whole, self.max_age)), media_type, vary=vary)


def _days(query: Query, whole: Tileset) -> DayRange | None:
    """Return the local days, both included, that ``datetime`` names; ``None`` for all."""
    if query.datetime is None or query.datetime == "latest":
        return None
    period = period_of(query.datetime, whole.zone)
    first = date.min if period.start is None else local_day(period.start, whole.zone)
    last = date.max if period.end is None else local_day(period.end - TICK, whole.zone)
    return first, last
