"""The history routes: tiles of whole periods, and what a slider needs to switch their faces."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from tileserver.errors import UnknownBand
from tileserver.grid import parse_address
from tileserver.history.periods import HistoryPeriod
from tileserver.history.service import HistoryKey, HistoryService
from tileserver.tiles.cache import Answer
from tileserver.tiles.tileset import Tileset
from tileserver.web.params import read_query
from tileserver.web.represent import IMMUTABLE, MVT, freshness, represent

_BAND = re.compile(r"(?:0|[1-9][0-9]?)\Z")


@dataclass(frozen=True, slots=True)
class HistoryRoutes:
    """The two endpoints, over one service."""

    history: HistoryService
    max_age: int

    async def tile(self, request: Request) -> Response:
        """``/history/{tileset}/{period}/{z}/{x}/{y}.mvt``."""
        parts = request.path_params
        address = parse_address(parts["z"], parts["x"], parts["y"])
        tileset, period = await self._asked(request)
        answer = await self.history.tile(tileset, period, address)
        return await self._respond(request, tileset, period, answer, MVT)

    async def faces(self, request: Request) -> Response:
        """``/history/{tileset}/{period}/faces/{band}.json``."""
        band = request.path_params["band"]
        if not _BAND.match(band):
            raise UnknownBand(f"{band[:20]!r} is no band; a band is named by its lowest zoom, such as 5")
        tileset, period = await self._asked(request)
        answer = await self.history.faces(tileset, period, int(band))
        return await self._respond(request, tileset, period, answer, "application/json")

    async def _asked(self, request: Request) -> tuple[Tileset, HistoryPeriod]:
        read_query(request, allowed=())
        catalogue = await self.history.current.catalogue()
        tileset = catalogue.tileset(request.path_params["tileset"])
        return tileset, await self.history.named(tileset, request.path_params["period"])

    async def _respond(
        self,
        request: Request,
        tileset: Tileset,
        period: HistoryPeriod,
        answer: Answer[HistoryKey],
        media_type: str,
    ) -> Response:
        return await represent(
            request,
            answer,
            freshness(tileset, self.max_age if period.end is None else IMMUTABLE),
            media_type=media_type,
        )
