"""The map and its embed as files of each language, filled with one theatre; the page reads its own link."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import msgspec

from tileserver.errors import Unavailable
from tileserver.languages import LANGUAGES
from tileserver.site.asking import Asking
from tileserver.site.folder import LIST, NewSite
from tileserver.web.built import STATIC
from tileserver.web.embeds import Slots, slots_of
from tileserver.web.map_words import words_of
from tileserver.web.page_link import PageLink
from tileserver.web.page_view import CARD, PageView, days_of
from tileserver.web.pages import filled


class BuiltScripts(msgspec.Struct, frozen=True):
    """The scripts of the build that only pages of a site load, as paths from the page."""

    files: str
    language: str


def built_scripts() -> BuiltScripts:
    """Return the scripts that the build has for sites; `Unavailable` without a build."""
    path = STATIC / "site.json"
    if not path.is_file():
        raise Unavailable("the front end is not built; run: make setup")
    return msgspec.json.decode(path.read_bytes(), type=BuiltScripts)


def page_path(name: str, language: str) -> str:
    """Return the path of the page *name*, ``index`` or ``embed``; the first language has the plain name."""
    return f"{name}.html" if language == next(iter(LANGUAGES)) else f"{name}.{language}.html"


@dataclass(frozen=True, slots=True)
class MapPages:
    """The pages of *site*, which open *theatre*."""

    asking: Asking
    site: NewSite
    theatre: str

    async def write(self) -> None:
        """Write both pages in each language."""
        scripts, catalogue = built_scripts(), await self.asking.current.catalogue()
        theatre = catalogue.theatres[self.theatre]
        days = days_of(catalogue, theatre, self.asking.moment)
        root = f' data-site="{scripts.files}" data-languages="{" ".join(LANGUAGES)}"'.encode()
        for language in LANGUAGES:
            link = PageLink(theatre=self.theatre, facade="0")  # no picture stands for whatever a link says
            view = PageView(theatre, link, days, language)
            for name in ("index", "embed"):
                slots = slots_of(view, words_of(language), "", embedded=name == "embed")
                slots = await self._of_files(view, slots, scripts)
                page = filled(STATIC / "pages" / f"{name}.{language}.html", slots)
                self.site.put(page_path(name, language), page.replace(b"<html", b"<html" + root, 1))

    async def _of_files(self, view: PageView, slots: Slots, scripts: BuiltScripts) -> Slots:
        """Return *slots* with the site's own scripts, and with files in the place of a server's addresses."""
        ahead = (
            f'<link rel="preload" as="fetch" crossorigin href="{LIST}">\n'
            f'<link rel="modulepreload" href="{scripts.files}">\n'
        )
        source = slots.source
        if source:
            address = view.picture(CARD, "light")
            picture = self.site.files.get(address) or self.site.keep(
                address, await self.asking.needed(f"/{address}"), ".png"
            )
            source = source.replace(escape(address), picture)
        return slots._replace(
            ahead=ahead,
            head=f'<script src="{scripts.language}"></script>\n{slots.head}',
            source=source,
            out=f"index.html?theatre={self.theatre}",
        )
