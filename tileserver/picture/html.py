"""Elements and pages of HTML: every text is escaped unless an element made the text."""

from __future__ import annotations

import unicodedata
from base64 import b64encode
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from html import escape
from importlib.resources import files

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}  # controls, directions of writing, halves of surrogate pairs
_KEPT = "\u200c\u200d"  # joiners, which scripts are written with


class Html(str):
    """HTML made by an element: no text of a stranger's stands unescaped in such HTML."""

    __slots__ = ()


def words(text: str) -> Html:
    """Return *text* escaped, for an element or an attribute; characters that nobody sees become spaces."""
    if text.isascii() and text.isprintable():
        return Html(escape(text, quote=True))
    seen = "".join(" " if unicodedata.category(c) in _HIDDEN and c not in _KEPT else c for c in text)
    return Html(escape(seen, quote=True))


def element(tag: str, *children: str, **attributes: str | int | None) -> Html:
    """Return an element of *tag*; children that are no `Html` are escaped, attributes always.

    An attribute that is ``None`` is not there; ``_`` at the end of a name is dropped, within it is ``-``.
    """
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{words(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Html(f"<{tag}{given}>{join(children)}</{tag}>")


def join(children: Iterable[str], between: str = "") -> Html:
    """Return *children* joined by *between*, escaped unless `Html` already."""
    return Html(between.join(each if isinstance(each, Html) else words(each) for each in children))


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str | int | float]]) -> Html:
    """Return a table that scrolls by itself where wider than the screen; numbers stand to the right."""
    every = list(rows)
    numbers = [bool(every) and not any(isinstance(row[n], str) for row in every) for n in range(len(columns))]
    names = zip(columns, numbers, strict=True)
    head = element(
        "tr", *(element("th", each, scope="col", class_="number" if own else None) for each, own in names)
    )
    body = join(element("tr", *map(_cell, row)) for row in every)
    whole = element("table", element("caption", caption), element("thead", head), element("tbody", body))
    return element("div", whole, class_="wide", tabindex=0, role="region", aria_label=caption)


def _cell(value: str | int | float) -> Html:
    if isinstance(value, str):
        return element("td", value)
    return element("td", f"{value:,.2f}" if isinstance(value, float) else f"{value:,}", class_="number")


def page(title: str, body: Iterable[Html], *, style: str = "") -> str:
    """Return a whole page of *body*; *style* is CSS of the page's own, beside the style of all pages.

    The page may load nothing; its style and its script are allowed by their hashes alone, so that no script
    runs in it that is not `zoom.js`. All can be seen without.
    """
    whole, script = _file("page.css") + style, _file("zoom.js")
    policy = (
        f"default-src 'none'; style-src {_source(whole)}; script-src {_source(script)};"
        " base-uri 'none'; form-action 'none'"
    )
    head = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex, nofollow"><meta name="referrer" content="no-referrer">'
        '<meta name="color-scheme" content="light dark">'
        f"{element('title', title)}<style>{whole}</style>"
    )
    main = element("main", *body)
    shown = f"<head>{head}</head><body>{main}<script>{script}</script></body>"
    return f'<!doctype html>\n<html lang="en">{shown}</html>\n'


@lru_cache
def _file(name: str) -> str:
    return (files("tileserver.picture") / name).read_text("utf-8")


def _source(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
