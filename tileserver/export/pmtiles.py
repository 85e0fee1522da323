"""PMTiles 3 by the library of the format: tiles along a Hilbert curve, equal bytes kept once.

Specification: github.com/protomaps/PMTiles, spec/v3/spec.md.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pmtiles import reader as _reader
from pmtiles import tile as _tile
from pmtiles import writer as _writer
from pmtiles.tile import Compression, TileType, zxy_to_tileid

from tileserver.errors import UnreadableSource
from tileserver.grid import TileAddress

_reading: Any = _reader  # the library says no types
_writing: Any = _writer
_laid_out: Any = _tile

_HEADER = 127  # bytes (3)
_E7 = 10_000_000  # positions are whole ten-millionths of a degree


def place_of(address: TileAddress) -> int:
    """Return the place of *address* in an archive: zoom by zoom along a Hilbert curve (4.1, TileID)."""
    place: int = zxy_to_tileid(address.z, address.x, address.y)
    return place


class _Writer:
    def __init__(self, file: Any, tiles: Any) -> None:
        self._file = file
        self._writer = _writing.Writer(file)
        self._writer.tile_f.close()
        self._writer.tile_f = tiles
        self._empty = True

    def put(self, address: TileAddress, data: bytes) -> None:
        self._empty = False
        self._writer.write_tile(place_of(address), data)

    def finish(self, metadata: dict[str, Any]) -> None:
        if self._empty:
            self._finish_empty(metadata)
        else:
            self._writer.finalize(_header(metadata), metadata)

    def _finish_empty(self, metadata: dict[str, Any]) -> None:
        """Write an archive without a tile, which the library cannot: a difference may consist of nothing."""
        root = _laid_out.serialize_directory([])
        packed = gzip.compress(json.dumps(metadata).encode(), mtime=0)
        after = _HEADER + len(root) + len(packed)
        header = {
            **_header(metadata),
            "root_offset": _HEADER,
            "root_length": len(root),
            "metadata_offset": _HEADER + len(root),
            "metadata_length": len(packed),
            "leaf_directory_offset": after,
            "tile_data_offset": after,
            "tile_data_length": 0,
            "clustered": True,
            "internal_compression": Compression.GZIP,
            "min_zoom": metadata["minzoom"],
            "max_zoom": metadata["maxzoom"],
        }
        self._file.write(_laid_out.serialize_header(header) + root + packed)


@contextmanager
def writing(path: Path) -> Iterator[_Writer]:
    """Lend a writer into a new file at *path*."""
    # Tiles go into a file of their own until all are there; beside the archive there is room for them.
    with path.open("xb") as file, tempfile.TemporaryFile(dir=path.parent) as tiles:
        yield _Writer(file, tiles)


class _Reader:
    def __init__(self, source: Any) -> None:
        self._source = source
        self.metadata: dict[str, Any] = _reading.Reader(source).metadata()

    def tiles(self) -> Iterator[tuple[TileAddress, bytes]]:
        for place, data in _reading.all_tiles(self._source):
            yield TileAddress(*place), data


@contextmanager
def reading(path: Path) -> Iterator[_Reader]:
    """Lend a reader of the file at *path*; `UnreadableSource` for any other file."""
    with path.open("rb") as file:
        try:
            reader = _Reader(_reading.MmapSource(file))
        except Exception as error:  # the library raises whatever comes of bytes that are none of an archive
            raise UnreadableSource(f"{path.name} is no PMTiles archive of version 3") from error
        yield reader


def _header(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the header that follow from *metadata* (3.2)."""
    west, south, east, north = (round(edge * _E7) for edge in metadata["bounds"])
    longitude, latitude, zoom = metadata["center"]
    is_whole = metadata["format"] == "pbf"
    return {
        "tile_type": TileType.MVT if is_whole else TileType.UNKNOWN,
        "tile_compression": Compression.GZIP if is_whole else Compression.UNKNOWN,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_zoom": zoom,
        "center_lon_e7": round(longitude * _E7),
        "center_lat_e7": round(latitude * _E7),
    }
