"""The reader's map and the embed: pages of the front end's build, filled by their link."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from tileserver.errors import LayerUnavailable, TileserverError, Unavailable
from tileserver.model import Theatre
from tileserver.publish.gains_service import GainsService
from tileserver.tiles.cache import BodyCache
from tileserver.tiles.catalogue import Catalogue
from tileserver.tiles.current import Current
from tileserver.tiles.horizon import stride_of
from tileserver.tiles.recent import Recent
from tileserver.web.base_url import base_url
from tileserver.web.basemap import OwnBasemap
from tileserver.web.built import STATIC, built_file
from tileserver.web.embeds import Slots, slots_of
from tileserver.web.languages import language_of
from tileserver.web.map_words import words_of
from tileserver.web.missing import missing_page, unknown_revision_page
from tileserver.web.page_link import PageLink, read_link
from tileserver.web.page_view import NEAREST_OF_OWN, PageView, PublicDays, days_of
from tileserver.web.represent import HTML, raw, represent

_SLOT = re.compile(r"\[\[([a-z_]+)\]\]")
_VARY = (b"vary", b"Accept, Accept-Encoding, Accept-Language")  # by the first / is a page or a document
# By these a program, and whoever looks at headers, finds from the map to the tiles.
_DOORS = '<./developers>; rel="service-doc", <./?f=json>; rel="alternate"; type="application/json"'


class PageName(NamedTuple):
    """The cache key of a page: its template, with nanoseconds of the last change, and the contents.

    ``reading`` is the number of the catalogue, ``base`` the beginning of absolute URLs, ``mark``
    are attributes of the root, as bytes of HTML.
    """

    template: Path
    changed: int
    reading: int
    theatre: str
    days: PublicDays | None
    link: PageLink
    base: str
    mark: bytes
    sentence: str


@dataclass(frozen=True, slots=True)
class PageRoutes:
    """The pages, over the catalogue of theatres; *max_age* is in seconds, for the cache of docker/nginx."""

    current: Current
    basemap: OwnBasemap
    gains: GainsService
    bodies: BodyCache[PageName]
    days: Recent[tuple[str, object], PublicDays | None]  # by theatre and stride of the horizon
    public_url: str = ""
    theatre: str = ""  # the one that is shown where none is asked for, if that is declared
    max_age: int = 0

    async def reader_map(self, request: Request) -> Response:
        """``/``."""
        return await self._page(request, "index")

    async def embed(self, request: Request) -> Response:
        """``/embed``."""
        return await self._page(request, "embed")

    async def embed_script(self, request: Request) -> Response:
        """``/embed.js``: the script that an article may load beside its embeds."""
        path = STATIC / "embed.js"
        if not path.is_file():
            raise Unavailable("the front end is not built; run: make setup")
        kept = raw(
            ("Cache-Control", "public, max-age=3600"), ("Cross-Origin-Resource-Policy", "cross-origin")
        )
        return built_file(request, path, kept)

    async def _page(self, request: Request, name: str) -> Response:
        """Answer with the map of the theatre that is asked for, or say that there is none: no other war's."""
        language = language_of(request)
        path = STATIC / "pages" / f"{name}.{language}.html"
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
            return Response(body, 404, {"Cache-Control": "no-store"}, media_type=HTML)
        link = read_link(request.url.query)
        if catalogue and link.revision > catalogue.newest:
            text = (STATIC / "missing.html").read_text("utf-8")
            body = unknown_revision_page(text, link, request)
            return Response(body, 404, {"Cache-Control": "no-store"}, media_type=HTML)
        view = self.view(catalogue, link, language) if catalogue else None
        return await self._answer(request, path, view, catalogue.serial if catalogue else 0)

    def view(self, catalogue: Catalogue, link: PageLink, language: str) -> PageView | None:
        """Return the view by *link*; ``None`` where *catalogue* has no such theatre."""
        name = link.theatre or catalogue.default_theatre(self.theatre) or ""
        theatre = catalogue.theatres.get(name)
        if theatre is None:
            return None
        return PageView(theatre, link, self._days(catalogue, theatre), language)

    def _days(self, catalogue: Catalogue, theatre: Theatre) -> PublicDays | None:
        key = theatre.id, stride_of(now := self.current.clock())
        if key not in self.days:
            try:
                self.days.keep(key, days_of(catalogue, theatre, now))
            except LayerUnavailable:
                return None
        return self.days[key]

    async def _sentence(self, view: PageView | None) -> str:
        """Return the sentence of gains up to the day of *view*; "" where memory has none."""
        if view is None or not view.day or view.link.revision:
            return ""
        try:
            tileset = (await self.current.catalogue()).tileset(view.theatre.id)
            text = await self.gains.known_text(tileset, date.fromisoformat(view.day), view.language)
        except TileserverError:
            return ""
        return text.lead if text else ""

    async def _answer(self, request: Request, path: Path, view: PageView | None, reading: int) -> Response:
        base = base_url(request, self.public_url)
        theatre, days, link = (view.theatre.id, view.days, view.link) if view else ("", None, PageLink())
        mark, sentence = await self.basemap.attribute(), await self._sentence(view)
        view = view._replace(nearest=NEAREST_OF_OWN) if view and mark else view
        name = PageName(path, _changed(path), reading, theatre, days, link, base, mark, sentence)
        language = path.name.split(".")[1]

        async def compute() -> bytes:
            slots = Slots(language)
            if view:
                slots = slots_of(
                    view, words_of(language), base, sentence, embedded=path.name.startswith("embed")
                )
            return filled(path, slots).replace(b"<html", b"<html" + mark, 1)

        answer = await self.bodies.answer(name, compute)
        # All ask before each use but docker/nginx, which knows what a page varies by: it heeds the first one.
        # Not where the page repeats the address at which it was asked for, or has nothing to say yet.
        is_kept = self.public_url and self.max_age and view is not None
        kept = (("X-Accel-Expires", str(self.max_age)),) if is_kept else ()
        headers = raw(*kept, ("Cache-Control", "no-cache"), ("Link", _DOORS))
        return await represent(request, answer, headers, HTML, vary=_VARY)


def _changed(path: Path) -> int:
    return path.stat().st_mtime_ns


def filled(path: Path, slots: Slots) -> bytes:
    """Return the template *path* with *slots* in their places, as UTF-8."""
    values = slots._asdict()
    return _SLOT.sub(lambda found: values[found[1]], path.read_text("utf-8")).encode()
