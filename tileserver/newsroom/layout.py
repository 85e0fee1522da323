"""The frame of the desk's pages: bar, headers, forms; every text is escaped unless made by an element."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tileserver.newsroom.identity import Visitor
from tileserver.picture.html import Html, element, join
from tileserver.web.built import STATIC

_POLICY = (
    "default-src 'none'; style-src 'self'{styles}; script-src 'self'; img-src 'self'{maps};"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_MAPS = " data: blob:; connect-src 'self'{basemap}; worker-src 'self'"
_TOKEN = "form_token"  # noqa: S105 - the name of a field
_LONGEST_FIELD = 64 << 10  # bytes
_ROOMS = (
    ("/desk/", "Desk"),
    ("/desk/import", "Import"),
    ("/desk/events", "Events and notes"),
    ("/desk/revisions", "Revisions"),
    ("/desk/withdraw", "Withdraw"),
    ("/desk/audit", "Audit log"),
)
FILES = {"style.css": "text/css", "zoom.js": "text/javascript", "again.js": "text/javascript"}


class PageMaps(NamedTuple):
    """Maps of a page: the CSS of their paints, the newsroom's own archive as JSON, and its host's address.

    Without an archive of the newsroom's own the latter two are empty, and of one that lies here the last.
    """

    style: str
    basemap: str
    foreign: str


def policy_with(maps: PageMaps | None = None) -> str:
    """Return the policy of a page without any style or script of its own but the style of its *maps*.

    Maps read the basemap and begin a worker, both of this server, unless the basemap is at an address of
    another host, which is the one that may be asked.
    """
    if maps is None:
        return _POLICY.format(styles="", maps="")
    digest = b64encode(sha256(maps.style.encode()).digest()).decode()
    basemap = f" {maps.foreign}" if maps.foreign else ""
    return _POLICY.format(styles=f" 'sha256-{digest}'", maps=_MAPS.format(basemap=basemap))


@lru_cache
def _map_files() -> Mapping[str, str]:
    """Return URLs of the build for pages with maps: ``script``, ``worker`` and ``style``; or none."""
    try:
        named = json.loads((STATIC / "desk.json").read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return {kind: f"/desk/{path}" for kind, path in named.items()}


@lru_cache
def built_file(name: str) -> str:
    """Return the text of one of `FILES`."""
    own, pictures = files("tileserver.newsroom"), files("tileserver.picture")
    if name == "style.css":
        return (pictures / "page.css").read_text("utf-8") + (own / "desk.css").read_text("utf-8")
    return ((pictures if name == "zoom.js" else own) / name).read_text("utf-8")


def desk_page(
    request: Request,
    title: str,
    body: Iterable[Html],
    *,
    status: int = 200,
    maps: PageMaps | None = None,
    again: int = 0,
) -> Response:
    """Return a page of *body* with its *maps*; *again* are the seconds until the page loads anew."""
    visitor: Visitor | None = request.state.visitor
    head = join(
        [
            void("meta", charset="utf-8"),
            void("meta", name="viewport", content="width=device-width, initial-scale=1"),
            void("meta", name="color-scheme", content="light dark"),
            element("title", f"{title} - desk"),
            void("link", rel="stylesheet", href="/desk/style.css"),
            Html(f"<style>{maps.style}</style>") if maps else Html(),
            element("noscript", void("meta", http_equiv="refresh", content=again)) if again else Html(),
            *(_map_elements() if maps else ()),
            element("script", src="/desk/again.js", defer="") if again else Html(),
        ]
    )
    main = element("main", element("h1", title), *body, id="main", data_again=again or None)
    shown = element("body", *_bar(request, visitor), main)
    whole = element("html", element("head", head), shown, lang="en", **_map_attributes(maps))
    return HTMLResponse(f"<!doctype html>\n{whole}\n", status, {"Content-Security-Policy": policy_with(maps)})


def _map_attributes(maps: PageMaps | None) -> dict[str, str | None]:
    if maps is None:
        return {}
    worker = _map_files().get("worker")
    return {"data_built": "/desk/static/", "data_worker": worker, "data_basemap": maps.basemap or None}


def _map_elements() -> Iterable[Html]:
    """Yield the style and scripts that make maps of pictures, which stand without any script."""
    yield element("script", src="/desk/zoom.js", defer="")
    if built := _map_files():
        yield void("link", rel="stylesheet", href=built["style"])
        yield element("script", src=built["script"], type="module")


def _bar(request: Request, visitor: Visitor | None) -> Iterable[Html]:
    if visitor is None:
        return
    here = request.url.path
    links = [
        element("a", name, href=path, aria_current="page" if path == here else None) for path, name in _ROOMS
    ]
    out = [form(request, "/desk/logout", button("Log out", "plain"))] if visitor.way == "session" else []
    yield element("a", "To the content", href="#main", class_="skip")
    yield element(
        "header",
        element("nav", *links, aria_label="Desk"),
        element("div", element("span", visitor.name, class_="who"), *out, class_="own"),
    )


def void(tag: str, **attributes: str | int | None) -> Html:
    """Return an element without content; its attributes are as for `picture.html.element`."""
    return Html(element(tag, **attributes).removesuffix(f"</{tag}>"))


def form(request: Request, action: str, *children: str, is_upload: bool = False) -> Html:
    """Return a form that brings its visitor's token back."""
    visitor: Visitor | None = request.state.visitor
    token = [void("input", type="hidden", name=_TOKEN, value=visitor.form_token)] if visitor else []
    coded = "multipart/form-data" if is_upload else None
    return element("form", *token, *children, method="post", action=action, enctype=coded)


def button(text: str, kind: str = "") -> Html:
    """Return a button that sends its form; *kind* is plain or danger."""
    return element("button", text, type="submit", class_=kind or None)


def field(label: str, name: str, value: str = "", hint: str = "", **attributes: str | int | None) -> Html:
    """Return a labelled field for a line of text, or of another type."""
    attributes.setdefault("type", "text")
    told = f"{name}-hint" if hint else None
    control = void("input", id=name, name=name, value=value or None, aria_describedby=told, **attributes)
    return _labelled(label, name, control, hint)


def text_area(label: str, name: str, value: str = "", hint: str = "", rows: int = 3) -> Html:
    """Return a labelled field for several lines."""
    told = f"{name}-hint" if hint else None
    return _labelled(
        label, name, element("textarea", value, id=name, name=name, rows=rows, aria_describedby=told), hint
    )


def choice(
    label: str, name: str, options: Sequence[tuple[str, str]], value: str = "", hint: str = ""
) -> Html:
    """Return a labelled list of *options*, of value and words."""
    shown = [
        element("option", text, value=own, selected="" if own == value else None) for own, text in options
    ]
    told = f"{name}-hint" if hint else None
    return _labelled(label, name, element("select", *shown, id=name, name=name, aria_describedby=told), hint)


def tick(label: str, name: str, hint: str = "") -> Html:
    """Return a box to tick."""
    control = void("input", type="checkbox", id=name, name=name, value="on")
    told = [element("small", hint)] if hint else []
    return element("p", element("label", control, element("span", label), *told), class_="tick")


def _labelled(label: str, name: str, control: Html, hint: str) -> Html:
    told = [element("small", hint, id=f"{name}-hint")] if hint else []
    return element("p", element("label", label, for_=name), control, *told, class_="field")


def facts(rows: Iterable[tuple[str, str]]) -> Html:
    """Return names, each with its words."""
    return element("dl", *(join((element("dt", name), element("dd", said))) for name, said in rows))


async def filled(request: Request) -> FormData:
    """Return the form of *request*; 403 without the visitor's own token."""
    given = await request.form(max_files=1, max_fields=60, max_part_size=_LONGEST_FIELD)
    visitor: Visitor | None = request.state.visitor
    token = given.get(_TOKEN)
    if visitor is None or not isinstance(token, str):
        await given.close()
        raise HTTPException(403, "the form is not one of this page; nothing was done")
    if not hmac.compare_digest(token.encode("utf-8", "replace"), visitor.form_token.encode()):
        await given.close()
        raise HTTPException(403, "the form is from another log-in; open the page again, nothing was done")
    return given


def text_of(given: Mapping[str, object], name: str) -> str:
    """Return a field as text, without spaces around; '' without such a field."""
    value = given.get(name)
    return value.strip() if isinstance(value, str) else ""
