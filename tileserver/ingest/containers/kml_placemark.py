"""One placemark of KML as a row: its texts, times, extended data and geometry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape
from math import isfinite
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

import msgspec

from tileserver.ingest.containers.table import Row
from tileserver.markup import text_of

FIXED = ("name", "description", "urls", "styleUrl", "color", "when", "begin", "end")
_GEOMETRIES = ("Point", "LineString", "LinearRing", "Polygon", "MultiGeometry")
_NO_GEOMETRIES = ("Track", "MultiTrack", "Model")
_NO_COLUMNS = ("visibility", "open")
_MULTI = {"Point": "MultiPoint", "LineString": "MultiLineString", "Polygon": "MultiPolygon"}
_DEEP = 8  # MultiGeometry within MultiGeometry
_EMPTY = re.compile(r"<[^<>]*/>")
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^>]*>", re.IGNORECASE)
_PICTURE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_URL = re.compile(r"""https?://[^\s<>"']+""")


class _NoGeometry(ValueError):
    """A geometry that is none, with the reason."""


def data_column(name: str) -> str:
    """Return the column of the extended data *name*, which may not take the place of the placemark's own."""
    return f"{name} (data)" if name in FIXED else name


def read_placemark(number: int, text: bytes, encoding: str) -> Row:
    """Return the row of *text*, the bytes of a placemark without its end tag; a broken row has a trouble."""
    try:
        placemark = _parsed(text.decode(encoding))
    except (expat.ExpatError, LookupError, UnicodeError) as error:
        return Row(number, {}, None, f"it cannot be read: {error}")
    values = dict(_values(placemark))
    try:
        shapes = [_geometry(each, 0) for each in placemark if _is(each, (*_GEOMETRIES, *_NO_GEOMETRIES))]
    except _NoGeometry as error:
        return Row(number, values, None, str(error))
    return Row(number, values, msgspec.json.encode(shapes[0]) if shapes else None)


def _parsed(text: str) -> Element:
    parser, tree = expat.ParserCreate("utf-8"), TreeBuilder()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: tree.start(name.rpartition(":")[2], attributes)
    parser.EndElementHandler = lambda name: tree.end(name.rpartition(":")[2])
    parser.CharacterDataHandler = tree.data
    if not _EMPTY.fullmatch(text):
        tag = re.split(r"[\s>]", text[1:], maxsplit=1)[0]
        text = f"{text}</{tag}>"
    parser.Parse(text.encode(), True)
    return tree.close()


def _is(element: Element, names: Iterable[str]) -> bool:
    return element.tag in names


def _values(placemark: Element) -> Iterator[tuple[str, Any]]:
    if name := placemark.get("id"):
        yield "id", name  # which extended data of that name replaces
    for child in placemark:
        text = (child.text or "").strip()
        if child.tag == "description":
            yield "description", text_of(_BREAK.sub("\n", text)).strip()
            yield "urls", _urls(text)
        elif child.tag in ("TimeStamp", "TimeSpan"):
            yield from ((part.tag, (part.text or "").strip()) for part in child)
        elif child.tag == "ExtendedData":
            yield from _extended(child)
        elif child.tag == "Style":
            yield from (
                ("color", each.text) for each in [next(child.iter("color"), None)] if each is not None
            )
        elif not len(child) and text and child.tag not in _NO_COLUMNS:
            yield child.tag, text


def _urls(markup: str) -> list[str]:
    """Return the URLs in *markup*, each once; a picture that is shown is no source."""
    found = _URL.findall(_PICTURE.sub(" ", unescape(markup)))
    return list(dict.fromkeys(each.rstrip(".,;:)") for each in found))


def _extended(data: Element) -> Iterator[tuple[str, str]]:
    for each in data.iter():
        name = each.get("name")
        if each.tag == "Data" and name:
            yield data_column(name), (each.findtext("value") or "").strip()
        elif each.tag == "SimpleData" and name:
            yield data_column(name), (each.text or "").strip()


def _geometry(element: Element, depth: int) -> dict[str, Any]:
    if element.tag == "MultiGeometry":
        if depth >= _DEEP:
            raise _NoGeometry("its geometries are nested too deep")
        return _together([_geometry(each, depth + 1) for each in element if _is(each, _GEOMETRIES)])
    if element.tag == "Point":
        return {"type": "Point", "coordinates": _places(element, 1)[0]}
    if element.tag in ("LineString", "LinearRing"):
        return {"type": "LineString", "coordinates": _places(element, 2)}
    if element.tag == "Polygon":
        rings = [
            ring for border in ("outerBoundaryIs", "innerBoundaryIs") for ring in _rings(element, border)
        ]
        if not rings:
            raise _NoGeometry("its polygon has no outer ring")
        return {"type": "Polygon", "coordinates": rings}
    raise _NoGeometry(f"its geometry is a {element.tag}, which is not read")


def _rings(polygon: Element, border: str) -> Iterator[list[list[float]]]:
    for each in polygon.iterfind(f"{border}/LinearRing"):
        ring = _places(each, 3)
        yield ring if ring[0] == ring[-1] else [*ring, ring[0]]


def _together(parts: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = {part["type"] for part in parts}
    if len(kinds) == 1 and (kind := kinds.pop()) in _MULTI:
        return {"type": _MULTI[kind], "coordinates": [part["coordinates"] for part in parts]}
    return {"type": "GeometryCollection", "geometries": parts}


def _places(element: Element, least: int) -> list[list[float]]:
    text = element.findtext("coordinates") or ""
    try:
        places = [[float(number) for number in place.split(",")] for place in text.split()]
    except ValueError:
        places = []
    if len(places) < least or not all(len(place) in (2, 3) and all(map(isfinite, place)) for place in places):
        raise _NoGeometry(f"its coordinates are not lon,lat between spaces: {text.strip()[:80]!r}")
    return places
