"""The tile routes: dated and short-lived, versioned and immutable; the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response

from tileserver.grid import TileAddress
from tileserver.tiles.cache import Answer
from tileserver.tiles.composed import TileKey
from tileserver.tiles.dictionaries import Dictionaries
from tileserver.tiles.locate import Located
from tileserver.tiles.question import Question
from tileserver.tiles.service import TileService
from tileserver.times import to_micros
from tileserver.web.dictionaries import VARY as VARY_BY_DICTIONARY
from tileserver.web.dictionaries import at_hand, offer
from tileserver.web.params import address_of, read_query, tile_question, tileset_of
from tileserver.web.represent import (
    IMMUTABLE,
    SETTLED,
    VARY,
    Headers,
    RawHeader,
    RawHeaders,
    Wish,
    freshness,
    pinned,
    raw,
    represent,
)

VERSIONED = raw(("Cache-Control", IMMUTABLE))  # of a tile whose address names its content


@dataclass(frozen=True, slots=True)
class TileRoutes:
    """The two endpoints, over one service; *max_age* is in seconds.

    ``dictionaries`` is `None` where tiles are no dictionaries of one another; ``prefix`` is the path of the
    public URL.
    """

    service: TileService
    max_age: int
    dictionaries: Dictionaries | None = None
    prefix: str = ""

    async def dated(self, request: Request) -> Response:
        """``/tiles/{tileset}/{z}/{x}/{y}.mvt?datetime=&revision=``, and ``side=`` where a layer has sides."""
        question = await tile_question(request, self.service.current)
        return await self.answer(request, question)

    async def answer(self, request: Request, question: Question, path: str = "") -> Response:
        """Answer *request* with the dated tile that *question* asks for; *path* is its plain address."""
        located = await self.service.locate(question)
        answer = await self.service.answer(question, located)
        request.scope["located"] = located  # for `web.hot`
        headers = self.dated_headers(question, located)
        return await self._represent(request, question, answer, headers, path)

    async def versioned(self, request: Request) -> Response:
        """``/tiles/{tileset}/{version}/{z}/{x}/{y}.mvt``."""
        read_query(request, allowed=())
        address = address_of(request)
        tileset = await tileset_of(request, self.service.current)
        located = self.service.from_url(tileset, address, request.path_params["version"])
        question = Question(tileset, address)
        answer = await self.service.answer(question, located)
        return await self._represent(request, question, answer, VERSIONED)

    def dated_headers(self, question: Question, located: Located) -> RawHeaders:
        """Return the headers of a dated tile: how long to keep, validity, and the URL that never changes."""
        kept: int | str = self.max_age
        own: Headers = ()
        if kept and question.period is not None:
            is_settled = self._is_settled(question, located)
            kept = SETTLED if is_settled else pinned(self.max_age)
            own = (("Surrogate-Key", question.tileset.theatre.id),) if is_settled else ()
        fresh = freshness(question.tileset, kept)
        return _dated_headers(fresh + own, question.tileset.name, question.address, located)

    def _is_settled(self, question: Question, located: Located) -> bool:
        """Whether neither content nor validity changes by rule any more, the correction window included.

        By the validity alone, which all spellings of a content share, for they share an answer in memory.
        """
        end = located.validity.end
        settled = None if end is None else self.service.current.settled(question.tileset)
        return end is not None and settled is not None and to_micros(end) <= settled

    def offer(self, path: str, question: Question, answer: Answer[TileKey]) -> RawHeaders:
        """Return the header by which the tile at *path* offers itself as a dictionary, if there are any."""
        if self.dictionaries is None or question.tileset.missing:
            return ()
        return offer(path, self.prefix, answer.cache_key.version, len(answer.body.data))

    @property
    def vary(self) -> RawHeader:
        """The header by which caches tell the forms of a tile apart."""
        return VARY if self.dictionaries is None else VARY_BY_DICTIONARY

    async def _represent(
        self,
        request: Request,
        question: Question,
        answer: Answer[TileKey],
        headers: RawHeaders,
        path: str = "",
    ) -> Response:
        headers += self.offer(path or request.scope["path"], question, answer)
        mine = None if self.dictionaries is None else at_hand(Wish.of(request))
        delta = None
        if self.dictionaries is not None and mine is not None:
            delta = await self.dictionaries.delta(question, answer, mine)
        return await represent(request, answer, headers, vary=self.vary, delta=delta)


@lru_cache(4096)
def _dated_headers(fresh: Headers, tileset: str, address: TileAddress, located: Located) -> RawHeaders:
    """Return the headers of a dated tile: *fresh*, validity, and the URL whose bytes never change."""
    location = f"/tiles/{tileset}/{located.version}/{address}.mvt"
    return raw(*fresh, ("OGCAPI-datetime", str(located.validity)), ("Content-Location", location))
