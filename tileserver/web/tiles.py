"""The tile routes: dated and short-lived, versioned and immutable; the same bytes."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from tileserver.grid import parse_address
from tileserver.tiles.cache import Answer
from tileserver.tiles.selection import parse_selection
from tileserver.tiles.service import TileKey, TileService
from tileserver.tiles.tileset import Tileset
from tileserver.times import Period, parse_datetime
from tileserver.web.params import read_query
from tileserver.web.represent import IMMUTABLE, freshness, represent


@dataclass(frozen=True, slots=True)
class TileRoutes:
    """The two endpoints, over one service."""

    service: TileService
    max_age: int

    async def dated(self, request: Request) -> Response:
        """``/tiles/{tileset}/{z}/{x}/{y}.mvt?datetime=&revision=``, and ``side=`` where a layer has sides."""
        parts = request.path_params
        address = parse_address(parts["z"], parts["x"], parts["y"])
        tileset = (await self.service.current.catalogue()).tileset(parts["tileset"])
        query = read_query(request, allowed=("datetime", "revision", *tileset.selectable))
        asked = asked_period(tileset, query.datetime)
        selection = parse_selection(query.choices, tileset.declared)
        located = await self.service.locate(tileset, address, asked, query.revision, selection)
        answer = await self.service.tile(tileset, located, address)
        return await self._respond(
            request,
            answer,
            {
                **freshness(tileset, self.max_age),
                "OGCAPI-datetime": str(located.validity),
                "Content-Location": f"/tiles/{tileset.name}/{located.version}/{address}.mvt",
            },
        )

    async def versioned(self, request: Request) -> Response:
        """``/tiles/{tileset}/{version}/{z}/{x}/{y}.mvt``."""
        parts = request.path_params
        read_query(request, allowed=())
        address = parse_address(parts["z"], parts["x"], parts["y"])
        tileset = (await self.service.current.catalogue()).tileset(parts["tileset"])
        located = self.service.named(tileset, address, parts["version"])
        answer = await self.service.tile(tileset, located, address)
        return await self._respond(request, answer, {"Cache-Control": IMMUTABLE})

    async def _respond(self, request: Request, answer: Answer[TileKey], headers: dict[str, str]) -> Response:
        return await represent(request, answer, headers)


def asked_period(tileset: Tileset, text: str | None) -> Period | None:
    """Return what the ``datetime`` parameter asks for; ``None`` for the latest, by default or by name."""
    return None if text is None or text == "latest" else parse_datetime(text, tileset.zone)
