"""JSON of every shape as tables: GeoJSON, text sequences, and documents with lists of records somewhere.

RFC 7946; RFC 8142 (texts between record separators, pretty-printed or not) and a text a line. A record that
is broken, too long or too deep is a row with a trouble; a document that is cut off is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import msgspec

from tileserver.errors import UnreadableSource
from tileserver.ingest.containers.outline import BROKEN, JsonOutline, joined, read_outline
from tileserver.ingest.containers.scan import Broken, Scanner
from tileserver.ingest.containers.sources import PlainFile
from tileserver.ingest.containers.table import Dialect, Row, Table
from tileserver.ingest.crs import is_lonlat
from tileserver.ingest.formats import HEAD, seen_format
from tileserver.ingest.limits import MB, Limits

SAMPLE = 100  # rows in which columns are looked for
VALUE = "value"  # the column of a record that is no object, as a bare ring
WHOLE = "."  # as a path: the document itself is the only record
_BOM = b"\xef\xbb\xbf"
_BETWEEN = b"\x1e \t\r\n"  # RFC 8142 2: a record separator before each text
_CHUNK = 1 << 18
_GEOMETRIES = frozenset(
    f"{many}{kind}" for many in ("", "Multi") for kind in ("Point", "LineString", "Polygon")
) | {"GeometryCollection"}
_GEOJSON = (*_GEOMETRIES, "Feature", "FeatureCollection")
_FEATURE_MEMBERS = ("type", "geometry", "properties", "bbox", "crs")
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_VALUE = msgspec.json.Decoder()
_PROPERTIES = msgspec.json.Decoder(dict[str, Any] | None)

Records: TypeAlias = Callable[[BinaryIO], Iterator[bytes | None]]  # None: longer than the limit


def read_json(source: PlainFile, dialect: Dialect, limits: Limits) -> Iterator[Table] | None:
    """Return the tables of a JSON file; ``None`` for TopoJSON, which has no records of its own.

    `UnreadableSource` for JSON that is cut off, or has nothing at a declared path.
    """
    if source.head.removeprefix(_BOM).lstrip().startswith(b"\x1e"):
        return iter([_sequence(source, lambda stream: split(stream, b"\x1e", limits), limits)])
    start = len(_BOM) if source.head.startswith(_BOM) else 0
    with source.path.open("rb") as stream:
        scanner = Scanner(stream, start)
        try:
            outline = read_outline(scanner)
            is_sequence = scanner.peek() >= 0
        except Broken as error:
            raise UnreadableSource(
                f"it is JSON that is broken or cut off ({error}); see that it was written to its end"
            ) from error
    if is_sequence:
        return iter([_sequence(source, _texts(source, start, limits), limits)])
    if outline.type_of("") == "Topology":
        return None
    return _document(source, outline, dialect, limits)


def split(stream: BinaryIO, separator: bytes, limits: Limits) -> Iterator[bytes | None]:
    """Yield the bytes between every two of *separator*, stripped; ``None`` for a text over the line limit."""
    kept, size = bytearray(), 0
    while chunk := stream.read(_CHUNK):
        *ended, rest = chunk.split(separator)
        for piece in ended:
            size += len(piece)
            yield None if size > limits.line_bytes else bytes(kept + piece).strip(_BETWEEN)
            kept, size = bytearray(), 0
        size += len(rest)
        kept = kept + rest if size <= limits.line_bytes else bytearray()
    yield None if size > limits.line_bytes else bytes(kept).strip(_BETWEEN)


def _texts(source: PlainFile, start: int, limits: Limits) -> Records:
    """Return the texts of a sequence without separators: by lines if the first is whole, else by brackets."""
    with source.path.open("rb") as stream:
        stream.seek(start)
        first = stream.readline(limits.line_bytes).strip(_BETWEEN)
    try:
        msgspec.json.decode(first)
    except BROKEN:

        def by_brackets(stream: BinaryIO) -> Iterator[bytes | None]:
            scanner = Scanner(stream, start)
            while scanner.peek() >= 0:
                yield scanner.take(limits.line_bytes)

        return by_brackets

    def by_lines(stream: BinaryIO) -> Iterator[bytes | None]:
        stream.seek(start)
        return split(stream, b"\n", limits)

    return by_lines


def _sequence(source: PlainFile, records: Records, limits: Limits) -> Table:
    return _table(source, "geojsonseq", "", records, None, limits)


def _document(source: PlainFile, outline: JsonOutline, dialect: Dialect, limits: Limits) -> Iterator[Table]:
    for said in dialect.records or _found(source, outline):
        path = "" if said == WHOLE else said
        spot = joined(path, "features") if outline.type_of(path) == "FeatureCollection" else path
        if spot in outline.lists:
            records = _items(outline.lists[spot], limits)
        elif spot in outline.objects:
            records = _one(outline.objects[spot], limits)
        else:
            there = ", ".join(repr(each) for each in islice((*outline.lists, *outline.objects), 12))
            raise UnreadableSource(f"its JSON has no list of records at {path!r}; there are {there}")
        kind = "geojson" if outline.type_of(path) in _GEOJSON else "json"
        yield _table(source, kind, path, records, outline.members.get(joined(path, "crs")), limits)


def _found(source: PlainFile, outline: JsonOutline) -> list[str]:
    """Return the paths of all records: the features, else every list."""
    if outline.type_of("") in _GEOJSON:
        return [""]
    collections = [path for path in outline.objects if outline.type_of(path) == "FeatureCollection"]
    found = collections or list(outline.lists)
    if not found:
        seen, would_do = seen_format(source.head[:HEAD])
        raise UnreadableSource(f"it is {seen}, without a list of records; {would_do}")
    return found


def _items(start: int, limits: Limits) -> Records:
    return lambda stream: Scanner(stream, start).items(limits.line_bytes)


def _one(start: int, limits: Limits) -> Records:
    return lambda stream: iter([Scanner(stream, start).take(limits.line_bytes)])


def _table(source: PlainFile, container: str, name: str, records: Records, crs: Any, limits: Limits) -> Table:
    def rows() -> Iterator[Row]:
        return _rows(source.path, records, limits)

    columns = dict.fromkeys(column for row in islice(rows(), SAMPLE) for column in row.values)
    return Table(source.member, name, container, tuple(columns), crs, rows)


def _rows(path: Path, records: Records, limits: Limits) -> Iterator[Row]:
    number = 0
    with path.open("rb") as stream:
        try:
            for text in records(stream):
                if text != b"":
                    number += 1
                    yield _row(number, text, limits)
        except Broken as error:
            yield Row(0, {}, None, f"from row {number + 1} on the JSON is broken or cut off: {error}")


def _row(number: int, text: bytes | None, limits: Limits) -> Row:
    if text is None:
        return Row(number, {}, None, f"it is longer than {limits.line_bytes // MB} MB")
    try:
        if not text.startswith(b"{"):
            return Row(number, {VALUE: msgspec.json.decode(text)})
        return _record(number, text)
    except RecursionError:
        return Row(number, {}, None, "its JSON is nested too deep")
    except BROKEN as error:
        return Row(number, {}, None, f"{error}: {text[:200].decode('utf-8', 'replace')}")


def _record(number: int, text: bytes) -> Row:
    raw = _MEMBERS.decode(text)
    kind = _VALUE.decode(raw["type"]) if "type" in raw else None
    if kind in ("FeatureCollection", "Topology"):
        return Row(number, {}, None, f"it is a whole {kind} among records; give it as a file of its own")
    if kind != "Feature":
        is_geometry = isinstance(kind, str) and kind in _GEOMETRIES
        return Row(number, {}, text) if is_geometry else Row(number, _VALUE.decode(text))
    properties = _PROPERTIES.decode(raw.get("properties", b"null")) or {}
    if others := [name for name in raw if name not in _FEATURE_MEMBERS]:
        properties = {**{name: _VALUE.decode(raw[name]) for name in others}, **properties}
    geometry = bytes(raw.get("geometry", b"null"))
    crs = _VALUE.decode(raw["crs"]) if "crs" in raw else None
    trouble = "" if is_lonlat(crs) else f"it has a reference system of its own: {str(crs)[:120]}"
    return Row(number, properties, None if geometry == b"null" else geometry, trouble)
