"""The tile routes: dated and short-lived, versioned and immutable; the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response

from tileserver.grid import TileAddress
from tileserver.tiles.locate import Located
from tileserver.tiles.question import Question
from tileserver.tiles.service import TileService
from tileserver.web.params import address_of, read_query, tile_question, tileset_of
from tileserver.web.represent import IMMUTABLE, Headers, RawHeaders, freshness, raw, represent


@dataclass(frozen=True, slots=True)
class TileRoutes:
    """The two endpoints, over one service; *max_age* is in seconds."""

    service: TileService
    max_age: int

    async def dated(self, request: Request) -> Response:
        """``/tiles/{tileset}/{z}/{x}/{y}.mvt?datetime=&revision=``, and ``side=`` where a layer has sides."""
        question = await tile_question(request, self.service.current)
        located = await self.service.locate(question)
        answer = await self.service.answer(question, located)
        request.scope["settled"] = located.is_settled  # for `web.hot`
        fresh = freshness(question.tileset, self.max_age)
        headers = _dated_headers(fresh, question.tileset.name, question.address, located)
        return await represent(request, answer, headers)

    async def versioned(self, request: Request) -> Response:
        """``/tiles/{tileset}/{version}/{z}/{x}/{y}.mvt``."""
        read_query(request, allowed=())
        address = address_of(request)
        tileset = await tileset_of(request, self.service.current)
        located = self.service.from_url(tileset, address, request.path_params["version"])
        answer = await self.service.answer(Question(tileset, address), located)
        return await represent(request, answer, raw(("Cache-Control", IMMUTABLE)))


@lru_cache(4096)
def _dated_headers(fresh: Headers, tileset: str, address: TileAddress, located: Located) -> RawHeaders:
    """Return the headers of a dated tile: *fresh*, validity, and the URL whose bytes never change."""
    location = f"/tiles/{tileset}/{located.version}/{address}.mvt"
    return raw(*fresh, ("OGCAPI-datetime", str(located.validity)), ("Content-Location", location))
