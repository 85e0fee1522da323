"""Tiles into one file: all or nothing, under a name that may follow from the bytes."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tileserver.errors import BadParameter
from tileserver.export.container import ArchiveWriter, Metadata, writing
from tileserver.grid import TileAddress

_NAMED_BY = 16  # hexadecimal digits of the hash in a name
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Written:
    """An archive on disk: number of tiles, bytes and SHA-256 of the whole file, SHA-256 of its tiles alone.

    ``tiles_sha256`` is of each address with its packed bytes, whatever the format and the metadata.
    """

    path: Path
    tiles: int
    bytes: int
    sha256: str
    tiles_sha256: str

    def renamed(self, stem: str) -> Written:
        """Return the same, renamed to *stem* and the beginning of its hash."""
        path = self.path.with_name(f"{stem}-{self.sha256[:_NAMED_BY]}{self.path.suffix}")
        self.path.replace(path)
        return replace(self, path=path)


class NewArchive:
    """An archive while tiles come, in the order of `pmtiles.place_of`, packed with gzip."""

    def __init__(self, file: ArchiveWriter) -> None:
        self._file = file
        self.tiles, self._hash = 0, hashlib.sha256()

    def put(self, address: TileAddress, data: bytes) -> None:
        """Add a tile: *data* is its MVT, packed with gzip."""
        self._file.put(address, data)
        self._hash.update(f"{address} {len(data)}\n".encode() + data)
        self.tiles += 1

    def finish(self, metadata: Metadata) -> None:
        """Write *metadata*, the last of all."""
        self._file.finish(metadata)

    def written(self, path: Path) -> Written:
        """Return the finished archive, which lies at *path*."""
        return Written(path, self.tiles, path.stat().st_size, sha256_of(path), self._hash.hexdigest())


@contextmanager
def new_archive(path: Path) -> Iterator[NewArchive]:
    """Lend a new archive in a new file at *path*, whose suffix names the format."""
    with writing(path, path.suffix) as file:
        yield NewArchive(file)


@contextmanager
def replacing(path: Path, folder: Path | None = None) -> Iterator[Path]:
    """Lend the path of a new file, to take the place of *path* in the end; no file is left after an error.

    It grows in *folder*, on the same disk, or beside *path*.
    `BadParameter` where no file can be written there: no right, no room, no such place.
    """
    part = (folder or path.parent) / f".{os.getpid()}.part-{path.name}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, sqlite3.Error) as error:
        raise BadParameter(
            f"{path} cannot be written: {getattr(error, 'strerror', None) or error}"
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the file at *path*, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
