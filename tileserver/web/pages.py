"""The reader's map and the embed: files of the front end's build, served unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from tileserver.errors import Unavailable
from tileserver.tiles.current import Current
from tileserver.web.missing import missing_page

STATIC = Path(str(files("tileserver.web"))) / "static"


class BuiltFiles(StaticFiles):
    """Files of the build; a file with a hash in its name never changes."""

    def __init__(self, directory: Path = STATIC) -> None:
        super().__init__(directory=directory, check_dir=False)

    async def check_config(self) -> None:
        """Accept a missing folder: a front end without a build has no files, and each is a 404."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer a file; names that begin with a dot are the build's own business."""
        if any(part.startswith(".") for part in path.split("/")):
            raise HTTPException(404)
        response = await super().get_response(path, scope)
        forever = path.startswith("assets/")
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if forever else "public, max-age=3600"
        )
        return response


@dataclass(frozen=True, slots=True)
class PageRoutes:
    """The pages, over the catalogue of theatres."""

    current: Current
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
        return FileResponse(
            path, headers={"Cache-Control": "no-cache"}, media_type="text/html; charset=utf-8"
        )
