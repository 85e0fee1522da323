"""Small PMTiles archives of three schemas, written by the specification, for a newsroom's own basemap."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mapbox_vector_tile

BOUNDS = (33.75, 45.0895, 39.375, 48.9225)  # west, south, east, north of the tile 6/38/22
NAMES = {"name": "Бахмут", "name_en": "Bakhmut", "name_uk": "Бахмут", "name_de": "Bachmut"}
COLONS = {key.replace("_", ":"): value for key, value in NAMES.items()}

LAYERS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {  # by schema: a lake, a road and a town
    "shortbread": {
        "water_polygons": {"kind": "water"},
        "streets": {"kind": "motorway"},
        "place_labels": {"kind": "city", "population": 900_000, **NAMES},
        "boundary_labels": {},
    },
    "protomaps": {
        "water": {"kind": "lake"},
        "roads": {"kind": "highway", "kind_detail": "motorway"},
        "places": {"kind": "locality", "kind_detail": "city", "population": 900_000, **COLONS},
        "earth": {},
        "landuse": {},
    },
    "openmaptiles": {
        "water": {"class": "lake"},
        "transportation": {"class": "motorway"},
        "place": {"class": "city", "rank": 3, **NAMES, **COLONS},
        "waterway": {},
        "landcover": {},
    },
}
_SHAPES = {
    "water": "POLYGON ((400 400, 400 2400, 2400 2400, 2400 400, 400 400))",
    "road": "LINESTRING (2500 1800, 4150 1800)",
    "place": "POINT (2800 700)",
}


def _shape(layer: str) -> str:
    return _SHAPES["water" if "water" in layer else "place" if "place" in layer else "road"]


def tile_of(schema: str) -> bytes:
    """A tile that holds a lake in the north-west, a motorway in the east, and a town."""
    layers = [
        {"name": name, "features": [{"geometry": _shape(name), "properties": dict(properties)}]}
        for name, properties in LAYERS[schema].items()
        if properties
    ]
    tile: bytes = mapbox_vector_tile.encode(layers, default_options={"y_coord_down": True})
    return tile


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def tile_id(zoom: int, x: int, y: int) -> int:
    """The place of a tile on the Hilbert curve over all zooms (specification, 4.1)."""
    base, d, side = ((1 << 2 * zoom) - 1) // 3, 0, (1 << zoom) // 2
    while side:
        rx, ry = int(x & side > 0), int(y & side > 0)
        d += side * side * ((3 * rx) ^ ry)
        if ry == 0:
            if rx == 1:
                x, y = side - 1 - x % side + (x & ~(2 * side - 1)), side - 1 - y % side
            x, y = y % side, x % side
        else:
            x, y = x % side, y % side
        side //= 2
    return base + d


def write_archive(path: Path, schema: str, **changes: Any) -> Path:
    """Write an archive of one tile, 6/38/22; *changes* are of its metadata, its head's bytes."""
    tile = gzip.compress(tile_of(schema), mtime=0)
    named = changes.pop("vector_layers", [{"id": name, "fields": {}} for name in LAYERS[schema]])
    metadata = {"name": "made", "attribution": "<b>Made</b> by a test", "vector_layers": named}
    metadata |= changes.pop("metadata", {})
    described = gzip.compress(changes.pop("written", "").encode() or json.dumps(metadata).encode(), mtime=0)
    entry = (1, tile_id(6, 38, 22), 1, len(tile), 1)  # number, id, run, length, offset and 1
    root = gzip.compress(b"".join(map(_varint, entry)), mtime=0)
    head = bytearray(127)
    head[:8] = b"PMTiles\x03"
    at = 127
    for number, length in enumerate((len(root), len(described), 0, len(tile))):
        head[8 + 16 * number : 24 + 16 * number] = at.to_bytes(8, "little") + length.to_bytes(8, "little")
        at += length
    for number in range(3):
        head[72 + 8 * number] = 1
    head[96:102] = bytes([1, 2, 2, 1, 6, 6])  # clustered, gzip, gzip, MVT, zooms 6 to 6
    for number, degrees in enumerate(BOUNDS):
        place = round(degrees * 1e7).to_bytes(4, "little", signed=True)
        head[102 + 4 * number : 106 + 4 * number] = place
    for place_of_byte, value in changes.pop("head", {}).items():
        head[place_of_byte] = value
    path.write_bytes(bytes(head) + root + described + tile)
    return path
