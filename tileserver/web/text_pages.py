"""Pages of text for readers: their template, language and theme, and the page on a map's method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from tileserver.errors import Unavailable
from tileserver.publish.method import method_page
from tileserver.publish.page import Dress
from tileserver.tiles.cache import BodyCache
from tileserver.tiles.current import Current
from tileserver.web.built import STATIC
from tileserver.web.languages import language_of
from tileserver.web.represent import HTML, freshness, raw, represent

VARY_PAGE = (b"vary", b"Accept-Encoding, Accept-Language")


class MethodKey(NamedTuple):
    """Cache key of the page on a method: reading of the catalogue, layers, and dress."""

    reading: int
    tileset: str
    dress: Dress


@dataclass(frozen=True, slots=True)
class MethodRoutes:
    """The endpoint of the pages on how a map is made; *max_age* is in seconds."""

    current: Current
    kept: BodyCache[MethodKey]
    max_age: int

    async def page(self, request: Request) -> Response:
        """``/method/{theatre}?lang=&theme=``: how the map of a theatre is made, in the reader's language."""
        dress, template = dress_of(request), text_page()
        catalogue = await self.current.catalogue()
        whole = catalogue.whole(request.path_params["theatre"])

        async def compute() -> bytes:
            return method_page(template, whole, dress).encode()

        answer = await self.kept.answer(MethodKey(catalogue.serial, whole.name, dress), compute)
        return await represent(request, answer, raw(*freshness(whole, self.max_age)), HTML, vary=VARY_PAGE)


def dress_of(request: Request) -> Dress:
    """Return language and theme of a page; a theme that there is not is the reader's own."""
    theme = request.query_params.get("theme", "")
    return Dress(language_of(request), theme if theme in ("light", "dark") else "")


def text_page(name: str = "text") -> str:
    """Return the template *name* of pages of text, a file of the front end's build."""
    path = STATIC / f"{name}.html"
    if not path.is_file():
        raise Unavailable("the front end is not built; run: make setup")
    return path.read_text("utf-8")
