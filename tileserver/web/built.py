"""Files of the front end's build, in the codings left by the build: nothing is compressed here."""

from __future__ import annotations

import os
from functools import lru_cache
from hashlib import file_digest
from importlib.resources import files
from mimetypes import guess_type
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import NotModifiedResponse, PathLike, StaticFiles
from starlette.types import Scope

from tileserver.tiles.cache import Body
from tileserver.tiles.compress import Coding
from tileserver.web.represent import IMMUTABLE, RawHeaders, represent_packed

STATIC = Path(str(files("tileserver.web"))) / "static"

_PACKED: dict[Coding, str] = {"br": ".br", "gzip": ".gz"}
_TEXTS = (".js", ".css", ".html", ".txt", ".svg", ".json")
_FILES = 64  # of a build, each with its codings in memory


class BuiltFiles(StaticFiles):
    """Files of the build; a file with a hash in its name never changes."""

    def __init__(self, directory: Path = STATIC) -> None:
        super().__init__(directory=directory, check_dir=False)

    async def check_config(self) -> None:
        """Accept a missing folder: a front end without a build has no files, and each is a 404."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer a file; names that begin with a dot, and packed forms, are the build's own business."""
        if any(part.startswith(".") for part in path.split("/")) or path.endswith(tuple(_PACKED.values())):
            raise HTTPException(404)
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = (
            IMMUTABLE if path.startswith("assets/") else "public, max-age=3600"
        )
        return response

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Return a text of the build in a coding, and any other file unchanged, or a range."""
        path = Path(full_path)
        if path.suffix in _TEXTS:
            return built_file(Request(scope), path)
        # Tagged by content: installations of one build have one tag, and ranges of two servers go together.
        tag = {"ETag": _tag(path, stat_result.st_mtime_ns)}
        response = FileResponse(full_path, status_code, tag, stat_result=stat_result)
        if self.is_not_modified(response.headers, Request(scope).headers):
            return NotModifiedResponse(response.headers)
        return response


def built_file(request: Request, path: Path, headers: RawHeaders = ()) -> Response:
    """Return the text *path* of the build in the packed form preferred by *request*, if any."""
    kind, _ = guess_type(path.name)
    body = _body(path, path.stat().st_mtime_ns)
    return represent_packed(request, body, headers, f"{kind or 'text/plain'}; charset=utf-8")


@lru_cache(_FILES)
def _tag(path: Path, changed: int) -> str:
    """Return the strong tag of *path*, in quotes; *changed* is its last change, in nanoseconds since 1970."""
    with path.open("rb") as stream:
        return f'"{file_digest(stream, "sha256").hexdigest()[:32]}"'


@lru_cache(_FILES)
def _body(path: Path, changed: int) -> Body:
    """Return *path* with its packed forms; *changed* is its last change, in nanoseconds since 1970."""
    body = Body(path.read_bytes())
    for coding, suffix in _PACKED.items():
        packed = path.with_name(path.name + suffix)
        if packed.is_file() and packed.stat().st_mtime_ns >= changed:  # else of an earlier build
            body.forms[coding] = packed.read_bytes()
    return body
