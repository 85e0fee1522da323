"""Texts of the features in a GeoJSON file, whole or a feature a line, to be read any number of times.

RFC 7946 (FeatureCollection, Feature) and RFC 8142 or newline-delimited sequences of features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec

from tileserver.errors import UnreadableSource
from tileserver.ingest.archive import open_file
from tileserver.ingest.formats import BROKEN_JSON, seen_format
from tileserver.ingest.limits import Limits, lines_bounded, read_bounded

BROKEN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_BETWEEN = b"\x1e \t\r\n"  # RFC 8142 2: a record separator before each text
_BOM = b"\xef\xbb\xbf"


class Feature(msgspec.Struct, tag_field="type", tag="Feature"):
    """A feature with its geometry unparsed, so that one seen before is recognised by its bytes."""

    geometry: msgspec.Raw = msgspec.Raw(b"null")
    properties: dict[str, Any] | None = None
    crs: Any = None
    id: Any = None  # RFC 7946, 3.2: a text or a number, if the publisher knows the feature by one


class _Collection(msgspec.Struct, tag_field="type", tag="FeatureCollection"):
    features: list[msgspec.Raw]
    crs: Any = None


class _Kind(msgspec.Struct):
    type: str = ""


class _Place(msgspec.Struct):
    geometry: msgspec.Raw = msgspec.Raw(b"null")


FEATURE = msgspec.json.Decoder(Feature)
_COLLECTION = msgspec.json.Decoder(_Collection)
_PLACE = msgspec.json.Decoder(_Place)


@dataclass(frozen=True, slots=True)
class Texts:
    """Features of a file: ``each`` yields place in the file and bytes of every feature, anew at each call."""

    name: str
    each: Callable[[], Iterator[tuple[str, bytes]]]
    crs: Any = None  # the member of that name of GeoJSON 2008, undecoded as to its meaning

    def geometries(self) -> Iterator[bytes]:
        """Yield the bytes of every geometry, a GeoJSON text; features that cannot be read are passed over."""
        for _, text in self.each():
            try:
                geometry = bytes(_PLACE.decode(text).geometry)
            except BROKEN:
                continue
            if geometry != b"null":
                yield geometry


def texts_of_file(path: Path, limits: Limits) -> Texts:
    """Return the features of a file; a file with a feature a line is never in memory whole."""
    with open_file(path) as stream:
        first = stream.readline(min(limits.line_bytes, limits.member_bytes) + 1)
    if not _is_feature(first):
        with open_file(path) as stream:
            return _collection(read_bounded(stream, limits.member_bytes, path.name), path.name)

    def each() -> Iterator[tuple[str, bytes]]:
        with open_file(path) as stream:
            yield from _lines(lines_bounded(stream, limits, path.name), path.name)

    return Texts(path.name, each)


def texts_of_data(data: bytes, name: str) -> Texts:
    """Return the features of a file whose bytes are *data*."""
    if not _is_feature(data.partition(b"\n")[0]):
        return _collection(data, name)
    return Texts(name, lambda: _lines(BytesIO(data), name))


def _lines(lines: Iterable[bytes], name: str) -> Iterator[tuple[str, bytes]]:
    for number, line in enumerate(lines, start=1):
        text = line.strip(_BETWEEN)
        if text:
            yield f"{name}:{number}", text


def _is_feature(line: bytes) -> bool:
    """Whether *line* is a whole feature, so that the file has a feature a line."""
    try:
        return msgspec.json.decode(line.removeprefix(_BOM).strip(_BETWEEN), type=_Kind).type == "Feature"
    except BROKEN:
        return False


def _collection(data: bytes, name: str) -> Texts:
    try:
        found = _COLLECTION.decode(data.removeprefix(_BOM))
    except BROKEN as error:
        seen, would_do = seen_format(data)
        why = f" ({error})" if seen == BROKEN_JSON else ""
        raise UnreadableSource(
            f"{name} is {seen}{why}, no GeoJSON FeatureCollection, nor one feature a line; {would_do}"
        ) from error
    return Texts(
        name,
        lambda: ((f"{name}#{index}", bytes(raw)) for index, raw in enumerate(found.features)),
        found.crs,
    )
