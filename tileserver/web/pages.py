"""The reader's map and the embed: files that the front end's build made, served as they are."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from tileserver.errors import Unavailable

STATIC = Path(str(files("tileserver.web"))) / "static"


class BuiltFiles(StaticFiles):
    """The build's files; those with a hash in their name never change."""

    def __init__(self, directory: Path = STATIC) -> None:
        super().__init__(directory=directory, check_dir=False)

    async def check_config(self) -> None:
        """Find nothing wrong: a front end that is not built has no files, and that is a 404."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer one file; what begins with a dot is the build's own business."""
        if any(part.startswith(".") for part in path.split("/")):
            raise HTTPException(404)
        response = await super().get_response(path, scope)
        forever = path.startswith("assets/")
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if forever else "public, max-age=3600"
        )
        return response


async def reader_map(request: Request) -> Response:
    """``/``."""
    return _page("index.html")


async def embed(request: Request) -> Response:
    """``/embed``."""
    return _page("embed.html")


def _page(name: str) -> Response:
    path = STATIC / name
    if not path.is_file():
        raise Unavailable("the front end is not built; run: make setup")
    return FileResponse(path, headers={"Cache-Control": "no-cache"}, media_type="text/html; charset=utf-8")
