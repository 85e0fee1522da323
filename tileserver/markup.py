"""Markup in texts of strangers: taken out of texts, reduced to links in credits.

Maps of others set an attribution as HTML (TileJSON 3.0.0, 3.2: "make absolutely sure that this content can't
be abused as a vector for XSS or beacon tracking"), and many a popup a property. nh3 parses as browsers do,
so what only looks like no tag to a pattern does not pass.
"""

from __future__ import annotations

import re
from html import unescape

import nh3

_LINKS = frozenset({"http", "https"})
_PASSES = 8  # of text that was escaped over and over; what is deeper stays escaped
_SCHEME = re.compile(r"([a-z][a-z0-9+-]*):", re.IGNORECASE)
_IGNORED = re.compile(r"[\x00-\x20]+")  # browsers pass over these within a scheme


def text_of(text: str) -> str:
    """Return *text* without any markup, its entities as characters; escaped markup does not come back."""
    for _ in range(_PASSES):
        if "<" not in text and "&" not in text:
            return text
        plain = unescape(nh3.clean(text, tags=set()))
        if plain == text:
            return text
        text = plain
    return nh3.clean(text, tags=set())


def credit_of(text: str) -> str:
    """Return *text* as HTML that may stand on any page: text, and links to ``http`` and ``https``."""
    return nh3.clean(
        text,
        tags={"a"},
        attributes={"a": {"href"}},
        attribute_filter=_absolute,
        link_rel="noopener noreferrer",
    )


def _absolute(_tag: str, name: str, value: str) -> str | None:
    return value if name != "href" or value.lower().startswith(("https://", "http://")) else None


def link_of(text: str) -> str:
    """Return the address *text*, emptied where its scheme is neither ``http`` nor ``https``."""
    scheme = _SCHEME.match(_IGNORED.sub("", text))
    return text if scheme is None or scheme[1].lower() in _LINKS else ""
