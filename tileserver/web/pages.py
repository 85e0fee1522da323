"""The reader's map and the embed: files of the front end's build, served unchanged."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from tileserver.errors import Unavailable
from tileserver.tiles.current import Current
from tileserver.web.basemap import OwnBasemap
from tileserver.web.built import STATIC, built_file
from tileserver.web.missing import missing_page
from tileserver.web.represent import raw


@dataclass(frozen=True, slots=True)
class PageRoutes:
    """The pages, over the catalogue of theatres."""

    current: Current
    basemap: OwnBasemap
    theatre: str = ""  # the one that is shown where none is asked for, if that is declared

    async def reader_map(self, request: Request) -> Response:
        """``/``."""
        return await self._page(request, "index.html")

    async def embed(self, request: Request) -> Response:
        """``/embed``."""
        return await self._page(request, "embed.html")

    async def _page(self, request: Request, name: str) -> Response:
        """Answer with the map of the theatre that is asked for, or say that there is none: no other war's."""
        path = STATIC / name
        if not path.is_file():
            raise Unavailable("the front end is not built; run: make setup")
        asked = request.query_params.get("theatre", "") or self.theatre
        try:
            catalogue = await self.current.catalogue()
        except Unavailable:
            catalogue = None  # the page says so itself, and asks again
        if catalogue and asked and asked not in catalogue.theatres and asked not in catalogue.unreadable:
            text = (STATIC / "missing.html").read_text("utf-8")
            body = missing_page(text, asked, list(catalogue.theatres.values()), request)
            return Response(body, 404, {"Cache-Control": "no-store"}, media_type="text/html; charset=utf-8")
        mark = await self.basemap.attribute()
        return built_file(request, path, raw(("Cache-Control", "no-cache")), mark)
