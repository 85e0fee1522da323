"""The file formats of archives: one way to write and one way to read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from tileserver.errors import BadParameter, UnreadableSource
from tileserver.export import mbtiles, pmtiles
from tileserver.grid import TileAddress

Metadata: TypeAlias = dict[str, Any]  # in the words of TileJSON, with blocks of ours


class ArchiveWriter(Protocol):
    """An archive being written."""

    def put(self, address: TileAddress, data: bytes) -> None:
        """Add a tile, its MVT packed with gzip; addresses come in the order of `pmtiles.place_of`."""
        ...

    def finish(self, metadata: Metadata) -> None:
        """Write *metadata*, and whatever else follows the tiles; nothing can be added after."""
        ...


class ArchiveReader(Protocol):
    """An archive that is there."""

    metadata: Metadata

    def tiles(self) -> Iterator[tuple[TileAddress, bytes]]:
        """Yield each tile with its address, in the order of `pmtiles.place_of`, packed with gzip."""
        ...


SUFFIXES = (".pmtiles", ".mbtiles")


def suffix_of(path: Path) -> str:
    """Return the suffix of *path* that names a format; `BadParameter` for any other."""
    if path.suffix not in SUFFIXES:
        raise BadParameter(f"{path.name} is no archive by its name; it has to end in {' or '.join(SUFFIXES)}")
    return path.suffix


def writing(path: Path, suffix: str) -> AbstractContextManager[ArchiveWriter]:
    """Lend a writer of the format *suffix* into a new file at *path*."""
    return pmtiles.writing(path) if suffix == ".pmtiles" else mbtiles.writing(path)


def reading(path: Path) -> AbstractContextManager[ArchiveReader]:
    """Lend a reader of the archive at *path*; `UnreadableSource` where there is none."""
    if not path.is_file():
        raise UnreadableSource(f"there is no archive {path}")
    return pmtiles.reading(path) if suffix_of(path) == ".pmtiles" else mbtiles.reading(path)
