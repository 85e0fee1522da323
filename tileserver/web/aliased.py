"""The routes of dated tiles under addresses of other conventions, which `web.aliases` lists."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from tileserver.web.aliases import path_time
from tileserver.web.params import address_of, dated_question, read_query, tileset_of
from tileserver.web.tiles import TileRoutes


@dataclass(frozen=True, slots=True)
class AliasedTileRoutes:
    """The endpoints, over the same tiles as all others."""

    tiles: TileRoutes

    async def dated(self, request: Request) -> Response:
        """``/dated/{tileset}/{when}/{z}/{x}/{y}.mvt``, and as ``.pbf``: a tile whose date is in its path."""
        time = path_time(request.path_params["when"]).query
        tileset = await tileset_of(request, self.tiles.service.current)
        read_query(request, tuple(tileset.selectable))  # no second time in the query
        return await self._tile(request, time)

    async def pbf(self, request: Request) -> Response:
        """``/tiles/{tileset}/{z}/{x}/{y}.pbf?datetime=&revision=``: as ``.mvt``."""
        return await self._tile(request, b"")

    async def _tile(self, request: Request, time: bytes) -> Response:
        """Answer with the tile of the path, at *time*, the bytes of a query."""
        address, name = address_of(request), request.path_params["tileset"]
        tileset = await tileset_of(request, self.tiles.service.current)
        raw = b"&".join(filter(None, (time, request.scope["query_string"])))
        question = dated_question(tileset, address, raw)
        return await self.tiles.answer(request, question, f"/tiles/{name}/{address}.mvt")
