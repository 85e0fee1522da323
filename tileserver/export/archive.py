"""Tiles into one file: all or nothing, under a name that may follow from the bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tileserver.export.container import writing
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


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Lend the path of a new file, to take the place of *path* in the end; no file is left after an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


async def write(
    path: Path, tiles: AsyncIterator[tuple[TileAddress, bytes]], metadata: dict[str, Any]
) -> Written:
    """Write *tiles*, packed bytes in the order of an archive, and *metadata* to *path*, of a known suffix."""
    number, own = 0, hashlib.sha256()
    with replacing(path) as part:
        with writing(part, path.suffix) as archive:
            async for address, data in tiles:
                archive.put(address, data)
                own.update(f"{address} {len(data)}\n".encode() + data)
                number += 1
            archive.finish(metadata)
        size, digest = part.stat().st_size, sha256_of(part)
    return Written(path, number, size, digest, own.hexdigest())


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the file at *path*, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
