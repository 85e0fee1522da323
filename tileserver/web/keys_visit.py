"""A request with a key, as far as keys are concerned: where to, and from where."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from tileserver.web.keys_text import Credentials

# What a key opens; all else is the public's, whoever asks.
OPENED = ("/tiles/", "/history/", "/changes/", "/tilesets/", "/dated/", "/collections/")
_TILESET = re.compile(rf"(?:{'|'.join(OPENED)})(?!WebMercatorQuad(?:/|$))([^/]{{1,400}})")


class Visit(NamedTuple):
    """A request; ``path`` is decoded, ``headers`` are bytes, with names in lower case."""

    path: str
    shown: Credentials
    is_reading: bool = True  # by GET or HEAD; all else is answered without any data
    headers: Sequence[tuple[bytes, bytes]] = ()

    @classmethod
    def of(cls, shown: Credentials, headers: Sequence[tuple[bytes, bytes]], method: bytes) -> Visit:
        """Return the request in which credentials were *shown*, with its headers and method, as bytes."""
        path = shown.target.partition(b"?")[0]
        if not path.startswith(b"/"):  # in absolute form, after the host
            path = b"/" + path.partition(b"://")[2].partition(b"/")[2]
        text = (unquote_to_bytes(path) if b"%" in path else path).decode("utf-8", "replace")
        return cls(text, shown, method in (b"GET", b"HEAD"), headers)

    @property
    def tileset(self) -> str:
        """The name of the tileset that is asked for; empty on a path that no key opens."""
        return tileset_in(self.path)


def tileset_in(path: str) -> str:
    """Return the name of the tileset in a decoded *path*; empty on a path that no key opens."""
    match = _TILESET.match(path)
    return match[1].removesuffix(".json") if match else ""


@lru_cache(8192)
def is_open(patterns: tuple[str, ...], tileset: str) -> bool:
    """Whether every part of *tileset*, joined by commas, fits one of *patterns*.

    ``ukraine`` is the theatre with all its layers, ``ukraine.control`` one layer, ``*`` any name.
    """
    return all(
        any(fnmatchcase(part, each) or fnmatchcase(part, f"{each}.*") for each in patterns)
        for part in tileset.split(",")
    )


def is_from(origins: Sequence[str], headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether a page of one of *origins* asks, by ``Origin``, else ``Referer``, of *headers* as bytes."""
    heard = dict(headers)
    told = heard.get(b"origin", b"") or origin_of(heard.get(b"referer", b"").decode("latin-1")).encode()
    return told.decode("latin-1").lower() in origins


def origin_of(url: str) -> str:
    """Return scheme, host and port of *url*, in small letters; empty where there are none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.scheme and parts.netloc else ""
