"""Pages of text as files: their links lead to other files of the site, or are not there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape, unescape
from urllib.parse import parse_qs, urlsplit

from tileserver.languages import LANGUAGES
from tileserver.site.asking import Asking
from tileserver.site.folder import NewSite
from tileserver.site.pages import page_path

TEXTS = ("method", "corrections")

_DATA = (".json", ".csv")  # suffixes of data that pages of text lead to
_ALONE = re.compile(r'<(li|p)><a href="([^"]*)"[^<]*</a></\1>|<link [^>]*href="([^"]*)"[^>]*>')
_HREF = re.compile(r'(?<= href=")([^"]*)(?=")')
_COMPARED = re.compile(r"&(compare|known)=[^&]*")
_ELSEWHERE = ("http://", "https://", "mailto:", "data:", "#", "../static/")


@dataclass(frozen=True, slots=True)
class TextPages:
    """The pages of text of *theatre*, put into *site*."""

    asking: Asking
    site: NewSite
    theatre: str

    async def write(self) -> None:
        """Write each page in each language, and the tables behind its links."""
        for text in TEXTS:
            for language in LANGUAGES:
                page = (await self.asking.needed(f"/{text}/{self.theatre}?lang={language}")).decode()
                await self._fetch_data(page, text)
                path = f"{text}/{self.theatre}.{language}.html"
                self.site.put(path, relinked(page, partial(self._target, text=text)).encode())

    async def _fetch_data(self, page: str, text: str) -> None:
        """Keep the tables and documents that *page* of the kind *text* leads to."""
        for href in map(unescape, _HREF.findall(page)):
            address = _address(href, text)
            suffix = next((each for each in _DATA if address.endswith(each)), "")
            if not suffix or address in self.site.files or href.startswith(_ELSEWHERE):
                continue
            body = await self.asking.ask(f"/{address}")
            if body is not None:
                self.site.keep(address, body, suffix)

    def _target(self, href: str, text: str) -> str | None:
        """Return where the link *href* of a page of the kind *text* leads to in the site, if anywhere."""
        if href.startswith(_ELSEWHERE):
            return href
        path, said = urlsplit(href).path, parse_qs(urlsplit(href).query)
        language = said.get("lang", [next(iter(LANGUAGES))])[0]
        if not path and "revision" not in said:
            return f"{self.theatre}.{language}.html"
        if path == "../":
            fragment = _COMPARED.sub("", urlsplit(href).fragment)
            return f"../{page_path('index', language)}?{urlsplit(href).query}" + (fragment and f"#{fragment}")
        address = _address(href, text)
        if address in (f"{each}/{self.theatre}" for each in TEXTS):
            return f"../{address}.{language}.html"
        found = self.site.files.get(address)
        return found and f"../{found}"


def relinked(page: str, target: Callable[[str], str | None]) -> str:
    """Return *page* with each link led on by *target*, and without links that lead nowhere."""

    def alone(match: re.Match[str]) -> str:
        href = match[2] if match[2] is not None else match[3]
        return match[0] if target(unescape(href)) is not None else ""

    return _HREF.sub(lambda match: escape(target(unescape(match[1])) or "#"), _ALONE.sub(alone, page))


def _address(href: str, text: str) -> str:
    """Return the server's address that *href* in a page of the kind *text* means, without its query."""
    path = urlsplit(href).path
    return path.removeprefix("../") if path.startswith("../") else f"{text}/{path}"
