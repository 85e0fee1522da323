"""Dictionaries in headers (RFC 9842): a tile offers itself, and a request names the version at hand."""

from __future__ import annotations

import base64
import binascii
import re

from tileserver.tiles.dictionaries import ClientVersion
from tileserver.tiles.version import Version
from tileserver.web.negotiate import prefers_dictionary
from tileserver.web.represent import RawHeaders, Wish

# RFC 9842, 6.2: what is kept of such an answer is kept by both headers.
VARY = (b"vary", b"Accept-Encoding, Available-Dictionary")

_LEAST = 400  # bytes of a tile, decoded; a step of less saves no more than the offer takes
_LONGEST = 512  # of the name of a version, and of a path, in characters
_DIGEST = re.compile(r":([A-Za-z0-9+/]{43}=):\Z")  # RFC 9651, 3.3.5, of 32 bytes
_NAME = re.compile(r'"([\x20\x21\x23-\x5b\x5d-\x7e]{1,512})"\Z')  # RFC 9651, 3.3.3, without escapes
_SPECIAL = re.compile(r"[^A-Za-z0-9/._~,-]")  # in a URL pattern, or in a string


def offer(path: str, prefix: str, version: Version, size: int) -> RawHeaders:
    """Return the header of a tile of *size* bytes that offers itself as a dictionary; none for a small tile.

    It is for all versions of the tile that *path* asks for, and its dated address. *prefix* is the path of
    the public URL; *version* names the dictionary when the client comes back.
    """
    parts = path.split("/")  # "", "tiles", the tileset, perhaps a version, z, x, y
    tileset, place = parts[2], "/".join(parts[-3:])
    written = str(version)
    if size < _LEAST or len(written) > _LONGEST or _SPECIAL.search(tileset + prefix + place):
        return ()
    header = f'match="{prefix}/tiles/{tileset}/*{place}", id="{written}"'
    return ((b"use-as-dictionary", header.encode()),)


def at_hand(wish: Wish) -> ClientVersion | None:
    """Return the version named by a client as at hand, if the difference is welcome."""
    if wish.dictionary is None or wish.dictionary_id is None:
        return None
    digest, name = _DIGEST.match(wish.dictionary), _NAME.match(wish.dictionary_id)
    if digest is None or name is None or not prefers_dictionary(wish.accepted):
        return None
    try:
        return ClientVersion(name[1], base64.b64decode(digest[1], validate=True))
    except binascii.Error:
        return None
