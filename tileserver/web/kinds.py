"""Kinds of requests, for figures and traces: a bounded set of words, whatever anybody asks for."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from tileserver.grid import MAX_ZOOM
from tileserver.numerals import whole_number

OTHER = "other"
SEVERAL = "several"
_LONGEST = 512  # characters of a path; what is longer is none of ours
_BY_LENGTH = {  # the first word of the path, and the number of its parts
    ("tiles", 5): "tile",
    ("tiles", 1): "ogc",
    ("tiles", 2): "ogc",
    ("collections", 1): "ogc",
    ("collections", 2): "ogc",
    ("collections", 3): "ogc",
    ("collections", 4): "ogc",
    ("collections", 7): "ogc-tile",
    ("dated", 6): "dated",
    ("dated", 4): "ogc",
    ("arcgis", 6): "ogc",
    ("arcgis", 9): "ogc",
    ("arcgis", 10): "arcgis-tile",
    ("conformance", 1): "ogc",
    ("api", 1): "ogc",
    ("tileMatrixSets", 1): "ogc",
    ("tileMatrixSets", 2): "ogc",
    ("tiles", 6): "version",
    ("history", 6): "history",
    ("history", 5): "faces",
    ("changes", 7): "change",
    ("changes", 4): "totals",
    ("changes", 5): "sides",
    ("tilesets", 1): "catalogue",
    ("tilesets", 2): "tilejson",
    ("styles", 2): "style",
    ("corrections", 2): "corrections",
    ("pictures", 2): "picture",
    ("method", 2): "page",
    ("healthz", 1): "healthz",
    ("readyz", 1): "readyz",
    ("promise", 1): "promise",
    ("developers", 1): "page",
    ("embed", 1): "page",
    ("embed.js", 1): "page",
    ("oembed", 1): "oembed",
    ("", 1): "page",
    ("basemap", 2): "basemap",
}
_ENDING = re.compile(r"\.(json|atom|png|svg|gif|webp)\Z")
_OF_A_TILESET = {
    "timeline": "timeline",
    "places": "places",
    "changed": "changed",
    "events.json": "events",
    "qgis.xml": "tilejson",
    "km2.json": "km2",
    "km2.csv": "km2",
    "gains.json": "gains",
    "gains.csv": "gains",
}
# And the part of the path that is the zoom.
_TILES = {"tile": 2, "version": 3, "history": 3, "change": 4, "ogc-tile": 4, "dated": 3, "arcgis-tile": 7}
KINDS = frozenset([*_BY_LENGTH.values(), *_OF_A_TILESET.values(), "static", OTHER])


class Kind(NamedTuple):
    """Kind of a request; tileset and zoom as asked for, empty where the kind has none."""

    kind: str
    tileset: str = ""
    zoom: str = ""


@lru_cache(8192)
def kind_of(path: str) -> Kind:
    """Return the kind of the request for *path*, a path without its query."""
    if len(path) > _LONGEST:
        return Kind(OTHER)
    parts = path[1:].split("/")
    if parts[0] == "static":
        return Kind("static")
    if len(parts) == 3 and parts[0] == "tilesets" and parts[2] in _OF_A_TILESET:
        return Kind(_OF_A_TILESET[parts[2]], parts[1])
    kind = _BY_LENGTH.get((parts[0], len(parts)), OTHER)
    if kind == OTHER:
        return Kind(OTHER)
    place = 3 if parts[0] == "arcgis" else 1
    tileset = _ENDING.sub("", parts[place]) if len(parts) > place and kind != "basemap" else ""
    return Kind(kind, tileset, _zoom(parts[_TILES[kind]]) if kind in _TILES else "")


def _zoom(text: str) -> str:
    return OTHER if len(text) > 2 or whole_number(text, MAX_ZOOM) is None else text


def tileset_label(asked: str, names: Collection[str]) -> str:
    """Return *asked* if *names* have the name, ``several`` for a composition of names, else ``other``."""
    if not asked or asked in names:
        return asked
    return SEVERAL if "," in asked and all(part in names for part in asked.split(",")) else OTHER
