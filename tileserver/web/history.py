"""The history routes: tiles of whole periods, and the lists by which a slider switches their faces."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from tileserver.history.periods import HistoryPeriod
from tileserver.history.service import HistoryService
from tileserver.tiles.tileset import Tileset
from tileserver.web.params import address_of, band_of, read_query, tileset_of
from tileserver.web.represent import IMMUTABLE, JSON, RawHeaders, freshness, raw, represent


@dataclass(frozen=True, slots=True)
class HistoryRoutes:
    """The two endpoints, over one service; *max_age* is in seconds."""

    history: HistoryService
    max_age: int

    async def tile(self, request: Request) -> Response:
        """``/history/{tileset}/{period}/{z}/{x}/{y}.mvt``."""
        address = address_of(request)
        tileset, period = await self._asked(request)
        answer = await self.history.tile(tileset, period, address)
        return await represent(request, answer, self._fresh(tileset, period))

    async def faces(self, request: Request) -> Response:
        """``/history/{tileset}/{period}/faces/{band}.json``."""
        band = band_of(request)
        tileset, period = await self._asked(request)
        answer = await self.history.faces(tileset, period, band)
        return await represent(request, answer, self._fresh(tileset, period), JSON)

    async def _asked(self, request: Request) -> tuple[Tileset, HistoryPeriod]:
        read_query(request, allowed=())
        tileset = await tileset_of(request, self.history.current)
        return tileset, await self.history.from_url(tileset, request.path_params["period"])

    def _fresh(self, tileset: Tileset, period: HistoryPeriod) -> RawHeaders:
        return raw(*freshness(tileset, self.max_age if period.end is None else IMMUTABLE))
