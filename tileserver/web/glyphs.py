"""The routes of glyphs and of a sprite, for styles: files of the front end's build."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from tileserver.errors import NotFound
from tileserver.publish.lettering import FONTS, SPRITE_FILES, glyph_range, sprite_file
from tileserver.tiles.cache import BodyCache
from tileserver.web.params import read_query
from tileserver.web.represent import IMMUTABLE, JSON, raw, represent

PBF = "application/x-protobuf"
_RANGE = re.compile(r"(0|[1-9][0-9]{0,4})-([1-9][0-9]{0,4})\Z")
_KEPT = raw(("Cache-Control", IMMUTABLE))  # of a pinned typeface: another one would have another name


@dataclass(frozen=True, slots=True)
class GlyphRoutes:
    """The two endpoints; a file is read once."""

    kept: BodyCache[str]

    async def glyphs(self, request: Request) -> Response:
        """``/fonts/{fontstack}/{range}.pbf``: 256 characters of the first known font."""
        read_query(request, allowed=())
        asked = [name.strip() for name in request.path_params["fontstack"].split(",")]
        font = next((name for name in asked if name in FONTS), None)
        if font is None:
            raise NotFound(f"there is no font {asked[0][:40]!r}; there is: {', '.join(FONTS)}")
        first = _first_of(request.path_params["range"])
        return await self._answer(request, f"{font} {first}", lambda: glyph_range(font, first), PBF)

    async def sprite(self, request: Request) -> Response:
        """``/sprites/{file}``: index or picture of the sprite, with ``@2x`` for dense screens."""
        read_query(request, allowed=())
        name = request.path_params["file"]
        if name not in SPRITE_FILES:
            raise NotFound(f"there is no {name[:40]!r}; there are: {', '.join(SPRITE_FILES)}")
        media_type = JSON if name.endswith(".json") else "image/png"
        return await self._answer(request, name, lambda: sprite_file(name), media_type)

    async def _answer(
        self, request: Request, key: str, read: Callable[[], bytes], media_type: str
    ) -> Response:
        async def compute() -> bytes:
            return await asyncio.to_thread(read)

        return await represent(request, await self.kept.answer(key, compute), _KEPT, media_type)


def _first_of(text: str) -> int:
    """Return the first character of the range *text*; `NotFound` for any other text."""
    found = _RANGE.match(text)
    if found is None or int(found[1]) % 256 or int(found[2]) != int(found[1]) + 255 or int(found[1]) > 65280:
        raise NotFound(f"{text[:20]!r} is no range of glyphs; there are 0-255, 256-511 and so on")
    return int(found[1])
