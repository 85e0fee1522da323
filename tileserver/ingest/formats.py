"""Formats of files that cannot be read, told by the first bytes, and the step that makes each readable."""

from __future__ import annotations

import csv
import re
import zipfile
from io import BytesIO
from itertools import islice

import msgspec

OGR = "convert it, as with: ogr2ogr -f GeoJSON -t_srs EPSG:4326 out.geojson"
MAPPED = "import it with a mapping, of which tileserver mapping suggest writes a draft"
BROKEN_JSON = "JSON that is broken or cut off"
HEAD = 65_536
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"fgb\x03", "a FlatGeobuf", MAPPED),
    (b"PAR1", "a Parquet file", MAPPED),
    (b"SQLite format 3\0", "an SQLite database, as GeoPackages are", MAPPED),
    (b"\x00\x00\x27\x0a", "the .shp of a shapefile", MAPPED),
    (b"\xff\xfe", "text in UTF-16", "save it in UTF-8"),
    (b"\xfe\xff", "text in UTF-16", "save it in UTF-8"),
    (b"%PDF", "a PDF", "a map in it is a picture; ask for the data"),
    (b"\x89PNG", "a picture", "ask for the data that it was drawn from"),
    (b"\xff\xd8\xff", "a picture", "ask for the data that it was drawn from"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Office file", "save it as .xlsx or CSV"),
)
_TYPES = {
    "Topology": ("TopoJSON", MAPPED),
    "Feature": ("one GeoJSON Feature over several lines", MAPPED),
    "FeatureCollection": ("a FeatureCollection without a list of features", "see how it was written"),
}
_XML = re.compile(rb"\A\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<([A-Za-z:]+)", re.DOTALL)


def seen_format(data: bytes) -> tuple[str, str]:
    """Return the likely format of *data*, the first bytes of a file or all, and the step that would help."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    head = data[:HEAD]
    for magic, what, would_do in _MAGIC:
        if data.startswith(magic):
            return what, would_do
    if data.startswith(b"PK"):
        return _zip(data)
    if match := _XML.match(head):
        return _xml(match[1].rpartition(b":")[2].lower())
    if data.lstrip(b"\x1e \t\r\n").startswith((b"{", b"[")):
        return _json(data)
    return _table(head) if data.strip() else ("empty", "see that it was written to its end")


def _zip(data: bytes) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(BytesIO(data)) as packed:
            names = [name.lower() for name in islice(packed.namelist(), 1000)]
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return "a zip archive that is not complete", "fetch it again"
    if any(name.startswith("xl/") for name in names):
        return "an Excel workbook", MAPPED
    if any(name.endswith(".shp") for name in names):
        return "a zipped shapefile", MAPPED
    if any(name.endswith(".kml") for name in names):
        return "a KMZ", MAPPED
    return "a zip archive", MAPPED


def _xml(root: bytes) -> tuple[str, str]:
    if root == b"kml":
        return "KML", MAPPED
    if root == b"gpx":
        return "GPX", f"{OGR} in.gpx waypoints"
    if root == b"html":
        return "a web page", "fetch the data that it links to; an error page looks like this too"
    return f"XML ({root.decode('ascii', 'replace')[:40]})", OGR


def _json(data: bytes) -> tuple[str, str]:
    if data.lstrip().startswith(b"\x1e"):
        return "a sequence of GeoJSON texts over several lines each (RFC 8142)", MAPPED
    try:
        document = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return BROKEN_JSON, "see that it was written to its end"
    return _list(document) if isinstance(document, list) else _object(document)


def _object(document: dict[str, object]) -> tuple[str, str]:
    kind = document.get("type")
    if isinstance(kind, str):
        what = f"JSON of the type {kind[:40]!r}"
        return _TYPES.get(kind, (what, "put geometries into Features of a FeatureCollection"))
    inside = next((key[:40] for key, value in document.items() if _is_collection(value)), None)
    if inside is not None:
        return f"JSON with a FeatureCollection under {inside!r}", MAPPED
    keys = ", ".join(repr(key[:40]) for key in islice(document, 6))
    return f"JSON with the keys {keys}", MAPPED


def _list(items: list[object]) -> tuple[str, str]:
    first = items[0] if items else None
    keys = ""
    if isinstance(first, dict):
        keys = " with " + ", ".join(repr(str(key)[:40]) for key in islice(first, 8))
    return f"a JSON list of {len(items):,} items{keys}", MAPPED


def _is_collection(value: object) -> bool:
    return isinstance(value, dict) and value.get("type") == "FeatureCollection"


def _table(head: bytes) -> tuple[str, str]:
    line = head.partition(b"\n")[0].decode("utf-8", "replace").strip("\r")
    delimiter = max(",;\t|", key=line.count)
    if line.count(delimiter) < 2 or "\0" in line:
        return "of a format that is not known here", OGR
    columns = next(csv.reader([line], delimiter=delimiter))
    shown = ", ".join(repr(column[:24]) for column in islice((c for c in columns if c.strip()), 6))
    between = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}[delimiter]
    return f"a table with {between} between {len(columns)} columns ({shown} ..)", MAPPED
