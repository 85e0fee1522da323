"""Tiles on disk, shared by all processes of a machine and kept beyond their end.

A key names a content, so nothing is ever invalidated. What was withdrawn keeps its bytes here, but nothing
names it any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import lmdb
import structlog
import zstandard

from tileserver.config import Settings
from tileserver.errors import ShelfUnavailable

log = structlog.get_logger()


class Shelf:
    """A bounded store of tiles in the folder *folder*: LMDB, read in microseconds by any number of processes.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    capacity : int
        Bytes on disk; a full shelf keeps what it has and takes no more.
    """

    def __init__(self, folder: Path, capacity: int) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Every entry can be made again, so a crash of the machine may take the last ones with it.
            self._env = lmdb.open(str(folder), map_size=capacity, sync=False, metasync=False, max_readers=256)
        except (OSError, lmdb.Error) as error:
            raise ShelfUnavailable(f"TILESERVER_SHELF cannot be opened: {error}") from error
        self._told = False

    def get(self, name: str) -> bytes | None:
        """Return the tile *name*; empty bytes for an empty tile, ``None`` where none is kept or undamaged."""
        try:
            with self._env.begin(buffers=True) as transaction:
                packed = transaction.get(_key(name))
                if packed is None:
                    return None
                return zstandard.decompress(bytes(packed)) if len(packed) else b""
        except (lmdb.Error, zstandard.ZstdError) as error:  # a reader is never failed for it
            log.error("the shelf cannot be read", error=str(error))
            return None

    def has(self, name: str) -> bool:
        """Whether the tile *name* is there."""
        with self._env.begin() as transaction:
            return transaction.get(_key(name)) is not None

    def put(self, tiles: Iterable[tuple[str, bytes]]) -> int:
        """Keep *tiles*, all or none, and return their bytes; `ShelfUnavailable` where there is no room."""
        packed = [(_key(name), zstandard.compress(data, 6) if data else b"") for name, data in tiles]
        try:
            with self._env.begin(write=True) as transaction:
                for key, value in packed:
                    transaction.put(key, value)
        except lmdb.MapFullError as error:
            raise ShelfUnavailable(
                "there is no room for more tiles on disk; raise TILESERVER_SHELF_MB"
            ) from error
        except lmdb.Error as error:
            raise ShelfUnavailable(f"the tiles on disk cannot be written: {error}") from error
        return sum(len(value) for _, value in packed)

    def keep(self, name: str, data: bytes) -> None:
        """Keep a tile if there is room; a reader is never failed for want of room."""
        try:
            self.put([(name, data)])
        except ShelfUnavailable as error:
            if not self._told:
                log.warning("the shelf takes no more: new tiles are kept in memory alone", error=str(error))
            self._told = True

    def __len__(self) -> int:
        return int(self._env.stat()["entries"])

    def close(self) -> None:
        """Write pending entries and close the file."""
        self._env.sync(True)
        self._env.close()


def open_shelf(settings: Settings) -> Shelf | None:
    """Return the shelf that *settings* name, if any."""
    return None if settings.shelf is None else Shelf(settings.shelf, settings.shelf_mb * 1024 * 1024)


def _key(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=16).digest()
