"""The routes of public corrections, all made from one list that is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tileserver.publish.corrections import (
    Correction,
    Corrections,
    DayRange,
    corrigible,
    load_corrections,
    public_end,
)
from tileserver.publish.corrections_document import corrections_document
from tileserver.tiles.cache import BodyCache, Cache
from tileserver.tiles.current import Current
from tileserver.tiles.horizon import horizon_of
from tileserver.tiles.tileset import Tileset
from tileserver.times import TICK, local_day
from tileserver.web.params import Query, period_of, read_query
from tileserver.web.represent import JSON, freshness, raw, represent

_ALLOWED = ("datetime", "revision", "known")

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

    async def json(self, request: Request) -> Response:
        """``/corrections/{theatre}.json?datetime=&known=&revision=``: the newest first.

        Those after revision ``known``, up to ``revision``, that changed a day of ``datetime``.
        """

        def written(whole: Tileset, chosen: tuple[Correction, ...]) -> bytes:
            return msgspec.json.encode(corrections_document(whole, chosen))

        return await self._answer(request, read_query(request, _ALLOWED), "json", JSON, written)

    async def _answer(
        self, request: Request, query: Query, form: str, media_type: str, written: Written
    ) -> Response:
        catalogue = await self.current.catalogue()
        whole = catalogue.whole(request.path_params["theatre"])
        asked = query.revision, query.known, _days(query, whole)
        layers, now = corrigible(catalogue, whole), self.current.clock()
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
        return await represent(request, answer, raw(*freshness(whole, self.max_age)), media_type)


def _days(query: Query, whole: Tileset) -> DayRange | None:
    """Return the local days, both included, that ``datetime`` names; ``None`` for all."""
    if query.datetime is None or query.datetime == "latest":
        return None
    period = period_of(query.datetime, whole.zone)
    first = date.min if period.start is None else local_day(period.start, whole.zone)
    last = date.max if period.end is None else local_day(period.end - TICK, whole.zone)
    return first, last
