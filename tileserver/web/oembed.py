"""``/oembed``: an embed for whoever has a link to the map, by oEmbed 1.0 (https://oembed.com)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tileserver.errors import BadParameter, NotOffered, UnknownPage
from tileserver.web.base_url import base_url
from tileserver.web.embeds import embed_of, title_of
from tileserver.web.languages import language_of
from tileserver.web.map_words import words_of
from tileserver.web.page_link import PageLink, read_link
from tileserver.web.page_view import CARD, PageView
from tileserver.web.pages import PageRoutes
from tileserver.web.represent import JSON

_LONGEST = 4_096  # characters of a query
_SIZE = (800, 520)  # page px, where nothing is asked
_WHOLE = re.compile(r"[1-9][0-9]{0,5}\Z")
_KEPT_S = 3_600
_PAGES = ("", "/", "/embed")


@dataclass(frozen=True, slots=True)
class OembedRoute:
    """The endpoint, over the pages; *max_age* is in seconds."""

    pages: PageRoutes
    max_age: int

    async def oembed(self, request: Request) -> Response:
        """``/oembed?url=&maxwidth=&maxheight=&format=json``; other parameters are passed over."""
        asked = request.query_params
        if len(request.url.query) > _LONGEST:
            raise BadParameter(f"the query is longer than {_LONGEST} characters")
        _check_form(asked.get("format", "json"))
        base = base_url(request, self.pages.public_url)
        view = await self._view(request, _link_from_url(asked.get("url", ""), base))
        width, height = (
            _bounded(asked.get(name, ""), name, usual)
            for name, usual in zip(("maxwidth", "maxheight"), _SIZE, strict=True)
        )
        body = msgspec.json.encode(_rich(view, base, width, height))
        # With no public address declared it repeats the Host header, which no shared cache may keep.
        control = f"public, max-age={self.max_age}" if self.pages.public_url else "no-store"
        return Response(body, 200, {"Cache-Control": control}, media_type=JSON)

    async def _view(self, request: Request, link: PageLink) -> PageView:
        catalogue = await self.pages.current.catalogue()
        view = self.pages.view(catalogue, link, link.lang or language_of(request))
        if view is None:
            raise UnknownPage("the url names no map of this server; /tilesets lists those there are")
        if link.revision > catalogue.newest:
            raise UnknownPage(f"the url names revision {link.revision}, which does not exist, or not yet")
        return view


def _check_form(form: str) -> None:
    """Refuse any *form* but JSON: XML as a form of oEmbed 1.0 (2.3.2) that is not made here."""
    if form == "xml":
        raise NotOffered("oEmbed is offered as json alone")
    if form != "json":
        raise BadParameter(f"format {form[:20]!r} is none of oEmbed; it is offered as json")


def iframe_of(view: PageView, base: str, title: str, width: int, height: int) -> str:
    """Return an embed as HTML that needs no script: *width* and *height*, page px, hold its place."""
    source = escape(embed_of(view.shown, base))
    picture = escape(f"{base}/{view.picture(CARD, view.link.theme or 'light')}") if view.day else ""
    page = escape(f"{base}/?{view.shown.query(dressed=False)}")
    still = f'<img src="{picture}" alt="{escape(title)}" width="100%">' if picture else escape(title)
    return (
        f'<iframe src="{source}" title="{escape(title)}" width="{width}" height="{height}" loading="lazy"'
        ' style="border:0;max-width:100%" allow="fullscreen"'
        ' referrerpolicy="strict-origin-when-cross-origin"></iframe>'
        f'<noscript><a href="{page}">{still}</a></noscript>'
    )


def _rich(view: PageView, base: str, width: int, height: int) -> dict[str, Any]:
    """Return the answer of type ``rich`` (oEmbed 1.0, 2.3.4.4)."""
    title = title_of(view, words_of(view.language))
    document: dict[str, Any] = {
        "version": "1.0",
        "type": "rich",
        "title": title,
        "provider_name": view.heading,
        "provider_url": f"{base}/",
        "cache_age": _KEPT_S,
        "width": width,
        "height": height,
        "html": iframe_of(view, base, title, width, height),
    }
    if view.day:
        document |= {
            "thumbnail_url": f"{base}/{view.picture(CARD, view.link.theme or 'light')}",
            "thumbnail_width": CARD.width,
            "thumbnail_height": CARD.height,
        }
    return document


def _link_from_url(url: str, base: str) -> PageLink:
    """Return the link of the page *url* below *base*; `UnknownPage` for any other URL."""
    try:
        parts, own = urlsplit(url), urlsplit(base)
    except ValueError:
        parts, own = urlsplit(""), urlsplit(base)
    path = parts.path.removeprefix(own.path) if parts.path.startswith(own.path) else "/elsewhere"
    is_ours = parts.scheme in ("http", "https") and parts.netloc == own.netloc != "" and path in _PAGES
    if not is_ours:
        why = f"{url[:80]!r} is no page of this server" if url else "url= is missing, the address of a page"
        raise UnknownPage(f"{why}; there are {base}/ and {base}/embed")
    return read_link(parts.query, parts.fragment)


def _bounded(text: str, name: str, usual: int) -> int:
    """Return *usual* px, or less where *text* asks for less."""
    if not text:
        return usual
    if not _WHOLE.match(text):
        raise BadParameter(f"{name} {text[:20]!r} is no whole number of pixels")
    return min(usual, int(text))
