"""Addresses of dated tiles in other conventions, each turned into an address under ``/tiles``.

    /collections/{tileset}/tiles/WebMercatorQuad/{z}/{y}/{x}?datetime=&subset=   OGC API - Tiles: rows first
    /tiles/WebMercatorQuad/{z}/{y}/{x}?...                                       the same of the dataset
    /dated/{tileset}/{when}/{z}/{x}/{y}.mvt                                      the date in the path
    /arcgis/rest/services/{tileset}/{when}/VectorTileServer/tile/{z}/{y}/{x}.pbf
    /tiles/{tileset}/{z}/{x}/{y}.pbf

The protocol (`web.wire`) asks with the plain address in their place: so a thousand spellings of an epoch, in
any convention, are one answer that is known. What is wrong or unknown goes to its route, which says so.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from tileserver.errors import BadInstant, BadParameter, TileserverError
from tileserver.tiles.current import Current
from tileserver.tiles.limits import limits_of
from tileserver.web.params import OGC, known_tileset, query_of, read_address

_KEPT = 8_192  # addresses that are remembered
_LONGEST = 2_048  # bytes of an address; what is longer is read by its route
_NAME, _WHEN = rb"(?P<tileset>[A-Za-z0-9.,_-]{1,200})", rb"(?P<when>[A-Za-z0-9:.@+-]{1,100})"
_ZXY = rb"(?P<z>[0-9]{1,2})/(?P<x>[0-9]{1,9})/(?P<y>[0-9]{1,9})"
_ZYX = rb"(?P<z>[0-9]{1,2})/(?P<y>[0-9]{1,9})/(?P<x>[0-9]{1,9})"
_FORMS = tuple(
    re.compile(form + rb"(?:\?(?P<query>[!\"$-~]*))?")
    for form in (
        rb"/(?P<ogc>collections)/" + _NAME + rb"/tiles/WebMercatorQuad/" + _ZYX,
        rb"/(?P<ogc>tiles)/WebMercatorQuad/" + _ZYX,
        rb"/dated/" + _NAME + rb"/" + _WHEN + rb"/" + _ZXY + rb"\.(?:mvt|pbf)",
        rb"/arcgis/rest/services/" + _NAME + rb"/" + _WHEN + rb"/VectorTileServer/tile/" + _ZYX + rb"\.pbf",
        rb"/tiles/" + _NAME + rb"/" + _ZXY + rb"\.pbf",
    )
)
_BEGINNINGS = frozenset((b"/tiles/", b"/collec", b"/dated/", b"/arcgis"))

_SUBSET = re.compile(r'datetime\((?:(?P<point>"[^"]*")|(?P<low>"[^"]*"|\*):(?P<high>"[^"]*"|\*))\)\Z')
_PATH_TIME = re.compile(r"(?P<when>[^@]+)(?:@(?P<revision>[1-9][0-9]{0,14}))?\Z")


class PathTime(NamedTuple):
    """Time in a path: ``datetime`` as in a query, and a revision; each empty for the newest."""

    datetime: str
    revision: str

    @property
    def query(self) -> bytes:
        """The same as the bytes of a query."""
        given = {"datetime": self.datetime, "revision": self.revision}
        return urlencode({name: text for name, text in given.items() if text}, safe="/:").encode()


@lru_cache(4096)
def path_time(text: str) -> PathTime:
    """Read a time of a path: ``2023-11-09``, ``latest``, ``a--b``, each with ``@12`` as known in revision 12.

    ISO 8601-1, 5.5.2: where a solidus cannot stand, two hyphens separate the ends of an interval.
    """
    match = _PATH_TIME.match(text)
    if match is None:
        raise BadInstant(f"{text[:40]!r} is no time of a path; write 2023-11-09, latest or 2023-11-09@12")
    when = match["when"].replace("--", "/")
    return PathTime("" if when == "latest" else when, match["revision"] or "")


@lru_cache(4096)
def ogc_query(raw: bytes) -> bytes:
    """Return the query of OGC API *raw*, the bytes of a URL, with ``subset`` as ``datetime`` and no ``f``."""
    if b"subset" not in raw and b"f=" not in raw:
        return raw
    pairs, kept = parse_qsl(raw.decode("latin-1"), keep_blank_values=True), []
    for name in OGC:
        if sum(each == name for each, _ in pairs) > 1:
            raise BadParameter(f"parameter {name!r} is given more than once")
    for name, value in pairs:
        if name == "f":
            if value != "mvt":
                raise BadParameter(f"f={value[:20]!r} is not offered; tiles come as mvt")
        elif name == "subset":
            kept.append(("datetime", subset_time(value)))
        else:
            kept.append((name, value))
    return urlencode(kept, safe="/:").encode()


def subset_time(text: str) -> str:
    """Return a ``datetime`` for the ``subset`` *text* (20-057, 13.4), such as ``datetime("a":*)``."""
    match = _SUBSET.match(text)
    if match is None:
        raise BadParameter(f'subset {text[:60]!r} is not known here; write datetime("2023-11-09T12:00:00Z")')
    low, point, high = (match[name] and match[name].strip('"') for name in ("low", "point", "high"))
    return point or "/".join(".." if end == "*" else end or "" for end in (low, high))


class Aliases:
    """Plain addresses of dated tiles, by the catalogue of *current*; *theatre* is shown first."""

    def __init__(self, current: Current, theatre: str = "") -> None:
        self._current, self._theatre = current, theatre
        self._plain: dict[bytes, bytes] = {}
        self._read: object = None

    def plain(self, target: bytes) -> bytes:
        """Return the address under ``/tiles`` that *target*, the bytes of a path and query, stands for.

        *target* itself, where there is none: it is plain already, wrong, or not known.
        """
        if target[:7] not in _BEGINNINGS or (target[:7] == b"/tiles/" and b".mvt" in target):
            return target
        if self._current.read is not self._read or len(self._plain) >= _KEPT:
            self._plain.clear()
            self._read = self._current.read
        found = self._plain.get(target)
        if found is None:
            found = self._plain[target] = self._found(target) if len(target) <= _LONGEST else target
        return found

    def dataset(self) -> str:
        """Return the tileset of the dataset, of the theatre shown first; empty where there is none."""
        read = self._current.read
        return "" if read is None else read.default_theatre(self._theatre) or ""

    def _found(self, target: bytes) -> bytes:
        match = next(filter(None, (form.fullmatch(target) for form in _FORMS)), None)
        if match is None:
            return target
        parts = {name: (each or b"").decode("latin-1") for name, each in match.groupdict().items()}
        try:
            return self._written(parts, match["query"] or b"") or target
        except TileserverError:
            return target

    def _written(self, parts: dict[str, str], raw: bytes) -> bytes:
        """Return the plain address; empty where the route has more to say."""
        name = parts.get("tileset") or self.dataset()
        tileset = known_tileset(name, self._current) if name else None
        address = read_address(parts["z"], parts["x"], parts["y"])
        if tileset is None:
            return b""
        if "ogc" in parts:
            if address not in limits_of(tileset.bounds, address.z):
                return b""
            raw = ogc_query(raw)
        elif "when" in parts:
            query_of(raw, tuple(tileset.selectable))  # no second time in the query
            raw = b"&".join(filter(None, (path_time(parts["when"]).query, raw)))
        path = f"/tiles/{name}/{address}.mvt".encode()
        return path + b"?" + raw if raw else path
