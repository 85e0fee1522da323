"""Head of a PMTiles archive, version 3: the schema and credit of a newsroom's own basemap.

The layout is that of https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md. The schema is told by
the layers that the metadata name (``vector_layers``, as in TileJSON 3.0.0).
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tileserver.complaints import near_miss
from tileserver.errors import BadParameter
from tileserver.markup import text_of
from tileserver.setting_values import SCHEMAS

HEAD_BYTES = 127
_METADATA_BYTES = 4 << 20  # packed; an archive's is some kilobytes
_LONGEST = 300  # characters of a credit
_PLAIN, _GZIP = 1, 2
_CODINGS = {0: "no known coding", 3: "Brotli", 4: "Zstandard"}
_MVT = 1
_KINDS = {2: "PNG pictures", 3: "JPEG pictures", 4: "WebP pictures", 5: "AVIF pictures", 6: "MapLibre tiles"}
# Layers that every archive of a schema has, and none of the others.
SIGNS = {
    "shortbread": frozenset({"water_polygons", "place_labels", "streets", "boundary_labels"}),
    "protomaps": frozenset({"earth", "roads", "places", "landuse"}),
    "openmaptiles": frozenset({"transportation", "place", "waterway", "landcover"}),
}


class BasemapArchive(NamedTuple):
    """An archive that can be drawn: schema, credit as plain text, and zooms, both inclusive."""

    schema: str
    attribution: str
    minzoom: int
    maxzoom: int


def read_archive(path: Path, schema: str = "", attribution: str = "") -> BasemapArchive:
    """Return the archive at *path*; *schema* and *attribution* are declared, or found in the metadata.

    Raises
    ------
    BadParameter
        The file is away, is no such archive, is cut off, or has other layers: which, and what would do.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
            offset, length = check_head(head, size)
            stream.seek(offset)
            packed = stream.read(length)
    except OSError as error:
        raise BadParameter(f"it cannot be read: {error.strerror}") from error
    metadata = _metadata(packed, head[97])
    return BasemapArchive(
        _schema_of(_layers(metadata), schema), _credit(metadata, attribution), head[100], head[101]
    )


def check_head(head: bytes, size: int) -> tuple[int, int]:
    """Return offset and length of the metadata, in bytes; `BadParameter` names a fault of *head*."""
    if head[:7] != b"PMTiles" or len(head) < HEAD_BYTES:
        made = (
            "; it is an MBTiles file: pmtiles convert makes an archive of it" if head[:6] == b"SQLite" else ""
        )
        raise BadParameter(f"it is no PMTiles archive{made}")
    if head[7] != 3:
        raise BadParameter(f"it is a PMTiles archive of version {head[7]}; version 3 is read")
    if head[99] != _MVT:
        kind = _KINDS.get(head[99], "tiles of an unknown kind")
        raise BadParameter(f"it holds {kind}; vector tiles (MVT) can be drawn in our colours")
    for what, coding in (("directories", head[97]), ("tiles", head[98])):
        if coding not in (_PLAIN, _GZIP):
            said = _CODINGS.get(coding, "an unknown coding")
            raise BadParameter(
                f"its {what} are packed by {said}, which browsers do not unpack there; use gzip"
            )
    numbers = [int.from_bytes(head[at : at + 8], "little") for at in range(8, 72, 8)]
    end = max(offset + length for offset, length in zip(numbers[::2], numbers[1::2], strict=True))
    if end > size:
        raise BadParameter(f"it is cut off: {size:,} bytes are there of {end:,}")
    if numbers[3] > _METADATA_BYTES:
        raise BadParameter(f"its metadata take {numbers[3]:,} bytes; {_METADATA_BYTES:,} are the most")
    return numbers[2], numbers[3]


def _metadata(packed: bytes, coding: int) -> dict[str, Any]:
    try:
        if coding == _GZIP:
            unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
            packed = unpacking.decompress(packed, 4 * _METADATA_BYTES)
        return msgspec.json.decode(packed or b"{}", type=dict[str, Any])
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadParameter(f"its metadata cannot be read: {error}") from error


def _layers(metadata: dict[str, Any]) -> list[str]:
    named = metadata.get("vector_layers")
    found = named if isinstance(named, list) else []
    return [str(each["id"]) for each in found if isinstance(each, dict) and "id" in each]


def _schema_of(layers: list[str], declared: str) -> str:
    """Return *declared*, or the schema of *layers*; without any in the metadata as declared."""
    shares = {schema: len(SIGNS[schema] & {*layers}) / len(SIGNS[schema]) for schema in SCHEMAS}
    likeliest = max(SCHEMAS, key=lambda schema: shares[schema])
    there = ", ".join(layers[:12]) or "none named"
    if declared and (not layers or shares[declared] >= 0.5):
        return declared
    if declared:
        meant = near_miss(likeliest, [likeliest]) if shares[likeliest] >= 0.5 else ""
        raise BadParameter(f"its layers ({there}) are not those of {declared}{meant}")
    if shares[likeliest] < 0.5:
        known = ", ".join(SCHEMAS)
        raise BadParameter(
            f"its layers ({there}) are of no schema that is known ({known});"
            " TILESERVER_BASEMAP_SCHEMA declares one"
        )
    return likeliest


def _credit(metadata: dict[str, Any], declared: str) -> str:
    said = metadata.get("attribution")
    found = text_of(declared or (said if isinstance(said, str) else "")).strip()
    if not found and declared:
        raise BadParameter("TILESERVER_BASEMAP_ATTRIBUTION holds no text that can be shown")
    if not found:
        raise BadParameter("its metadata name no attribution: say it in TILESERVER_BASEMAP_ATTRIBUTION")
    return found[:_LONGEST]
